using Npgsql;

namespace Engram.McpServer.Tests;

/// <summary>A call that nobody waits for any more ends where its work is: in the database, and at the account's provider.</summary>
public sealed class CancellationTests(ProviderServer server) : IClassFixture<ProviderServer>
{
    private const string Cancelled = """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77,"reason":"The user changed their mind."} }""";

    // Well below the half minute after which PostgreSQL is asked to stop a statement anyway, and the time a provider has.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    private const string BlockedBy = "select count(*) from pg_stat_activity where $1 = any(pg_blocking_pids(pid))";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cancelled_call_leaves_the_database(bool inSession)
    {
        var tenant = await server.Tools.NewTenantAsync();
        var id = await tenant.StoreAsync("Ann lives in Bern.");
        using var client = server.Server.Client(tenant.Key);
        // The memory is locked, so that the update has to wait inside PostgreSQL.
        await using var blocker = await server.Tools.OpenAsOwnerAsync();
        // Another one looks: within a transaction the list of activities does not change.
        await using var observer = await server.Tools.OpenAsOwnerAsync();
        Task BecomesAsync(long waiting) => UntilAsync(async () => await BlockedAsync(observer, blocker.ProcessID) == waiting, $"There are not {waiting} statements waiting.");
        await using var transaction = await blocker.BeginTransactionAsync();
        await ExecuteAsync(blocker, $"select 1 from engram.memories where id = '{id}' for update");
        var update = Rpc.Call(77, "update_memory", $$"""{"memory_id":"{{id}}","content":"Ann lives in Basel."}""");

        if (inSession)
        {
            var session = ("Mcp-Session-Id", (string?)await client.InitializeAsync());
            var call = client.PostAsync(update, session);
            await BecomesAsync(1);
            await client.PostAsync(Cancelled, session);
            await BecomesAsync(0);
            // The stream ends, and without an answer, as the specification has it.
            Assert.Empty((await call.WaitAsync(Deadline)).Messages);
        }
        else
        {
            // Without a session, hanging up is how a call is cancelled.
            using var hangUp = new CancellationTokenSource();
            var call = ReadAsync(client, update, hangUp.Token);
            await BecomesAsync(1);
            await hangUp.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
            await BecomesAsync(0);
        }

        await transaction.RollbackAsync();
        Assert.Equal("Ann lives in Bern.", (await tenant.CallAsync("get_memory", new { memory_id = id })).Data.GetProperty("content").GetString());
    }

    [Fact]
    public async Task A_cancelled_question_is_cancelled_at_the_provider()
    {
        var (key, providerKey) = await server.NewTenantAsync("openai-compatible", "fault-hang");
        await server.CallAsync(key, "store_memory", new { content = "Ann keeps bees on the roof of the town hall." });
        using var client = server.Server.Client(key);
        var session = ("Mcp-Session-Id", (string?)await client.InitializeAsync());

        var call = client.PostAsync(Rpc.Call(77, "query_memory", """{"question":"Where does Ann keep bees?"}"""), session);
        await UntilAsync(() => Task.FromResult(server.Provider.Requests.Of(providerKey).Count == 1), "The provider was not asked.");
        await client.PostAsync(Cancelled, session);

        await UntilAsync(() => Task.FromResult(server.Provider.Requests.Of(providerKey)[0].Cancelled), "The provider still works on it.");
        Assert.Empty((await call.WaitAsync(Deadline)).Messages);
        // Not tried again after it was cancelled.
        Assert.Single(server.Provider.Requests.Of(providerKey));
    }

    private static async Task<string> ReadAsync(RawMcpClient client, string body, CancellationToken ct)
    {
        using var response = await client.OpenAsync(HttpMethod.Post, body, ct);
        return await response.Content.ReadAsStringAsync(ct);
    }

    private static async Task<long> BlockedAsync(NpgsqlConnection observer, int blocker)
    {
        await using var command = new NpgsqlCommand(BlockedBy, observer) { Parameters = { new() { Value = blocker } } };
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, string otherwise)
    {
        for (var end = DateTime.UtcNow + Deadline; !await condition();)
        {
            Assert.True(DateTime.UtcNow < end, otherwise);
            await Task.Delay(20);
        }
    }
}
