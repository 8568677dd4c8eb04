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

    [Fact]
    public async Task A_thousand_open_sessions_take_less_than_60_megabytes_and_give_them_back()
    {
        var tenant = await fixture.NewTenantAsync();
        using var client = fixture.Server.Client(tenant.Key);
        await OpenAsync(client, 20);
        await fixture.ForgetSessionsAsync();
        var before = MegaBytes();

        await OpenAsync(client, Sessions);
        var open = MegaBytes();
        Assert.Equal(Sessions, fixture.Server.Services.GetRequiredService<SessionTable>().Count);
        await fixture.ForgetSessionsAsync();
        var after = MegaBytes();

        TestContext.Current.TestOutputHelper?.WriteLine($"{Sessions} sessions: {open - before:F1} MB, {after - before:F1} MB after they ended");
        Assert.InRange(open - before, 0, 60);
        Assert.InRange(after - before, -100, 10);
    }

    [Fact]
    public async Task Ten_thousand_calls_leave_nothing_behind()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.StoreAsync("Ann lives in Bern.");
        using var client = fixture.Server.Client(tenant.Key);
        var session = ("Mcp-Session-Id", (string?)await client.InitializeAsync());
        await CallAsync(client, session, Calls / 5);
        var before = MegaBytes();

        await CallAsync(client, session, Calls);

        var growth = MegaBytes() - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"{Calls} calls: {growth:F1} MB");
        // A kilobyte a call would be ten.
        Assert.InRange(growth, -100, 8);
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

    private static double MegaBytes()
    {
        // Twice: what a finalizer releases is only gone the second time.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true) / 1024.0 / 1024.0;
    }
}
