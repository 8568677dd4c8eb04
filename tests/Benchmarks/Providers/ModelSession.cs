using Engram.Benchmarks.Data;
using Engram.Benchmarks.Latency;
using Engram.Benchmarks.Platform;

namespace Engram.Benchmarks.Providers;

/// <summary>
/// A run with models of the tenant: a bucket to ask, a connection to ask over; at the end what answered before answers again, and what was
/// made is removed.
/// </summary>
internal sealed class ModelSession : IAsyncDisposable
{
    private readonly PlatformClient _platform;
    private readonly SynthesisClient _client;
    private readonly List<string> _buckets = [];
    private readonly RoleChoice? _before;
    private readonly string _connection;
    private readonly bool _made;

    private ModelSession(PlatformClient platform, SynthesisClient client, RoleChoice? before, string connection, bool made) =>
        (_platform, _client, _before, _connection, _made) = (platform, client, before, connection, made);

    /// <param name="address">The platform.</param>
    /// <param name="connection">Id or label of one of the tenant's connections, or null for one to the fake provider.</param>
    /// <param name="fakeProvider">Where the fake provider is.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<ModelSession> StartAsync(PlatformAddress address, string? connection, Uri? fakeProvider, CancellationToken cancellationToken)
    {
        if (connection is null && fakeProvider is null)
            throw new BenchmarkException($"Give --connection, or an endpoints file that names 'fake-provider'. {PlatformAddress.HowToStart}");
        var platform = new PlatformClient(address);
        var client = new SynthesisClient(address);
        try
        {
            await platform.CheckAsync(cancellationToken);
            var before = await client.ChoiceAsync(cancellationToken);
            var id = connection is null
                ? await client.ConnectAsync("openai-compatible", $"benchmark {Guid.NewGuid():N}"[..24], new Uri(fakeProvider!, "/v1"), "benchmark-key", cancellationToken)
                : await client.FindAsync(connection, cancellationToken);
            return new ModelSession(platform, client, before, id, made: connection is null);
        }
        catch
        {
            platform.Dispose();
            client.Dispose();
            throw;
        }
    }

    /// <summary>From now on this model answers. The host that is told so knows it at once, and is the one that is asked.</summary>
    public Task UseAsync(string model, CancellationToken cancellationToken) => _client.ChooseAsync(new RoleChoice(_connection, model), cancellationToken);

    public Task<Asked> AskAsync(string bucket, string question, int topK, CancellationToken cancellationToken) => _client.AskAsync(bucket, question, topK, cancellationToken);

    /// <summary>Stores memories without extraction in a bucket that goes with the session.</summary>
    public async Task<string> FillAsync(IReadOnlyList<WireMemory> memories, CancellationToken cancellationToken)
    {
        var bucket = PlatformClient.NewBucketName("models");
        _buckets.Add(bucket);
        await BucketLoad.StoreAsync(_platform, bucket, memories, $"{memories.Count} memories", cancellationToken);
        return bucket;
    }

    /// <summary>A LoCoMo conversation as memories, and its answerable questions.</summary>
    public async Task<(string Bucket, string[] Questions)> LocomoAsync(string data, int questions, CancellationToken cancellationToken)
    {
        var conversation = (await LocomoConversation.LoadAsync(data))[0];
        var bucket = await FillAsync([.. conversation.Turns.Select(turn => new WireMemory(turn.Text, Infer: false, OccurredAt: turn.At))], cancellationToken);
        return (bucket, [.. conversation.Questions.Where(question => question.Category != 5).Take(questions).Select(question => question.Text)]);
    }

    /// <summary>Generated texts, and questions of the same words.</summary>
    public async Task<(string Bucket, string[] Questions)> GeneratedAsync(int memories, int questions, CancellationToken cancellationToken)
    {
        var texts = new TextSource([], []);
        var bucket = await FillAsync([.. Enumerable.Range(0, memories).Select(number => new WireMemory(texts.Memory(number), Infer: false))], cancellationToken);
        return (bucket, [.. Enumerable.Range(0, questions).Select(texts.Question)]);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.ChooseAsync(_before, CancellationToken.None);
        if (_made)
            await _client.DisconnectAsync(_connection);
        foreach (var bucket in _buckets)
            await _platform.DeleteBucketAsync(bucket);
        _client.Dispose();
        _platform.Dispose();
    }
}
