using System.Net;

namespace Engram.McpServer.Tests;

/// <summary>The table of headers: negotiation, versions, Host and Origin, and what 2026-07-28 wants repeated.</summary>
public sealed class HeaderTests(TransportFixture fixture) : IClassFixture<TransportFixture>
{
    private const int HeaderMismatch = -32020;
    private const int UnsupportedVersion = -32022;
    private const int InvalidParams = -32602;

    [Theory]
    [InlineData("application/json, text/event-stream", HttpStatusCode.OK)]
    [InlineData("text/event-stream, application/json;q=0.9", HttpStatusCode.OK)]
    [InlineData("*/*", HttpStatusCode.OK)]
    [InlineData("application/*, text/*", HttpStatusCode.OK)]
    [InlineData("application/json", HttpStatusCode.NotAcceptable)]
    [InlineData("text/event-stream", HttpStatusCode.NotAcceptable)]
    [InlineData("application/json, text/event-stream;q=0", HttpStatusCode.NotAcceptable)]
    [InlineData("text/html", HttpStatusCode.NotAcceptable)]
    [InlineData("; ;", HttpStatusCode.NotAcceptable)]
    [InlineData(null, HttpStatusCode.NotAcceptable)]
    public async Task A_POST_must_accept_both_JSON_and_an_event_stream(string? accept, HttpStatusCode status)
    {
        using var client = fixture.Client();

        Assert.Equal(status, (await client.PostAsync(Rpc.Request(1, "tools/list"), ("Accept", accept))).Status);
    }

    [Theory]
    [InlineData("application/json", HttpStatusCode.OK)]
    [InlineData("application/json; charset=utf-8", HttpStatusCode.OK)]
    [InlineData("Application/JSON;charset=\"UTF-8\"", HttpStatusCode.OK)]
    [InlineData("application/json; charset=utf-16", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("text/plain", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/x-www-form-urlencoded", HttpStatusCode.UnsupportedMediaType)]
    [InlineData(null, HttpStatusCode.UnsupportedMediaType)]
    public async Task A_POST_must_be_JSON(string? contentType, HttpStatusCode status)
    {
        using var client = fixture.Client();

        Assert.Equal(status, (await client.PostAsync(Rpc.Request(1, "tools/list"), ("Content-Type", contentType))).Status);
    }

    [Fact]
    public async Task A_compressed_body_is_415_and_says_what_is_taken_instead()
    {
        using var client = fixture.Client();

        var gzip = await client.PostAsync(Rpc.Request(1, "tools/list"), ("Content-Encoding", "gzip"));
        var identity = await client.PostAsync(Rpc.Request(1, "tools/list"), ("Content-Encoding", "identity"));

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, gzip.Status);
        Assert.Equal("identity", Assert.Single(gzip.Headers.GetValues("Accept-Encoding")));
        Assert.Equal(HttpStatusCode.OK, identity.Status);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task An_unknown_protocol_version_is_refused_on_every_method(string method)
    {
        using var client = fixture.Client();
        var session = await client.InitializeAsync();

        var reply = await client.SendAsync(new HttpMethod(method), null, ("Mcp-Session-Id", session), ("MCP-Protocol-Version", "1999-01-01"));

        Assert.Equal((HttpStatusCode.BadRequest, UnsupportedVersion), (reply.Status, reply.ErrorCode));
    }

    [Theory]
    [InlineData("1999-01-01")]
    [InlineData("2099-01-01")]
    [InlineData("latest")]
    public async Task An_unknown_protocol_version_is_refused_with_the_ones_that_work(string version)
    {
        using var client = fixture.Client();

        var reply = await client.PostAsync(Rpc.Request(5, "tools/list"), ("MCP-Protocol-Version", version));

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Equal(UnsupportedVersion, reply.ErrorCode);
        Assert.Equal(5, reply.Messages[0].GetProperty("id").GetInt32());
        Assert.Contains("2026-07-28", reply.Error.GetProperty("data").GetProperty("supported").EnumerateArray().Select(v => v.GetString()));
        Assert.Equal(version, reply.Error.GetProperty("data").GetProperty("requested").GetString());
    }

    [Fact]
    public async Task A_client_that_declares_its_version_with_every_request_is_offered_those_without_a_handshake()
    {
        using var client = fixture.Client();
        var body = Rpc.Modern(1, "server/discover").Replace("2026-07-28", "2099-01-01", StringComparison.Ordinal);

        var refused = await client.PostAsync(body, ("MCP-Protocol-Version", "2099-01-01"), ("Mcp-Method", "server/discover"));
        var discovered = await client.PostAsync(Rpc.Modern(1, "server/discover"), Rpc.ModernHeaders("server/discover"));

        var offered = refused.Error.GetProperty("data").GetProperty("supported").EnumerateArray().Select(v => v.GetString()).ToList();
        Assert.Equal(["2026-07-28"], offered);
        Assert.Subset(discovered.Result.GetProperty("supportedVersions").EnumerateArray().Select(v => v.GetString()).ToHashSet(), offered.ToHashSet());
    }

    [Theory]
    [InlineData("http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("https://localhost.evil.example", HttpStatusCode.Forbidden)]
    [InlineData("null", HttpStatusCode.Forbidden)]
    [InlineData("file://", HttpStatusCode.Forbidden)]
    [InlineData("http://127.0.0.1.evil.example", HttpStatusCode.Forbidden)]
    [InlineData("http://0.0.0.0:8080", HttpStatusCode.Forbidden)]
    [InlineData("http://localhost:6274", HttpStatusCode.OK)]
    [InlineData("http://127.0.0.1", HttpStatusCode.OK)]
    [InlineData("http://[::1]:80", HttpStatusCode.OK)]
    public async Task A_page_of_another_origin_is_refused(string origin, HttpStatusCode status)
    {
        using var client = fixture.Client();

        Assert.Equal(status, (await client.PostAsync(Rpc.Request(1, "tools/list"), ("Origin", origin))).Status);
    }

    [Theory]
    [InlineData("evil.example", HttpStatusCode.Forbidden)]
    [InlineData("localhost.evil.example", HttpStatusCode.Forbidden)]
    [InlineData("127.0.0.1.evil.example:5181", HttpStatusCode.Forbidden)]
    [InlineData("[::1]:5181", HttpStatusCode.OK)]
    [InlineData("localhost:80", HttpStatusCode.OK)]
    [InlineData("127.0.0.1:9999", HttpStatusCode.OK)]
    public async Task A_rebound_host_name_is_refused_on_loopback(string host, HttpStatusCode status)
    {
        using var client = fixture.Client();

        Assert.Equal(status, (await client.PostAsync(Rpc.Request(1, "tools/list"), ("Host", host))).Status);
    }

    [Fact]
    public async Task Host_and_origin_can_be_allowed_by_name()
    {
        await using var server = await fixture.StartAsync(
            ("Engram:Mcp:AllowedHosts:0", "mcp.example.com"), ("Engram:Mcp:AllowedOrigins:0", "https://chat.example.com"));
        using var client = server.Client(fixture.KeyA);

        var allowed = await client.PostAsync(Rpc.Request(1, "tools/list"), ("Host", "mcp.example.com"), ("Origin", "https://chat.example.com"));
        var otherPage = await client.PostAsync(Rpc.Request(1, "tools/list"), ("Host", "mcp.example.com"), ("Origin", "https://other.example.com"));

        Assert.Equal(HttpStatusCode.OK, allowed.Status);
        Assert.Equal(HttpStatusCode.Forbidden, otherPage.Status);
    }

    [Theory]
    [InlineData("https://chat.example.com", true)]
    [InlineData("http://localhost:6274", true)]
    [InlineData("https://evil.example", false)]
    public async Task A_page_may_ask_beforehand_and_read_answers_exactly_when_its_origin_is_let_in(string origin, bool allowed)
    {
        await using var server = await fixture.StartAsync(("Engram:Mcp:AllowedOrigins:0", "https://chat.example.com"));
        using var client = server.Client(fixture.KeyA);

        var preflight = await client.SendAsync(HttpMethod.Options, null, ("Authorization", null), ("Origin", origin),
            ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization,mcp-session-id,mcp-method"));
        var call = await client.PostAsync(Rpc.Initialize("2025-11-25"), ("Origin", origin));

        Assert.Equal(allowed ? HttpStatusCode.OK : HttpStatusCode.Forbidden, call.Status);
        foreach (var reply in new[] { preflight, call })
        {
            Assert.Equal(allowed, reply.Headers.TryGetValues("Access-Control-Allow-Origin", out var echoed) && echoed.Single() == origin);
            Assert.False(reply.Headers.Contains("Access-Control-Allow-Credentials"));
        }

        Assert.Equal(allowed, call.Headers.TryGetValues("Access-Control-Expose-Headers", out var exposed) && exposed.Single().Contains("Mcp-Session-Id", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("tools/list", null, null, HttpStatusCode.BadRequest, HeaderMismatch)]
    [InlineData("tools/list", "tools/call", null, HttpStatusCode.BadRequest, HeaderMismatch)]
    [InlineData("tools/list", "tools/list", null, HttpStatusCode.OK, 0)]
    [InlineData("tools/call", "tools/call", null, HttpStatusCode.BadRequest, HeaderMismatch)]
    [InlineData("tools/call", "tools/call", "other", HttpStatusCode.BadRequest, HeaderMismatch)]
    [InlineData("tools/call", "tools/call", "=?base64?!!?=", HttpStatusCode.BadRequest, HeaderMismatch)]
    [InlineData("tools/call", "tools/call", "test_echo", HttpStatusCode.OK, 0)]
    [InlineData("tools/call", "tools/call", "=?base64?dGVzdF9lY2hv?=", HttpStatusCode.OK, 0)]
    public async Task From_2026_on_headers_must_repeat_the_method_and_name(
        string method, string? methodHeader, string? nameHeader, HttpStatusCode status, int code)
    {
        using var client = fixture.Client();
        var body = Rpc.Modern(3, method, method == "tools/call" ? """ "name":"test_echo","arguments":{"text":"hi"} """ : "");

        var reply = await client.PostAsync(body, ("MCP-Protocol-Version", Rpc.Stateless), ("Mcp-Method", methodHeader), ("Mcp-Name", nameHeader));

        Assert.Equal(status, reply.Status);
        Assert.Equal(3, reply.Messages[^1].GetProperty("id").GetInt32());
        if (code != 0)
        {
            Assert.Equal(code, reply.ErrorCode);
        }
    }

    [Fact]
    public async Task The_version_in_the_header_and_in_the_metadata_must_agree()
    {
        using var client = fixture.Client();

        var noHeader = await client.PostAsync(Rpc.Modern(1, "tools/list"));
        var otherHeader = await client.PostAsync(Rpc.Modern(1, "tools/list"), ("MCP-Protocol-Version", "2025-11-25"));
        var noMeta = await client.PostAsync(Rpc.Request(1, "tools/list"), Rpc.ModernHeaders("tools/list"));

        Assert.Equal((HttpStatusCode.BadRequest, HeaderMismatch), (noHeader.Status, noHeader.ErrorCode));
        Assert.Equal((HttpStatusCode.BadRequest, HeaderMismatch), (otherHeader.Status, otherHeader.ErrorCode));
        Assert.Equal((HttpStatusCode.BadRequest, InvalidParams), (noMeta.Status, noMeta.ErrorCode));
    }

    [Fact]
    public async Task A_request_without_a_valid_key_is_401_and_says_which_scheme()
    {
        using var anonymous = fixture.Client(null);
        using var stranger = fixture.Client("nobody");

        var missing = await anonymous.PostAsync(Rpc.Request(1, "tools/list"));
        var wrong = await stranger.PostAsync(Rpc.Request(1, "tools/list"));
        var byHeader = await anonymous.PostAsync(Rpc.Request(1, "tools/list"), ("X-API-Key", fixture.KeyA));

        Assert.Equal(HttpStatusCode.Unauthorized, missing.Status);
        Assert.Equal("Bearer realm=\"engram\"", missing.Headers.WwwAuthenticate.ToString());
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.Status);
        Assert.Contains("invalid_token", wrong.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, byHeader.Status);
    }

    [Fact]
    public async Task Every_reply_names_its_request()
    {
        using var client = fixture.Client();

        var reply = await client.PostAsync(Rpc.Call(1, "test_echo", """{"text":"x"}"""));

        var id = Assert.Single(reply.Headers.GetValues("X-Request-Id"));
        var meta = reply.Result.GetProperty("_meta");
        Assert.Equal(id, meta.GetProperty("engram/request_id").GetString());
        Assert.True(meta.GetProperty("engram/timings_ms").GetProperty("total").GetDouble() > 0);
        Assert.True(meta.GetProperty("engram/timings_ms").TryGetProperty("auth-decode", out _));
    }

    [Fact]
    public async Task An_unserved_method_or_path_is_405_or_404()
    {
        using var client = fixture.Client();
        var put = await client.SendAsync(HttpMethod.Put, "{}");
        using var elsewhere = new RawMcpClient(new Uri(fixture.Server.Url, "/mcp/other"), fixture.KeyA);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, put.Status);
        Assert.Equal(HttpStatusCode.NotFound, (await elsewhere.PostAsync("{}")).Status);
    }
}
