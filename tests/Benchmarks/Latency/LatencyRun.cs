using Engram.Benchmarks.Platform;
using Npgsql;

namespace Engram.Benchmarks.Latency;

/// <summary>How the latency benchmark is run.</summary>
/// <param name="Memories">Size of the bucket that is queried.</param>
/// <param name="Seconds">Time for each measurement.</param>
/// <param name="Extract">Fill that bucket with triples as well.</param>
/// <param name="Keep">Leave the buckets.</param>
/// <param name="Only">The parts to measure; empty means all.</param>
internal sealed record LatencySettings(int Memories, double Seconds, bool Extract, bool Keep, IReadOnlyList<string> Only)
{
    public bool Wants(string part) => Only.Count == 0 || Only.Contains(part);
}

/// <summary>One run: fills a bucket, measures everything beside its floor, removes its buckets.</summary>
internal sealed class LatencyRun(PlatformAddress platform, TextSource texts, LatencySettings settings)
{
    private static readonly int[] CallerCounts = [1, 8];

    private readonly string _queried = PlatformClient.NewBucketName("latency-query");
    private readonly string _stored = PlatformClient.NewBucketName("latency-store");
    private readonly List<Line> _lines = [];
    private readonly List<string> _notes = [];
    private KeyTimes? _keys;

    /// <returns>Everything that was measured until the end or until it was cancelled.</returns>
    public async Task<LatencyReport> MeasureAsync(CancellationToken cancellationToken)
    {
        using var client = new PlatformClient(platform);
        await client.CheckAsync(cancellationToken);
        try
        {
            // The cheapest first, before a bucket is filled that PostgreSQL tidies up after for a while.
            if (settings.Wants("router"))
                await RouterAsync(cancellationToken);
            if (settings.Wants("query") || settings.Wants("mcp"))
                await FillAsync(client, cancellationToken);
            if (settings.Wants("query"))
                await QueryAsync(cancellationToken);
            if (settings.Wants("mcp"))
                await McpAsync(cancellationToken);
            // The last of all that is timed: what is stored is extracted for a while after, beside whatever comes next.
            if (settings.Wants("store"))
                await StoreAsync(client, cancellationToken);
            if (platform.Postgres is not null && settings.Wants("keys"))
                _keys = await new KeyTiming(platform).MeasureAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _notes.Add("Cancelled: what is missing was not measured.");
        }
        finally
        {
            foreach (var bucket in new[] { _queried, _stored })
            {
                if (settings.Keep)
                    await Console.Error.WriteLineAsync($"Kept the bucket {bucket}");
                else
                    await client.DeleteBucketAsync(bucket);
            }
        }

        return new LatencyReport(settings, texts.Description, _lines, _keys, _notes);
    }

    private async Task FillAsync(PlatformClient client, CancellationToken cancellationToken)
    {
        var memories = Enumerable.Range(0, settings.Memories)
            .Select(i => new WireMemory(texts.Memory(i), Infer: settings.Extract, OccurredAt: DateTimeOffset.UnixEpoch.AddDays(19_000).AddMinutes(i))).ToArray();
        await BucketLoad.StoreAsync(client, _queried, memories, $"{settings.Memories} memories", cancellationToken);
        if (settings.Extract)
            await BucketLoad.WaitExtractedAsync(client, _queried, settings.Memories, $"{settings.Memories} memories", cancellationToken);
        if (platform.Postgres is null)
            return;

        // Now rather than in the middle of what is timed, when PostgreSQL gets to it by itself.
        await using var source = NpgsqlDataSource.Create(platform.Postgres);
        await using var vacuum = source.CreateCommand("vacuum analyze");
        vacuum.CommandTimeout = 0;
        await vacuum.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task RouterAsync(CancellationToken cancellationToken)
    {
        if (platform.Postgres is null)
        {
            _notes.Add("GET /router/buckets has no floor to stand beside: --postgres is missing.");
            return;
        }

        using var server = await FloorServer.StartAsync(platform.Postgres, cancellationToken);
        var floor = Workload.Fixed("floor: Kestrel and one prepared select", server.Address, RawRequest.Get(server.Address, "/"), "\"name\"");
        var router = Workload.Fixed("GET /router/buckets", platform.Api, RawRequest.Get(platform.Api, "/router/buckets", platform.Key), "\"buckets\"");
        foreach (var callers in CallerCounts)
        {
            var c = await SideBySide.RunAsync(floor, router, callers, settings.Seconds, cancellationToken);
            _lines.Add(new Line(c.Floor, null, null));
            _lines.Add(new Line(c.Tested, c.P95Ratio, Target.RatioOf(2, c.P95Ratio)));
        }
    }

    private async Task QueryAsync(CancellationToken cancellationToken)
    {
        foreach (var callers in CallerCounts)
        {
            var list = Workload.Fixed("GET memories, 20 of them", platform.Api, RawRequest.Get(platform.Api, $"/v1/buckets/{_queried}/memories", platform.Key), "\"memories\"");
            var query = Workload.Varying($"query, retrieval only, {settings.Memories} memories", platform.Api, 200, "\"memory_id\"", (caller, number) =>
                RawRequest.Post(platform.Api, "/v1/query", platform.Key, PlatformClient.QueryBody(_queried, texts.Question((caller * 100_003) + number), 8)));
            var c = await SideBySide.RunAsync(list, query, callers, settings.Seconds, cancellationToken);
            _lines.Add(new Line(c.Floor, null, callers == 1 ? Target.P95Below(50, c.Floor) : null));
            _lines.Add(new Line(c.Tested, null, callers == 1 ? Target.P95Below(25, c.Tested) : null));
        }
    }

    private async Task StoreAsync(PlatformClient client, CancellationToken cancellationToken)
    {
        // The bucket exists before the first timed store, as a user's would.
        await client.StoreAsync(_stored, [new WireMemory(texts.Kilobyte(-1, 0), Infer: false)], cancellationToken);
        var path = $"/v1/buckets/{_stored}/memories";
        var from = 0;
        foreach (var callers in CallerCounts)
        {
            var start = from;
            // What agents store is mostly a turn or two; a kilobyte is three times what the encoder reads at once.
            var turns = Workload.Varying("store accepted, two turns, to be extracted", platform.Api, 201, "\"undo_token\"", (caller, number) =>
                RawRequest.Post(platform.Api, path, platform.Key, PlatformClient.Serialize(new { content = $"{texts.Memory((caller * 100_003) + number)} {caller + start}.{number}" })));
            var kilobyte = Workload.Varying("store accepted, 1 KB, to be extracted", platform.Api, 201, "\"undo_token\"", (caller, number) =>
                RawRequest.Post(platform.Api, path, platform.Key, PlatformClient.Serialize(new { content = texts.Kilobyte(caller + start, number) })));
            var c = await SideBySide.RunAsync(turns, kilobyte, callers, settings.Seconds, cancellationToken);
            _lines.Add(new Line(c.Floor, null, callers == 1 ? Target.P95Below(20, c.Floor) : null));
            _lines.Add(new Line(c.Tested, null, callers == 1 ? Target.P95Below(20, c.Tested) : null));
            from += callers;
        }
    }

    private async Task McpAsync(CancellationToken cancellationToken)
    {
        if (platform.Mcp is null)
        {
            _notes.Add("MCP was not measured: --mcp is missing.");
            return;
        }

        var sessions = new McpSessions(platform.Mcp, platform.Key);
        if (!await sessions.HasNoOpAsync(cancellationToken))
        {
            _notes.Add($"MCP was not measured: the server has no tool {McpSessions.NoOp}. Start the platform with Engram__Mcp__BenchmarkNoOpTool=true in its environment.");
            return;
        }

        var floor = sessions.Calls("floor: MCP tool that does nothing", McpSessions.NoOp, new { }, "\"done\"");
        var list = sessions.Calls("MCP list_memories, 20 of them", "list_memories", new { bucket = _queried }, "\"memories\"");
        foreach (var callers in CallerCounts)
        {
            var c = await SideBySide.RunAsync(floor, list, callers, settings.Seconds, cancellationToken);
            _lines.Add(new Line(c.Floor, null, null));
            _lines.Add(new Line(c.Tested, c.P95Ratio, Target.RatioOf(2, c.P95Ratio)));
        }
    }
}
