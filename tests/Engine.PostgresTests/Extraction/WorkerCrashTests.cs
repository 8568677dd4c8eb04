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

    private static readonly DateTimeOffset EventTime = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan AtMost = TimeSpan.FromMinutes(4);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Thirty_kills_during_a_thousand_extractions_lose_nothing_and_double_nothing()
    {
        var database = await MigratedDatabase.CreateAsync("crash");
        var tenant = await database.CreateTenantAsync();
        await using var services = EngineFixture.Services(database.App, database.System);
        var texts = Enumerable.Range(0, Memories).Select(i => $"Person{i} lives in Town{i % 50} and works at Firm{i % 7}.").ToArray();
        foreach (var part in texts.Chunk(MemoryLimits.MaxBatch))
        {
            await services.GetRequiredService<MemoryStore>().StoreAsync(
                tenant, "default", [.. part.Select(t => new NewMemory { Content = t, Dedup = DedupPolicy.Off, OccurredAt = EventTime })], new StoreOptions(), EngineFixture.Timer, Cancel);
        }

        var deadline = Stopwatch.StartNew();
        var kills = 0;
        while (await PendingAsync(database) > 0)
        {
            Assert.True(deadline.Elapsed < AtMost, $"{await PendingAsync(database)} memories are pending after {deadline.Elapsed} and {kills} kills");
            using var worker = Start(database);
            if (kills < Kills)
            {
                await UntilItHasDoneSomethingAsync(database, worker);
                worker.Kill();
                kills++;
            }
            else
            {
                await UntilNothingIsPendingAsync(database, worker, deadline);
                worker.Kill();
            }

            await worker.WaitForExitAsync(Cancel);
        }

        Assert.Equal(Kills, kills);
        Assert.Equal(Memories, await database.ScalarAsync<long>("select count(*) from engram.memories where extraction = 'extracted'"));
        Assert.Equal(Memories, await database.ScalarAsync<long>("select count(*) from engram.jobs where state = 'done'"));
        var (triples, sources) = await ExpectedAsync(texts);
        Assert.Equal(triples, await database.ScalarAsync<long>("select count(*) from engram.triples"));
        Assert.Equal(sources, await database.ScalarAsync<long>("select count(*) from engram.triple_sources"));
    }

    /// <summary>What one undisturbed extraction of every text gives.</summary>
    private static async Task<(long Triples, long Sources)> ExpectedAsync(string[] texts)
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

    private static async Task UntilItHasDoneSomethingAsync(MigratedDatabase database, Process worker)
    {
        var before = await PendingAsync(database);
        var patience = Stopwatch.StartNew();
        // A Worker whose jobs are all leased by the dead has nothing to do until their leases run out.
        while (patience.Elapsed < TimeSpan.FromSeconds(25) && await PendingAsync(database) == before)
        {
            Assert.False(worker.HasExited, "the Worker ended by itself");
            await Task.Delay(TimeSpan.FromMilliseconds(5), Cancel);
        }
    }

    private static async Task UntilNothingIsPendingAsync(MigratedDatabase database, Process worker, Stopwatch deadline)
    {
        while (deadline.Elapsed < AtMost && await PendingAsync(database) > 0)
        {
            Assert.False(worker.HasExited, "the Worker ended by itself");
            await Task.Delay(TimeSpan.FromMilliseconds(50), Cancel);
        }
    }

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
}
