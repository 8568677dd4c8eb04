using System.Net;
using Engram.McpServer.Transport;

namespace Engram.McpServer.Tests;

/// <summary>Two servers over one database, as behind a load balancer that knows nothing of MCP.</summary>
public sealed class ReplicaTests(ToolFixture fixture) : IClassFixture<ToolFixture>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stateless_calls_may_go_to_any_replica_each_time(bool modern)
    {
        await using var other = await fixture.StartAsync(_ => { });
        var tenant = await fixture.NewTenantAsync();
        using var one = fixture.Server.Client(tenant.Key);
        using var two = other.Client(tenant.Key);
        RawMcpClient[] replicas = [one, two];

        Task<RawReply> CallAsync(int turn, string tool, string arguments) => modern
            ? replicas[turn % 2].PostAsync(
                Rpc.Modern(turn, "tools/call", $$""" "name":"{{tool}}","arguments":{{arguments}} """), Rpc.ModernHeaders("tools/call", tool))
            : replicas[turn % 2].PostAsync(Rpc.Call(turn, tool, arguments));

        for (var turn = 0; turn < 6; turn++)
        {
            var stored = await CallAsync(turn, "store_memory", $$"""{"content":"Fact {{turn}}: harbour number {{turn * 7919}} is open.","dedup":"off"}""");
            var id = stored.Result.GetProperty("structuredContent").GetProperty("memory_id").GetString()!;
            var read = await CallAsync(turn + 1, "get_memory", $$"""{"memory_id":"{{id}}"}""");
            var listed = await CallAsync(turn + 1, "list_memories", "{}");

            Assert.Contains($"harbour number {turn * 7919}", read.Body, StringComparison.Ordinal);
            Assert.Equal(turn + 1, listed.Result.GetProperty("structuredContent").GetProperty("total").GetInt32());
        }
    }

    [Fact]
    public async Task A_session_of_one_replica_is_a_404_at_the_other_and_initializing_there_works()
    {
        await using var other = await fixture.StartAsync(_ => { });
        var tenant = await fixture.NewTenantAsync();
        using var one = fixture.Server.Client(tenant.Key);
        using var two = other.Client(tenant.Key);
        var session = await one.InitializeAsync();

        foreach (var (method, body) in new[] { (HttpMethod.Post, Rpc.Request(2, "tools/list")), (HttpMethod.Get, null), (HttpMethod.Delete, (string?)null) })
        {
            var lost = await two.SendAsync(method, body, ("Mcp-Session-Id", session));

            Assert.Equal(HttpStatusCode.NotFound, lost.Status);
            Assert.Equal(RpcFault.SessionNotFound, lost.ErrorCode);
            Assert.Contains("Send initialize again", lost.ErrorMessage, StringComparison.Ordinal);
        }

        var fresh = await two.InitializeAsync();
        Assert.Equal(HttpStatusCode.OK, (await two.PostAsync(Rpc.Request(3, "tools/list"), ("Mcp-Session-Id", fresh))).Status);
        Assert.Equal(HttpStatusCode.OK, (await one.PostAsync(Rpc.Request(3, "tools/list"), ("Mcp-Session-Id", session))).Status);
    }
}
