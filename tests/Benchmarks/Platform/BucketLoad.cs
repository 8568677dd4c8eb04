using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Platform;

/// <summary>Fills a bucket through the API and, if wanted, waits for the extraction of all it holds.</summary>
internal static class BucketLoad
{
    /// <summary>Small enough for a progress bar that moves, large enough to amortise the round trip. The limit of the API is 500.</summary>
    private const int BatchSize = 100;

    private const int PageSize = 100;

    /// <returns>Ids in the order of <paramref name="memories"/>.</returns>
    public static async Task<string[]> StoreAsync(
        PlatformClient client, string bucket, IReadOnlyList<WireMemory> memories, string what, CancellationToken cancellationToken)
    {
        using var progress = new Progress($"store {what}", memories.Count);
        var ids = new List<string>(memories.Count);
        foreach (var batch in memories.Chunk(BatchSize))
        {
            ids.AddRange(await client.StoreAsync(bucket, batch, cancellationToken));
            progress.Add(batch.Length);
        }

        return [.. ids];
    }

    /// <returns>How many memories could not be extracted.</returns>
    public static async Task<int> WaitExtractedAsync(PlatformClient client, string bucket, int count, string what, CancellationToken cancellationToken)
    {
        using var progress = new Progress($"extract {what}", count);
        var failed = 0;
        // Nothing is written meanwhile, so a page that is done stays done and is not read again.
        for (var offset = 0; offset < count;)
        {
            using var page = await client.ListAsync(bucket, PageSize, offset, cancellationToken);
            var states = page.RootElement.GetProperty("memories").EnumerateArray().Select(m => m.GetProperty("extraction").GetString()).ToArray();
            if (states.Length == 0)
                throw new BenchmarkException($"The bucket '{bucket}' should list {count} memories and ends after {offset}.");
            if (states.Contains("pending"))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), cancellationToken);
                continue;
            }

            failed += states.Count(state => state == "failed");
            offset += states.Length;
            progress.Add(states.Length);
        }

        return failed;
    }
}
