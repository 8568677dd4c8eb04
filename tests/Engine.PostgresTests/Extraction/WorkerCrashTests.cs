using System.Diagnostics;
using Engram.Engine.Extraction;
using Engram.Engine.Extraction.Rules;
using Engram.Engine.Memories;
using Engram.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.Engine.PostgresTests.Extraction;

/// <summary>The real Worker as a process of its own, killed without warning.</summary>
public sealed class WorkerCrashTests
{
    private const int Memories = 1000;
    private const int Kills = 30;

    // Fewer may be done between two looks, and a Worker that is killed at rest proves nothing.
    private const int Least = 100;

    private static readonly DateTimeOffset EventTime = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Stuck = TimeSpan.FromMinutes(5);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Thirty_kills_during_a_thousand_extractions_lose_nothing_and_double_nothing()
    {
        var database = await MigratedDatabase.CreateAsync("crash");
        var tenant = await database.CreateTenantAsync();
        await using var services = EngineFixture.Services(database.App, database.System);
        var texts = new List<string>();
        await StoreAsync(Memories);

        var progress = new Progress();
        for (var kills = 0; kills < Kills || await PendingAsync(database) > 0; kills++)
        {
            if (kills < Kills && await database.ScalarAsync<long>("select count(*) from engram.jobs where state = 'queued'") < Least)
                await StoreAsync(MemoryLimits.MaxBatch);
            var pending = await PendingAsync(database);
            var enough = kills < Kills ? pending - 1 : 0;
            using var worker = Start(database);
            for (; pending > enough; pending = await PendingAsync(database))
            {
                progress.See(pending, kills);
                Assert.False(worker.HasExited, "the Worker ended by itself");
                await Task.Delay(TimeSpan.FromMilliseconds(5), Cancel);
            }

            worker.Kill();
            await worker.WaitForExitAsync(Cancel);
        }

        Assert.Equal(texts.Count, await database.ScalarAsync<long>("select count(*) from engram.memories where extraction = 'extracted'"));
        Assert.Equal(texts.Count, await database.ScalarAsync<long>("select count(*) from engram.jobs where state = 'done'"));
        var (triples, sources) = await ExpectedAsync(texts);
        Assert.Equal(triples, await database.ScalarAsync<long>("select count(*) from engram.triples"));
        Assert.Equal(sources, await database.ScalarAsync<long>("select count(*) from engram.triple_sources"));

        async Task StoreAsync(int more)
        {
            var added = Enumerable.Range(texts.Count, more).Select(i => $"Person{i} lives in Town{i % 50} and works at Firm{i % 7}.").ToArray();
            texts.AddRange(added);
            foreach (var part in added.Chunk(MemoryLimits.MaxBatch))
            {
                await services.GetRequiredService<MemoryStore>().StoreAsync(
                    tenant, "default", [.. part.Select(t => new NewMemory { Content = t, Dedup = DedupPolicy.Off, OccurredAt = EventTime })], new StoreOptions(), EngineFixture.Timer, Cancel);
            }
        }
    }

    /// <summary>What one undisturbed extraction of every text gives.</summary>
    private static async Task<(long Triples, long Sources)> ExpectedAsync(IEnumerable<string> texts)
    {
        var extractor = new RuleExtractor();
        var triples = new HashSet<(string, string, string)>();
        var sources = 0L;
        foreach (var text in texts)
        {
            var result = await extractor.ExtractAsync(new ExtractionInput(text, EventTime, "en", null), Cancel);
            var distinct = result.Triples.Select(t => (EntityName.Normalize(t.Subject), t.Predicate, EntityName.Normalize(t.Object))).Distinct().ToArray();
            triples.UnionWith(distinct);
            sources += distinct.Length;
        }

        return (triples.Count, sources);
    }

    private static Task<long> PendingAsync(MigratedDatabase database) =>
        database.ScalarAsync<long>("select count(*) from engram.memories where extraction = 'pending'");

    private static Process Start(MigratedDatabase database)
    {
        // Beside this assembly's own output: <root>/tests/Engine.PostgresTests/bin/<configuration>/<framework>/.
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var root = here.Parent!.Parent!.Parent!.Parent!.Parent!.FullName;
        var assembly = Path.Combine(root, "Worker", "bin", here.Parent!.Name, here.Name, "Engram.Worker.dll");
        var start = new ProcessStartInfo("dotnet", [assembly, "run"])
        {
            Environment =
            {
                ["ConnectionStrings__engram-app"] = database.App,
                ["ConnectionStrings__engram-system"] = database.System,
                ["Engram__Vault__MasterKeys__1"] = MigratedDatabase.VaultKey,
                ["Engram__Extraction__Concurrency"] = "4",
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            },
        };
        return Process.Start(start) ?? throw new InvalidOperationException("The Worker did not start.");
    }

    /// <summary>How long it takes in all is the machine's business; only standing still is a fault. Longer than a lease of the dead.</summary>
    private sealed class Progress
    {
        private readonly Stopwatch _since = Stopwatch.StartNew();
        private long _pending = long.MaxValue;

        public void See(long pending, int kills)
        {
            if (pending < _pending)
                _since.Restart();
            _pending = pending;
            Assert.True(_since.Elapsed < Stuck, $"{pending} memories are pending for {_since.Elapsed} after {kills} kills");
        }
    }
}
