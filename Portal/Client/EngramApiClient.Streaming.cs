using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Engram.Portal.Client;

/// <summary>A query whose answer arrives in pieces.</summary>
public sealed partial class EngramApiClient
{
    private const string DataPrefix = "data: ";

    public async IAsyncEnumerable<AnswerFrame> StreamAsync(QueryRequest query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        const string Path = "v1/query";
        using var response = await ExchangeAsync(HttpMethod.Post, Path, query with { Stream = true }, LongPatience, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var reader = new StreamReader(body);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (!line.StartsWith(DataPrefix, StringComparison.Ordinal))
            {
                continue;
            }
            var data = line[DataPrefix.Length..];
            if (data == "[DONE]")
            {
                yield break;
            }
            yield return Read(data, response);
        }
    }

    private AnswerFrame Read(string data, HttpResponseMessage response)
    {
        const string Path = "v1/query";
        try
        {
            using var frame = JsonDocument.Parse(data);
            if (frame.RootElement.TryGetProperty("choices", out var choices))
            {
                return new AnswerFrame(choices[0].GetProperty("delta").GetProperty("content").GetString(), null);
            }
            if (frame.RootElement.TryGetProperty("error", out var error))
            {
                throw Failed(HttpMethod.Post, Path, new ApiProblem(
                    error.TryGetProperty("status", out var status) ? status.GetInt32() : 500,
                    error.TryGetProperty("code", out var code) ? code.GetString()! : "stream_failed",
                    error.TryGetProperty("detail", out var detail) ? detail.GetString()! : "The answer broke off.",
                    ApiProblem.RequestIdOf(response)));
            }
            return new AnswerFrame(null, frame.RootElement.Deserialize<QueryResult>(Json));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw Failed(HttpMethod.Post, Path, new ApiProblem((int)response.StatusCode, ApiProblem.Malformed,
                "A frame of the answer could not be read; the portal and the Api may be of different versions.", ApiProblem.RequestIdOf(response)), e);
        }
    }
}
