using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Engram.FakeProvider.Wire;

/// <summary>JSON in and out, untyped: a provider is tested best by what is really on the wire.</summary>
internal static class Json
{
    public const string MediaType = "application/json";

    public static async Task<(JsonObject? Body, string Text)> ReadAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var text = await reader.ReadToEndAsync(context.RequestAborted);
        try
        {
            return (JsonNode.Parse(text) as JsonObject, text);
        }
        catch (JsonException)
        {
            return (null, text);
        }
    }

    public static IResult Result(JsonNode body) => Results.Text(body.ToJsonString(), MediaType);

    public static Task WriteAsync(HttpContext context, int status, JsonNode body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = MediaType;
        return context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }

    public static string? Text(this JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public static bool IsTrue(this JsonNode? node) => node is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    /// <summary>The text of a message's content: a string, or parts of which the text ones count.</summary>
    public static string ContentText(this JsonNode? content) => content switch
    {
        JsonValue value => value.Text() ?? "",
        JsonArray parts => string.Join('\n', parts.Select(part => part?["text"].Text()).Where(text => text is not null)),
        _ => "",
    };
}
