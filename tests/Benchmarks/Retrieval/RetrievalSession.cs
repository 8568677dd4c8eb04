using System.Diagnostics;
using System.Text.Json;
using Engram.Benchmarks.Platform;
using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Retrieval;

/// <summary>One run of a retrieval benchmark: its buckets, its answers, its report, and the removal of the buckets whatever happens.</summary>
internal sealed class RetrievalSession : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerOptions.Web) { WriteIndented = true };

    private readonly PlatformClient _client;
    private readonly string _purpose;
    private readonly List<string> _buckets = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private int _notExtracted;
    private bool _cancelled;

    private RetrievalSession(string purpose, PlatformClient client, RetrievalSettings settings)
    {
        (_purpose, _client, Settings) = (purpose, client, settings);
        Run = new QuestionRun(client);
        Rankings = settings.WaitExtracted ? [.. Retrieved.Arms, Retrieved.Fused] : [.. Retrieved.Arms.Where(arm => arm != "graph"), Retrieved.Fused];
    }

    public RetrievalSettings Settings { get; }

    public QuestionRun Run { get; }

    /// <summary>The rankings that are measured: without extraction there is no graph to rank by.</summary>
    public IReadOnlyList<string> Rankings { get; }

    /// <summary>130 after Ctrl-C, as shells expect it.</summary>
    public int ExitCode => _cancelled ? 130 : 0;

    public static async Task<RetrievalSession> StartAsync(string purpose, PlatformAddress address, RetrievalSettings settings, CancellationToken cancellationToken)
    {
        var client = new PlatformClient(address);
        try
        {
            await client.CheckAsync(cancellationToken);
            return new RetrievalSession(purpose, client, settings);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Ctrl-C ends the work, not the report of what it brought.</summary>
    public async Task RunAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException)
        {
            _cancelled = true;
        }
    }

    /// <summary>Stores memories in a bucket of their own.</summary>
    public async Task<(string Bucket, string[] Ids)> LoadAsync(string what, IReadOnlyList<WireMemory> memories, CancellationToken cancellationToken)
    {
        var bucket = PlatformClient.NewBucketName($"{_purpose}-{what}");
        _buckets.Add(bucket);
        var ids = await BucketLoad.StoreAsync(_client, bucket, memories, what, cancellationToken);
        if (Settings.WaitExtracted)
            _notExtracted += await BucketLoad.WaitExtractedAsync(_client, bucket, memories.Count, what, cancellationToken);
        return (bucket, ids);
    }

    public async Task ReportAsync(string title, IReadOnlyList<(string Name, IReadOnlyList<ScoreRow> Rows)> tables)
    {
        var machine = Machine.Current();
        string[] caveats =
        [
            .. _cancelled ? ["Cancelled: only the questions answered until then count."] : Array.Empty<string>(),
            .. _notExtracted > 0 ? [$"{_notExtracted} memories could not be extracted."] : Array.Empty<string>(),
            .. Run.Caveats(Rankings.Where(r => r != Retrieved.Fused)),
        ];
        Console.WriteLine($"{Environment.NewLine}{title}, {Run.Answers.Count} questions with evidence, {_clock.Elapsed.TotalSeconds:0} s{Environment.NewLine}{machine}");
        foreach (var (name, rows) in tables)
            Console.WriteLine($"{Environment.NewLine}{name}{Environment.NewLine}{ScoreBoard.Table(rows)}");
        foreach (var caveat in caveats)
            Console.WriteLine(caveat);
        if (Settings.Json is { } json)
        {
            var report = new
            {
                title,
                machine,
                questions = Run.Answers.Count,
                waitExtracted = Settings.WaitExtracted,
                seconds = _clock.Elapsed.TotalSeconds,
                caveats,
                tables = tables.Select(t => new { t.Name, t.Rows }),
            };
            await File.WriteAllTextAsync(json.FullName, JsonSerializer.Serialize(report, Indented));
        }

        if (Settings.Answers is { } answers)
            await Run.WriteAsync(answers);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var bucket in _buckets)
        {
            if (Settings.Keep)
                await Console.Error.WriteLineAsync($"Kept the bucket {bucket}");
            else
                await _client.DeleteBucketAsync(bucket);
        }

        _client.Dispose();
    }
}
