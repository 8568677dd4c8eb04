using System.Net;
using System.Text.Json.Nodes;
using Engram.McpServer.Transport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tests;

/// <summary>Clients that initialize: their session, its owner, its streams and its end.</summary>
public sealed class SessionTests(TransportFixture fixture) : IClassFixture<TransportFixture>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("2024-11-05")]
    [InlineData("2025-03-26")]
    [InlineData("2025-06-18")]
    [InlineData("2025-11-25")]
    public async Task Every_handshake_version_is_negotiated_and_served(string version)
    {
        using var client = fixture.Client();
        var session = await client.InitializeAsync(version);

        var reply = await client.PostAsync(
            Rpc.Call(2, "test_echo", """{"text":"grüß 你好"}"""), ("Mcp-Session-Id", session), ("MCP-Protocol-Version", version));

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("grüß 你好", reply.Result.GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal(session, Assert.Single(reply.Headers.GetValues("Mcp-Session-Id")));
    }

    [Fact]
    public async Task A_version_from_the_future_is_answered_with_the_newest_handshake_version()
    {
        using var client = fixture.Client();

        var reply = await client.PostAsync(Rpc.Initialize("2099-01-01"));

        Assert.True(reply.Messages[^1].TryGetProperty("error", out _) || reply.Result.GetProperty("protocolVersion").GetString() == "2025-11-25");
    }

    [Fact]
    public async Task A_sessions_negotiated_version_holds_whatever_later_headers_say()
    {
        using var client = fixture.Client();
        var session = await client.InitializeAsync("2025-06-18");

        var reply = await client.PostAsync(Rpc.Request(2, "tools/list"), ("Mcp-Session-Id", session), ("MCP-Protocol-Version", "2025-03-26"));

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.False(reply.Result.TryGetProperty("ttlMs", out _));
    }

    [Fact]
    public async Task A_session_exists_only_for_the_key_that_opened_it()
    {
        using var owner = fixture.Client();
        using var other = fixture.Client(fixture.KeyB);
        var session = await owner.InitializeAsync();

        var post = await other.PostAsync(Rpc.Request(2, "tools/list"), ("Mcp-Session-Id", session));
        var get = await other.SendAsync(HttpMethod.Get, null, ("Mcp-Session-Id", session));
        var delete = await other.SendAsync(HttpMethod.Delete, null, ("Mcp-Session-Id", session));
        var unknown = await other.PostAsync(Rpc.Request(2, "tools/list"), ("Mcp-Session-Id", "nobody-has-this-one"));

        Assert.All([post, get, delete], reply => Assert.Equal(HttpStatusCode.NotFound, reply.Status));
        Assert.Equal(unknown.Body, post.Body);
        Assert.Equal(HttpStatusCode.OK, (await owner.PostAsync(Rpc.Request(3, "tools/list"), ("Mcp-Session-Id", session))).Status);
    }

    [Fact]
    public async Task A_deleted_session_is_gone()
    {
        using var client = fixture.Client();
        var session = await client.InitializeAsync();

        Assert.Equal(HttpStatusCode.NoContent, (await client.SendAsync(HttpMethod.Delete, null, ("Mcp-Session-Id", session))).Status);
        var after = await client.PostAsync(Rpc.Request(2, "tools/list"), ("Mcp-Session-Id", session));

        Assert.Equal(HttpStatusCode.NotFound, after.Status);
        Assert.Contains("initialize again", after.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await client.SendAsync(HttpMethod.Delete, null, ("Mcp-Session-Id", session))).Status);
    }

    [Fact]
    public async Task Initialize_within_a_session_is_refused()
    {
        using var client = fixture.Client();
        var session = await client.InitializeAsync();

        Assert.Equal(HttpStatusCode.BadRequest, (await client.PostAsync(Rpc.Initialize("2025-11-25"), ("Mcp-Session-Id", session))).Status);
    }

    [Fact]
    public async Task A_refused_initialize_leaves_no_session_behind()
    {
        await using var server = await fixture.StartAsync();
        using var client = server.Client(fixture.KeyA);

        var reply = await client.PostAsync("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":5}}""");

        Assert.True(reply.Status != HttpStatusCode.InternalServerError && reply.ErrorCode is -32602 or -32600, $"{(int)reply.Status} {reply.Body}");
        Assert.Equal(0, server.Services.GetRequiredService<SessionTable>().Count);
    }

    [Fact]
    public async Task An_idle_session_is_swept_and_one_in_use_is_not()
    {
        var clock = new ManualClock();
        await using var server = await fixture.StartAsync(services =>
        {
            services.RemoveAll<TimeProvider>();
            services.AddSingleton<TimeProvider>(clock);
        });
        using var client = server.Client(fixture.KeyA);
        var idle = await client.InitializeAsync();
        var streaming = await client.InitializeAsync();
        using var stop = new CancellationTokenSource();
        using var stream = await client.OpenAsync(HttpMethod.Get, null, stop.Token, ("Mcp-Session-Id", streaming));
        var table = server.Services.GetRequiredService<SessionTable>();

        clock.Advance(TimeSpan.FromMinutes(29));
        Assert.Equal(0, await table.SweepAsync());
        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(1, await table.SweepAsync());

        Assert.Equal(HttpStatusCode.NotFound, (await client.PostAsync(Rpc.Request(2, "tools/list"), ("Mcp-Session-Id", idle))).Status);
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync(Rpc.Request(2, "tools/list"), ("Mcp-Session-Id", streaming))).Status);
    }

    [Fact]
    public async Task A_key_at_its_bound_loses_its_idlest_session_only()
    {
        await using var server = await fixture.StartAsync(("Engram:Mcp:MaxSessionsPerKey", "2"));
        using var a = server.Client(fixture.KeyA);
        using var b = server.Client(fixture.KeyB);
        var others = await b.InitializeAsync();
        var first = await a.InitializeAsync();
        var second = await a.InitializeAsync();
        var third = await a.InitializeAsync();

        Assert.Equal(HttpStatusCode.NotFound, (await a.PostAsync(Rpc.Request(2, "tools/list"), ("Mcp-Session-Id", first))).Status);
        Assert.Equal(HttpStatusCode.OK, (await a.PostAsync(Rpc.Request(2, "tools/list"), ("Mcp-Session-Id", second))).Status);
        Assert.Equal(HttpStatusCode.OK, (await a.PostAsync(Rpc.Request(2, "tools/list"), ("Mcp-Session-Id", third))).Status);
        Assert.Equal(HttpStatusCode.OK, (await b.PostAsync(Rpc.Request(2, "tools/list"), ("Mcp-Session-Id", others))).Status);
    }

    [Fact]
    public async Task Notifications_and_responses_are_202_without_a_body()
    {
        using var client = fixture.Client();
        var session = await client.InitializeAsync();

        var notification = await client.PostAsync("""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}""", ("Mcp-Session-Id", session));
        var response = await client.PostAsync("""{"jsonrpc":"2.0","id":99,"result":{}}""", ("Mcp-Session-Id", session));

        Assert.All([notification, response], reply =>
        {
            Assert.Equal(HttpStatusCode.Accepted, reply.Status);
            Assert.Empty(reply.Body);
            Assert.Null(reply.ContentType);
        });
    }

    [Fact]
    public async Task A_cancelled_request_stops_the_tool_and_ends_the_POST_without_a_response()
    {
        using var client = fixture.Client();
        var session = await client.InitializeAsync();
        var name = Guid.NewGuid().ToString();
        var post = client.PostAsync(Rpc.Call(7, "test_wait", $$"""{"name":"{{name}}"}"""), ("Mcp-Session-Id", session));
        await fixture.Wait.Began(name).WaitAsync(Deadline);

        var cancel = await client.PostAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7,"reason":"test"}}""", ("Mcp-Session-Id", session));

        Assert.Equal(HttpStatusCode.Accepted, cancel.Status);
        await fixture.Wait.Cancelled(name).WaitAsync(Deadline);
        Assert.Empty((await post.WaitAsync(Deadline)).Messages);
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync(Rpc.Call(7, "test_echo", """{"text":"id is free again"}"""), ("Mcp-Session-Id", session))).Status);
    }

    [Fact]
    public async Task An_id_in_flight_cannot_be_used_twice()
    {
        using var client = fixture.Client();
        var session = await client.InitializeAsync();
        var name = Guid.NewGuid().ToString();
        using var stop = new CancellationTokenSource();
        using var running = await client.OpenAsync(
            HttpMethod.Post, Rpc.Call(7, "test_wait", $$"""{"name":"{{name}}"}"""), stop.Token, ("Mcp-Session-Id", session));
        await fixture.Wait.Began(name).WaitAsync(Deadline);

        var again = await client.PostAsync(Rpc.Request(7, "tools/list"), ("Mcp-Session-Id", session));

        Assert.Equal(HttpStatusCode.BadRequest, again.Status);
        Assert.Equal(-32600, again.ErrorCode);
    }

    [Fact]
    public async Task A_session_has_one_GET_stream_at_a_time_and_may_open_another_after_it()
    {
        using var client = fixture.Client();
        var session = await client.InitializeAsync();
        using (var first = await client.OpenAsync(HttpMethod.Get, null, CancellationToken.None, ("Mcp-Session-Id", session)))
        {
            Assert.Equal("text/event-stream", first.Content.Headers.ContentType!.MediaType);
            Assert.Equal(HttpStatusCode.Conflict, (await client.SendAsync(HttpMethod.Get, null, ("Mcp-Session-Id", session))).Status);
        }

        await PollAsync(async () =>
        {
            using var second = await client.OpenAsync(HttpMethod.Get, null, CancellationToken.None, ("Mcp-Session-Id", session));
            return second.StatusCode == HttpStatusCode.OK;
        });
    }

    [Fact]
    public async Task The_servers_own_messages_arrive_on_the_GET_stream_also_after_it_was_reopened()
    {
        using var client = fixture.Client();
        var id = await client.InitializeAsync();
        var session = Assert.IsType<McpSession>(FindSession(id));
        using (await client.OpenAsync(HttpMethod.Get, null, CancellationToken.None, ("Mcp-Session-Id", id)))
        {
        }

        await PollAsync(() => Task.FromResult(!session.Events.IsAttached));
        using var stop = new CancellationTokenSource(Deadline);
        using var stream = await client.OpenAsync(HttpMethod.Get, null, stop.Token, ("Mcp-Session-Id", id));
        await session.Server.SendMessageAsync(
            new JsonRpcNotification { Method = "notifications/test", Params = new JsonObject { ["text"] = "grüß" } }, stop.Token);

        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(stop.Token));
        string? line;
        do
        {
            line = await reader.ReadLineAsync(stop.Token);
        }
        while (line is not null && !line.StartsWith("data: ", StringComparison.Ordinal));
        Assert.Contains("notifications/test", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_open_stream_carries_keep_alives()
    {
        await using var server = await fixture.StartAsync(("Engram:Mcp:StreamKeepAlive", "00:00:01"));
        using var client = server.Client(fixture.KeyA);
        var session = await client.InitializeAsync();
        using var stop = new CancellationTokenSource(Deadline);

        using var stream = await client.OpenAsync(HttpMethod.Get, null, stop.Token, ("Mcp-Session-Id", session));
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(stop.Token));

        Assert.Equal(": keep-alive", await reader.ReadLineAsync(stop.Token));
    }

    [Fact]
    public async Task Stopping_ends_open_streams_at_once()
    {
        var server = await fixture.StartAsync();
        using var client = server.Client(fixture.KeyA);
        var session = await client.InitializeAsync();
        using var stream = await client.OpenAsync(HttpMethod.Get, null, CancellationToken.None, ("Mcp-Session-Id", session));
        var rest = stream.Content.ReadAsStringAsync();

        // A stream that did not end would cost the 15 s that a shutdown has.
        await server.StopAsync().WaitAsync(TimeSpan.FromSeconds(12));

        Assert.Equal("", await rest.WaitAsync(Deadline));
        await server.DisposeAsync();
    }

    [Fact]
    public async Task GET_and_DELETE_need_a_session_and_an_acceptable_stream()
    {
        using var client = fixture.Client();
        var session = await client.InitializeAsync();

        var noSession = await client.SendAsync(HttpMethod.Get, null);
        var modern = await client.SendAsync(HttpMethod.Delete, null, ("MCP-Protocol-Version", Rpc.Stateless), ("Mcp-Session-Id", session));
        var notAStream = await client.SendAsync(HttpMethod.Get, null, ("Mcp-Session-Id", session), ("Accept", "application/json"));

        Assert.Equal(HttpStatusCode.MethodNotAllowed, noSession.Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, modern.Status);
        Assert.Equal(HttpStatusCode.NotAcceptable, notAStream.Status);
    }

    private McpSession? FindSession(string id) => fixture.Server.Services.GetRequiredService<SessionTable>().Find(id, fixture.KeyAId);

    private static async Task PollAsync(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!await condition())
        {
            await Task.Delay(20, deadline.Token);
        }
    }
}
