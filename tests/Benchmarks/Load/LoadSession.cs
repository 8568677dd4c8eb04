using Engram.Benchmarks.Latency;
using Engram.Benchmarks.Platform;
using Engram.Benchmarks.Providers;

namespace Engram.Benchmarks.Load;

/// <summary>Buckets and a model to load; gone at the end, and what answered before answers again.</summary>
internal sealed class LoadSession : IAsyncDisposable
{
    private readonly PlatformAddress _platform;
    private readonly TextSource _texts;
    private readonly string _queried = PlatformClient.NewBucketName("load-query");
    private readonly string _stored = PlatformClient.NewBucketName("load-store");
    private ModelSession? _models;

    private LoadSession(PlatformAddress platform, TextSource texts) => (_platform, _texts, Client) = (platform, texts, new PlatformClient(platform));

    public PlatformClient Client { get; }

    /// <summary>Whether a model answers the queries.</summary>
    public bool HasModel => _models is not null;

    /// <param name="platform">Where.</param>
    /// <param name="texts">What to store and ask.</param>
    /// <param name="memories">Size of the bucket that is read and asked.</param>
    /// <param name="fakeProvider">Where a model is, or null: then nobody answers.</param>
    /// <param name="model">The model.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<LoadSession> StartAsync(PlatformAddress platform, TextSource texts, int memories, Uri? fakeProvider, string model, CancellationToken cancellationToken)
    {
        var session = new LoadSession(platform, texts);
        try
        {
            await session.Client.CheckAsync(cancellationToken);
            await session.FillAsync(memories, cancellationToken);
            if (fakeProvider is not null)
            {
                session._models = await ModelSession.StartAsync(platform, null, fakeProvider, cancellationToken);
                await session._models.UseAsync(model, cancellationToken);
            }

            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>The classes of traffic that this platform can be given, in the order of <see cref="Mix.Names"/>.</summary>
    public IReadOnlyList<Traffic> Traffic()
    {
        var traffic = new List<Traffic> { new(Mix.Read, "read", 50, Reads()) };
        if (_platform.Mcp is not null)
        {
            var mcp = new McpSessions(_platform.Mcp, _platform.Key)
                .Calls("MCP list_memories and list_buckets", "structuredContent", ("list_memories", new { bucket = _queried }), ("list_buckets", new { }));
            traffic.Add(new Traffic(Mix.Mcp, "mcp", 200, mcp));
        }

        traffic.Add(new Traffic(Mix.Store, "store_accepted", 100, Stores(dedup: null)));
        traffic.Add(new Traffic(Mix.Search, "search", 200, Queries("query, retrieval only", skipSynthesis: true)));
        if (HasModel)
            traffic.Add(new Traffic(Mix.Query, "query", 5000, Queries("query, answered", skipSynthesis: false)));
        return traffic;
    }

    /// <summary>One path of the Api, read again and again.</summary>
    public Workload Get(string path) => Workload.Fixed($"GET {path}", _platform.Api, RawRequest.Get(_platform.Api, path, _platform.Key), "{\"");

    /// <summary>Memories of a sentence or two, a new one each time.</summary>
    public Workload Stores(string? dedup) => Workload.Varying("store", _platform.Api, 201, "\"undo_token\"", (caller, number) => RawRequest.Post(
        _platform.Api, $"/v1/buckets/{_stored}/memories", _platform.Key, PlatformClient.Serialize(new { content = _texts.Memory((caller * 100_003) + number), dedup })));

    /// <summary>Memories of a few words, so that a write is bounded by the database and not by the encoder. Without extraction, for the same reason.</summary>
    public Workload ShortStores(int perRequest) => Workload.Varying("store", _platform.Api, 201, "\"memory_id\"", (caller, number) =>
    {
        var memories = Enumerable.Range(0, perRequest)
            .Select(i => new { content = $"Reading {caller} {(number * perRequest) + i} is {(caller * 31) + number}.", dedup = "off", infer = false }).ToArray();
        return RawRequest.Post(
            _platform.Api, $"/v1/buckets/{_stored}/memories", _platform.Key, perRequest == 1 ? PlatformClient.Serialize(memories[0]) : PlatformClient.Serialize(new { memories }));
    });

    public Workload Queries(string name, bool skipSynthesis) => Workload.Varying(name, _platform.Api, 200, "\"request_id\"", (caller, number) => RawRequest.Post(
        _platform.Api, "/v1/query", _platform.Key,
        PlatformClient.Serialize(new { query = _texts.Question((caller * 100_003) + number), buckets = new[] { _queried }, options = new { top_k = 8, skip_synthesis = skipSynthesis } })));

    public async ValueTask DisposeAsync()
    {
        if (_models is not null)
            await _models.DisposeAsync();
        foreach (var bucket in new[] { _queried, _stored })
            await Client.DeleteBucketAsync(bucket);
        Client.Dispose();
    }

    private Workload Reads()
    {
        byte[][] requests =
        [
            .. new[] { "/router/buckets", "/account/plan_usage", $"/v1/buckets/{_queried}/profile" }.Select(path => RawRequest.Get(_platform.Api, path, _platform.Key)),
        ];
        return Workload.Varying("reads", _platform.Api, 200, "{\"", (caller, number) => requests[(caller + number) % requests.Length]);
    }

    private async Task FillAsync(int memories, CancellationToken cancellationToken)
    {
        var wire = Enumerable.Range(0, memories).Select(i => new WireMemory(_texts.Memory(-1 - i), OccurredAt: DateTimeOffset.UnixEpoch.AddDays(19_000).AddMinutes(i))).ToArray();
        await BucketLoad.StoreAsync(Client, _queried, wire, $"{memories} memories", cancellationToken);
        await BucketLoad.WaitExtractedAsync(Client, _queried, memories, $"{memories} memories", cancellationToken);
        // The bucket exists before the first timed store, as a user's would.
        await Client.StoreAsync(_stored, [new WireMemory("The bucket of the stores.", Infer: false)], cancellationToken);
    }
}
