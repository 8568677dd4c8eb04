using System.ClientModel;
using System.Text;
using System.Text.Json;
using Anthropic.Exceptions;

namespace Engram.Engine.Providers;

/// <summary>
/// The provider's own words on a failure: for the person who tests a connection, who wrote the request and owns the key. Never logged, never
/// stored, never part of a fault, because a provider may quote what it was sent.
/// </summary>
internal static class ProviderWords
{
    private const int Longest = 400;

    /// <summary>What it said, on one line, trimmed and without the key; null where it said nothing.</summary>
    public static string? Of(Exception? exception, ProviderSecret key)
    {
        if (BodyOf(exception) is not { Length: > 0 } body)
        {
            return null;
        }

        var words = new StringBuilder();
        foreach (var letter in Message(body))
        {
            words.Append(char.IsControl(letter) ? ' ' : letter);
        }

        var line = key.Redact(words.ToString()).Trim();
        return line.Length == 0 ? null : line.Length <= Longest ? line : $"{line[..Longest]}...";
    }

    /// <summary>The body of the error response, as the SDK kept it.</summary>
    public static string? BodyOf(Exception? exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case AnthropicApiException anthropic:
                    return anthropic.ResponseBody;
                case AnthropicSseException streamed:
                    return streamed.Body.ValueKind == JsonValueKind.Undefined ? null : streamed.Body.GetRawText();
                case ClientResultException result when result.GetRawResponse() is { } response:
                    return BodyOf(response);
            }
        }

        return null;
    }

    private static string? BodyOf(System.ClientModel.Primitives.PipelineResponse response)
    {
        try
        {
            return response.Content.ToString();
        }
        catch (InvalidOperationException)
        {
            return null; // A streamed response that was not kept.
        }
    }

    /// <summary>Providers put their words in <c>error.message</c>, <c>error</c> or <c>message</c>; gateways in anything.</summary>
    private static string Message(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0 ? list[0] : document.RootElement;
            return Text(root, "error", "message") ?? Text(root, "error") ?? Text(root, "message") ?? Text(root, "detail") ?? body;
        }
        catch (JsonException)
        {
            return body;
        }
    }

    public static string? Text(JsonElement element, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return null;
            }
        }

        return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
    }
}
