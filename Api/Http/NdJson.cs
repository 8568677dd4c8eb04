using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Engram.Api.Http;

/// <summary>Rows as newline-delimited JSON, written as they are read: an export may be longer than memory wants it.</summary>
/// <param name="rows">The rows, in order.</param>
/// <param name="type">How a row is written.</param>
internal sealed class NdJson<T>(IAsyncEnumerable<T> rows, JsonTypeInfo<T> type) : IResult
{
    private const int FlushAfter = 64 << 10;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var cancellationToken = httpContext.RequestAborted;
        var response = httpContext.Response;
        response.ContentType = NdJson.ContentType;
        response.Headers.CacheControl = "no-store";
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            await using (var writer = new Utf8JsonWriter(response.BodyWriter, new JsonWriterOptions { Encoder = type.Options.Encoder }))
                JsonSerializer.Serialize(writer, row, type);
            response.BodyWriter.Write("\n"u8);
            if (response.BodyWriter.UnflushedBytes >= FlushAfter)
                await response.BodyWriter.FlushAsync(cancellationToken);
        }

        await response.BodyWriter.FlushAsync(cancellationToken);
    }
}

/// <summary>What exports have in common.</summary>
internal static class NdJson
{
    public const string ContentType = "application/x-ndjson";

    private const int PageSize = 1000;

    /// <summary>Whether the query string asks for an export.</summary>
    /// <exception cref="ProblemException">It asks for something else than <c>json</c> or <c>ndjson</c>.</exception>
    public static bool IsWanted(string? format) => format switch
    {
        null or "json" => false,
        "ndjson" => true,
        _ => throw new ProblemException(Problems.Invalid("format", "Must be json or ndjson.")),
    };

    /// <summary>Each row as it is shown.</summary>
    public static async IAsyncEnumerable<TView> EachAsync<TRow, TView>(IAsyncEnumerable<TRow> rows, Func<TRow, TView> view)
    {
        await foreach (var row in rows)
            yield return view(row);
    }

    /// <summary>Every row, page after page.</summary>
    public static async IAsyncEnumerable<TRow> PagesAsync<TRow>(Func<TRow?, int, Task<IReadOnlyList<TRow>>> page)
        where TRow : class
    {
        TRow? last = null;
        while (await page(last, PageSize) is { Count: > 0 } rows)
        {
            foreach (var row in rows)
                yield return row;
            last = rows[^1];
            if (rows.Count < PageSize)
                yield break;
        }
    }
}
