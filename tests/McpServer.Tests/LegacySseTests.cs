using System.Net;
using System.Text.Json;

namespace Engram.McpServer.Tests;

/// <summary>HTTP+SSE of 2024-11-05: opt-in, with the rules of the other endpoint.</summary>
public sealed class LegacySseTests(TransportFixture fixture) : IClassFixture<TransportFixture>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task It_is_not_there_unless_turned_on()
    {
        using var stream = new RawMcpClient(new Uri(fixture.Server.Url, "/sse"), fixture.KeyA);
        using var message = new RawMcpClient(new Uri(fixture.Server.Url, "/message?sessionId=x"), fixture.KeyA);

        Assert.Equal(HttpStatusCode.NotFound, (await stream.SendAsync(HttpMethod.Get, null)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await message.PostAsync(Rpc.Initialize("2024-11-05"))).Status);
    }

    [Fact]
    public async Task Answers_arrive_on_the_stream_and_posts_are_202()
    {
        await using var server = await StartAsync();
        await using var session = await LegacyStream.OpenAsync(server, fixture.KeyA);

        var initialize = await session.PostAsync(Rpc.Initialize("2024-11-05"));
        var answer = await session.NextAsync();
        await session.PostAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        await session.PostAsync(Rpc.Call(2, "test_echo", """{"text":"grüß 你好"}"""));
        var echo = await session.NextAsync();

        Assert.Equal(HttpStatusCode.Accepted, initialize.Status);
        Assert.Equal("2024-11-05", answer.GetProperty("result").GetProperty("protocolVersion").GetString());
        Assert.Equal(2, echo.GetProperty("id").GetInt32());
        Assert.Equal("grüß 你好", echo.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task A_stream_belongs_to_the_key_that_opened_it_and_ends_with_its_connection()
    {
        await using var server = await StartAsync();
        var session = await LegacyStream.OpenAsync(server, fixture.KeyA);
        using var other = new RawMcpClient(session.Endpoint, fixture.KeyB);
        using var anonymous = new RawMcpClient(session.Endpoint, key: null);

        Assert.Equal(HttpStatusCode.NotFound, (await other.PostAsync(Rpc.Initialize("2024-11-05"))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await anonymous.PostAsync(Rpc.Initialize("2024-11-05"))).Status);
        Assert.Equal(HttpStatusCode.Accepted, (await session.PostAsync(Rpc.Initialize("2024-11-05"))).Status);

        await session.DisposeAsync();
        using var owner = new RawMcpClient(session.Endpoint, fixture.KeyA);
        using var deadline = new CancellationTokenSource(Deadline);
        RawReply after;
        while ((after = await owner.PostAsync(Rpc.Request(9, "tools/list"))).Status != HttpStatusCode.NotFound)
        {
            await Task.Delay(50, deadline.Token);
        }

        Assert.Contains("GET /sse", after.ErrorMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", null, HttpStatusCode.BadRequest)]
    [InlineData("[]", null, HttpStatusCode.BadRequest)]
    [InlineData("""{"jsonrpc":"2.0","id":null,"method":"ping"}""", null, HttpStatusCode.BadRequest)]
    [InlineData("{}", "text/plain", HttpStatusCode.UnsupportedMediaType)]
    public async Task Malformed_messages_are_refused_as_everywhere(string body, string? contentType, HttpStatusCode status)
    {
        await using var server = await StartAsync();
        await using var session = await LegacyStream.OpenAsync(server, fixture.KeyA);

        var reply = await session.PostAsync(body, ("Content-Type", contentType ?? "application/json"));

        Assert.Equal(status, reply.Status);
        Assert.True(reply.ErrorCode < 0);
    }

    [Fact]
    public async Task A_body_over_the_bound_an_origin_and_a_host_are_refused_as_everywhere()
    {
        await using var server = await StartAsync(("Engram:Mcp:MaxRequestBytes", "2048"));
        await using var session = await LegacyStream.OpenAsync(server, fixture.KeyA);
        using var stream = new RawMcpClient(new Uri(server.Url, "/sse"), fixture.KeyA);

        var large = await session.PostAsync(Rpc.Call(1, "test_echo", $$"""{"text":"{{new string('x', 3000)}}"}"""));
        var origin = await session.PostAsync(Rpc.Request(1, "ping"), ("Origin", "https://evil.example"));
        var host = await stream.SendAsync(HttpMethod.Get, null, ("Host", "evil.example"));
        var notAStream = await stream.SendAsync(HttpMethod.Get, null, ("Accept", "application/json"));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.Status);
        Assert.Equal(HttpStatusCode.Forbidden, origin.Status);
        Assert.Equal(HttpStatusCode.Forbidden, host.Status);
        Assert.Equal(HttpStatusCode.NotAcceptable, notAStream.Status);
    }

    [Fact]
    public async Task Requests_without_an_answer_are_bounded_and_cancelling_frees_their_place()
    {
        await using var server = await StartAsync();
        await using var session = await LegacyStream.OpenAsync(server, fixture.KeyA);
        await session.PostAsync(Rpc.Initialize("2024-11-05"));
        await session.NextAsync();
        var prefix = Guid.NewGuid().ToString("N");
        for (var id = 100; id < 164; id++)
        {
            Assert.Equal(HttpStatusCode.Accepted, (await session.PostAsync(Rpc.Call(id, "test_wait", $$"""{"name":"{{prefix}}-{{id}}"}"""))).Status);
        }

        var oneTooMany = await session.PostAsync(Rpc.Request(200, "tools/list"));
        var twice = await session.PostAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":100}}""");
        await fixture.Wait.Cancelled($"{prefix}-100").WaitAsync(Deadline);
        var freed = await session.PostAsync(Rpc.Request(201, "tools/list"));

        Assert.Equal(HttpStatusCode.TooManyRequests, oneTooMany.Status);
        Assert.Equal(HttpStatusCode.Accepted, twice.Status);
        Assert.Equal(HttpStatusCode.Accepted, freed.Status);
        Assert.Equal(201, (await session.NextAsync()).GetProperty("id").GetInt32());
    }

    [Fact]
    public async Task Stopping_ends_open_streams_at_once()
    {
        var server = await StartAsync();
        await using var session = await LegacyStream.OpenAsync(server, fixture.KeyA);

        // A stream that did not end would cost the 15 s that a shutdown has.
        await server.StopAsync().WaitAsync(TimeSpan.FromSeconds(12));

        await session.EndAsync().WaitAsync(Deadline);
        await server.DisposeAsync();
    }

    private Task<McpTestServer> StartAsync(params (string Key, string Value)[] settings) =>
        fixture.StartAsync([("Engram:Mcp:LegacySse", "true"), .. settings]);

    /// <summary>An open stream, read by hand.</summary>
    private sealed class LegacyStream : IAsyncDisposable
    {
        private readonly RawMcpClient _get;
        private readonly RawMcpClient _post;
        private readonly HttpResponseMessage _response;
        private readonly StreamReader _reader;

        private LegacyStream(RawMcpClient get, HttpResponseMessage response, StreamReader reader, Uri endpoint, string key)
        {
            (_get, _response, _reader, Endpoint) = (get, response, reader, endpoint);
            _post = new RawMcpClient(endpoint, key);
        }

        public Uri Endpoint { get; }

        public static async Task<LegacyStream> OpenAsync(McpTestServer server, string key)
        {
            var get = new RawMcpClient(new Uri(server.Url, "/sse"), key);
            var response = await get.OpenAsync(HttpMethod.Get, null, TestContext.Current.CancellationToken);
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
            var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            Assert.Equal("event: endpoint", await reader.ReadLineAsync().WaitAsync(Deadline));
            var data = (await reader.ReadLineAsync().WaitAsync(Deadline))!;
            return new LegacyStream(get, response, reader, new Uri(server.Url, data["data: ".Length..]), key);
        }

        public Task<RawReply> PostAsync(string body, params (string Name, string? Value)[] headers) => _post.PostAsync(body, headers);

        public async Task<JsonElement> NextAsync()
        {
            while (true)
            {
                var line = await _reader.ReadLineAsync().WaitAsync(Deadline);
                Assert.NotNull(line);
                if (line.StartsWith("data: {", StringComparison.Ordinal))
                {
                    return JsonElement.Parse(line["data: ".Length..]);
                }
            }
        }

        public Task<string> EndAsync() => _reader.ReadToEndAsync();

        public ValueTask DisposeAsync()
        {
            _reader.Dispose();
            _response.Dispose();
            _get.Dispose();
            _post.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
