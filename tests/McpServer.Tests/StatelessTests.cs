using System.Net;

namespace Engram.McpServer.Tests;

/// <summary>Clients without a handshake: those of 2026-07-28, and whoever just posts a request.</summary>
public sealed class StatelessTests(TransportFixture fixture) : IClassFixture<TransportFixture>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Discover_tells_versions_and_capabilities()
    {
        using var client = fixture.Client();

        var reply = await client.PostAsync(Rpc.Modern(1, "server/discover"), Rpc.ModernHeaders("server/discover"));

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Contains("2026-07-28", reply.Result.GetProperty("supportedVersions").EnumerateArray().Select(v => v.GetString()));
        Assert.True(reply.Result.GetProperty("capabilities").TryGetProperty("tools", out _));
        Assert.False(reply.Headers.Contains("Mcp-Session-Id"));
    }

    [Fact]
    public async Task The_tool_list_may_be_cached_and_always_has_the_same_order()
    {
        using var client = fixture.Client();

        var first = await client.PostAsync(Rpc.Modern(1, "tools/list"), Rpc.ModernHeaders("tools/list"));
        var second = await client.PostAsync(Rpc.Modern(1, "tools/list"), Rpc.ModernHeaders("tools/list"));

        Assert.True(first.Result.GetProperty("ttlMs").GetInt64() > 0);
        Assert.Equal("public", first.Result.GetProperty("cacheScope").GetString());
        Assert.Equal(first.Body, second.Body);
    }

    [Fact]
    public async Task A_tool_is_called_without_a_session()
    {
        using var client = fixture.Client();
        var body = Rpc.Modern(4, "tools/call", """ "name":"test_echo","arguments":{"text":"grüß 你好"} """);

        var reply = await client.PostAsync(body, Rpc.ModernHeaders("tools/call", "test_echo"));

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("grüß 你好", reply.Result.GetProperty("content")[0].GetProperty("text").GetString());
        Assert.False(reply.Headers.Contains("Mcp-Session-Id"));
    }

    [Theory]
    [InlineData("no/such")]
    [InlineData("initialize")]
    [InlineData("logging/setLevel")]
    public async Task A_method_that_this_revision_does_not_have_is_404(string method)
    {
        using var client = fixture.Client();

        var reply = await client.PostAsync(Rpc.Modern(1, method), Rpc.ModernHeaders(method));

        Assert.Equal(HttpStatusCode.NotFound, reply.Status);
        Assert.Equal(-32601, reply.ErrorCode);
    }

    [Fact]
    public async Task A_plain_POST_without_handshake_is_served_on_its_own()
    {
        using var client = fixture.Client();

        var list = await client.PostAsync(Rpc.Request(1, "tools/list"));
        var call = await client.PostAsync(Rpc.Call(2, "test_echo", """{"text":"hi"}"""), ("MCP-Protocol-Version", "2025-06-18"));

        Assert.Contains("test_echo", list.Result.GetProperty("tools").EnumerateArray().Select(tool => tool.GetProperty("name").GetString()));
        Assert.Equal("hi", call.Result.GetProperty("structuredContent").GetProperty("echo").GetString());
    }

    [Fact]
    public async Task A_notification_is_202_and_a_response_without_its_session_is_400()
    {
        using var client = fixture.Client();

        var notification = await client.PostAsync(
            """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}""", Rpc.ModernHeaders("notifications/cancelled"));
        var response = await client.PostAsync("""{"jsonrpc":"2.0","id":1,"result":{}}""");

        Assert.Equal(HttpStatusCode.Accepted, notification.Status);
        Assert.Empty(notification.Body);
        Assert.Equal(HttpStatusCode.BadRequest, response.Status);
    }

    [Fact]
    public async Task Hanging_up_cancels_the_tool()
    {
        using var client = fixture.Client();
        var name = Guid.NewGuid().ToString();
        using var stop = new CancellationTokenSource();
        var post = client.OpenAsync(
            HttpMethod.Post, Rpc.Modern(1, "tools/call", $$""" "name":"test_wait","arguments":{"name":"{{name}}"} """), stop.Token,
            Rpc.ModernHeaders("tools/call", "test_wait"));
        await fixture.Wait.Began(name).WaitAsync(Deadline);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => post);
        await fixture.Wait.Cancelled(name).WaitAsync(Deadline);
    }
}
