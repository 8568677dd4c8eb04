using Engram.Engine.Latency;
using Engram.Engine.Usage;
using Engram.McpServer.Transport;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.McpServer.Tests;

/// <summary>Run alone, so that what the heap holds is the server's.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}

/// <summary>What sessions and calls leave behind.</summary>
[Collection(Alone.Name)]
public sealed class SessionMemoryTests(ToolFixture fixture) : IClassFixture<ToolFixture>
{
    private const int Sessions = 1_000;

    private const int Calls = 10_000;

    private const int Rounds = 5;

    [Fact]
    public async Task A_thousand_open_sessions_take_less_than_60_megabytes_and_give_them_back()
    {
        var tenant = await fixture.NewTenantAsync();
        using var client = fixture.Server.Client(tenant.Key);
        await OpenAsync(client, 20);
        await fixture.ForgetSessionsAsync();
        var taken = new double[Rounds];
        var left = new double[Rounds];
        for (var round = 0; round < Rounds; round++)
        {
            var before = MegaBytes();
            await OpenAsync(client, Sessions);
            taken[round] = MegaBytes() - before;
            Assert.Equal(Sessions, fixture.Server.Services.GetRequiredService<SessionTable>().Count);
            await fixture.ForgetSessionsAsync();
            left[round] = MegaBytes() - before;
            TestContext.Current.TestOutputHelper?.WriteLine($"{Sessions} sessions: {taken[round]:F1} MB, {left[round]:F1} MB after they ended");
        }

        Assert.InRange(Median(taken), 0.1, 60);
        Assert.InRange(Median(left), -10, 5);
    }

    [Fact]
    public async Task Ten_thousand_calls_leave_nothing_behind()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.StoreAsync("Ann lives in Bern.");
        using var client = fixture.Server.Client(tenant.Key);
        var session = ("Mcp-Session-Id", (string?)await client.InitializeAsync());
        await CallAsync(client, session, Calls / 5);
        var growth = new double[3];
        for (var round = 0; round < growth.Length; round++)
        {
            var before = await WrittenMegaBytesAsync();
            await CallAsync(client, session, Calls);
            growth[round] = await WrittenMegaBytesAsync() - before;
            TestContext.Current.TestOutputHelper?.WriteLine($"{Calls} calls: {growth[round]:F1} MB");
        }

        // A kilobyte a call would be ten.
        Assert.True(Median(growth) < 8, string.Join(", ", growth));
    }

    private static async Task OpenAsync(RawMcpClient client, int sessions)
    {
        for (var i = 0; i < sessions; i++)
        {
            await client.InitializeAsync();
        }
    }

    /// <summary>Half of them in the session, half without.</summary>
    private static Task CallAsync(RawMcpClient client, (string, string?) session, int calls) => Parallel.ForAsync(
        0, calls, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (i, _) =>
        {
            var body = Rpc.Call(i, "list_memories");
            var reply = i % 2 == 0 ? await client.PostAsync(body, session) : await client.PostAsync(body);
            Assert.Contains("Ann lives in Bern.", reply.Body, StringComparison.Ordinal);
        });

    /// <summary>Of several rounds: what earlier tests left in pools may go in the middle of one of them, tens of megabytes at once.</summary>
    private static double Median(double[] rounds) => rounds.Order().ElementAt(rounds.Length / 2);

    /// <summary>Without what only waits to be written.</summary>
    private async Task<double> WrittenMegaBytesAsync()
    {
        await fixture.Server.Services.GetRequiredService<OperationLog>().FlushAsync(TestContext.Current.CancellationToken);
        await fixture.Server.Services.GetRequiredService<UsageMeter>().FlushAsync(TestContext.Current.CancellationToken);
        return MegaBytes();
    }

    private static double MegaBytes()
    {
        // Twice: what a finalizer releases is only gone the second time.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true) / 1024.0 / 1024.0;
    }
}
