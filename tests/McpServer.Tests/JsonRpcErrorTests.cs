using System.Net;
using Engram.Tests.Shared;

namespace Engram.McpServer.Tests;

/// <summary>The table of malformed messages: each gets a typed 400 that says what is wrong, never a 500.</summary>
public sealed class JsonRpcErrorTests(TransportFixture fixture) : IClassFixture<TransportFixture>
{
    private const int ParseError = -32700;
    private const int InvalidRequest = -32600;

    public static TheoryData<string, int, string> Malformed => new()
    {
        { "", ParseError, "empty" },
        { "   \n ", ParseError, "empty" },
        { "{", ParseError, "not JSON" },
        { "nonsense", ParseError, "not JSON" },
        { """{"jsonrpc":"2.0","id":1,"method":"ping"} trailing""", ParseError, "follows" },
        { """{"jsonrpc":"2.0","id":1,"method":"ping"}{}""", ParseError, "follows" },
        { """{"jsonrpc":"2.0","id":1,"method":"pi""", ParseError, "not JSON" },
        { """[{"jsonrpc":"2.0","id":1,"method":"ping"}]""", InvalidRequest, "batches" },
        { "[]", InvalidRequest, "batches" },
        { "42", InvalidRequest, "object" },
        { "null", InvalidRequest, "JSON-RPC message" },
        { "\"ping\"", InvalidRequest, "object" },
        { """{"id":1,"method":"ping"}""", InvalidRequest, "jsonrpc" },
        { """{"jsonrpc":"1.0","id":1,"method":"ping"}""", InvalidRequest, "jsonrpc" },
        { """{"jsonrpc":2.0,"id":1,"method":"ping"}""", InvalidRequest, "jsonrpc" },
        { """{"jsonrpc":"2.0","id":null,"method":"ping"}""", InvalidRequest, "id" },
        { """{"jsonrpc":"2.0","id":{},"method":"ping"}""", InvalidRequest, "id" },
        { """{"jsonrpc":"2.0","id":true,"method":"ping"}""", InvalidRequest, "id" },
        { """{"jsonrpc":"2.0","id":1}""", InvalidRequest, "method" },
        { """{"jsonrpc":"2.0","id":1,"method":7}""", InvalidRequest, "method" },
        { """{"jsonrpc":"2.0","id":1.5,"method":"ping"}""", InvalidRequest, "message" },
        { """{"jsonrpc":"2.0","id":99999999999999999999,"method":"ping"}""", InvalidRequest, "message" },
        { """{"jsonrpc":"2.0","id":[1],"method":"ping"}""", InvalidRequest, "id" },
        { """[[{"jsonrpc":"2.0","id":1,"method":"ping"}]]""", InvalidRequest, "batches" },
        { """{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}""", InvalidRequest, "object" },
        { $$"""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":{{new string('[', 300)}}{{new string(']', 300)}}} }""", ParseError, "not JSON" },
        { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"test_echo\",\"arguments\":{\"text\":\"a\\ud800b\"}}}", InvalidRequest, "'text'" },
        { """{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"a":1,"a":2}}""", InvalidRequest, "twice" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task A_malformed_message_is_a_400_that_says_why(string body, int code, string says)
    {
        using var client = fixture.Client();

        var reply = await client.PostAsync(body);

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Equal("application/json", reply.ContentType);
        Assert.Equal(code, reply.ErrorCode);
        Assert.Contains(says, reply.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal("2.0", reply.Messages[0].GetProperty("jsonrpc").GetString());
    }

    public static TheoryData<string, string, string> WrongParameters => new()
    {
        { "tools/call", "{}", "'name'" },
        { "tools/call", """{"name":5}""", "'name'" },
        { "tools/call", """{"name":null}""", "'name'" },
        { "tools/call", """{"name":"list_memories","arguments":"x"}""", "'arguments'" },
        { "tools/call", """{"name":"list_memories","arguments":[]}""", "'arguments'" },
        { "tools/call", """{"name":"list_memories","_meta":5}""", "'_meta'" },
        { "tools/call", """{"name":"list_memories","_meta":{"progressToken":{}}}""", "'_meta.progressToken'" },
        { "tools/call", """{"name":"list_memories","_meta":{"progressToken":1.5}}""", "'_meta.progressToken'" },
        { "prompts/get", "{}", "'name'" },
        { "prompts/get", """{"name":"recall","arguments":[1]}""", "'arguments'" },
        { "resources/read", "{}", "'uri'" },
        { "resources/read", """{"uri":5}""", "'uri'" },
        { "resources/subscribe", """{"uri":["a"]}""", "'uri'" },
        { "resources/unsubscribe", """{"uri":true}""", "'uri'" },
        { "completion/complete", "{}", "'ref'" },
        { "completion/complete", """{"ref":5,"argument":{"name":"a","value":"b"}}""", "'ref'" },
        { "completion/complete", """{"ref":{"type":"ref/what"},"argument":{"name":"a","value":"b"}}""", "'ref.type'" },
        { "completion/complete", """{"ref":{"type":"ref/prompt","name":5},"argument":{"name":"a","value":"b"}}""", "'ref.name'" },
        { "completion/complete", """{"ref":{"type":"ref/prompt","name":"recall"}}""", "'argument'" },
        { "completion/complete", """{"ref":{"type":"ref/prompt","name":"recall"},"argument":{"name":"topic"}}""", "'argument.value'" },
        { "tools/list", """{"cursor":5}""", "'cursor'" },
        { "logging/setLevel", """{"level":"loud"}""", "'level'" },
    };

    [Theory]
    [MemberData(nameof(WrongParameters))]
    public async Task Parameters_that_cannot_be_read_are_named(string method, string parameters, string says)
    {
        using var client = fixture.Client();

        var reply = await client.PostAsync(Rpc.Request(3, method, parameters), ("Mcp-Session-Id", await client.InitializeAsync()));

        Assert.Equal(-32602, reply.ErrorCode);
        Assert.Contains($"{says} of {method} must be", reply.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal(3, reply.Messages[0].GetProperty("id").GetInt32());
    }

    [Theory]
    [InlineData("""{"name":"list_memories","arguments":{"limit":1,"limit":2}}""")]
    [InlineData("""{"name":"list_memories","name":"list_buckets"}""")]
    [InlineData("""{"name":"list_memories","_meta":{"a":1,"a":2}}""")]
    public async Task A_name_that_occurs_twice_is_refused(string parameters)
    {
        using var client = fixture.Client();

        var reply = await client.PostAsync(Rpc.Request(3, "tools/call", parameters), ("Mcp-Session-Id", await client.InitializeAsync()));

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Equal(InvalidRequest, reply.ErrorCode);
        Assert.Contains("twice", reply.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bytes_that_are_not_UTF8_are_a_parse_error()
    {
        using var client = fixture.Client();
        byte[] body = [.. "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"p"u8, 0xC3, 0x28, .. "\"}"u8];

        var reply = await client.PostBytesAsync(body);

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Equal(ParseError, reply.ErrorCode);
    }

    [Fact]
    public async Task A_surrogate_pair_in_escapes_is_ordinary_text()
    {
        using var client = fixture.Client();

        var reply = await client.PostAsync(Rpc.Call(1, "test_echo", "{\"text\":\"\\ud83d\\ude00\"}"));

        Assert.Equal("😀", reply.Result.GetProperty("structuredContent").GetProperty("echo").GetString());
    }

    [Theory]
    [InlineData("""{"jsonrpc":"1.0","id":"abc","method":"ping"}""", "\"abc\"")]
    [InlineData("""{"jsonrpc":"1.0","id":77,"method":"ping"}""", "77")]
    [InlineData("""{"jsonrpc":"2.0","id":null,"method":"ping"}""", "null")]
    [InlineData("{", "null")]
    public async Task An_error_echoes_the_id_where_it_can_be_read(string body, string id)
    {
        using var client = fixture.Client();

        var reply = await client.PostAsync(body);

        Assert.Equal(id, reply.Messages[0].GetProperty("id").GetRawText());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_the_bound_is_413_with_and_without_a_declared_length(bool withLength)
    {
        await using var server = await fixture.StartAsync(("Engram:Mcp:MaxRequestBytes", "2048"));
        var body = Rpc.Call(1, "test_echo", $$"""{"text":"{{new string('x', 3000)}}"}""");

        var reply = await RawPost.SendAsync(server.Url, body, withLength, "Accept: application/json, text/event-stream", $"X-API-Key: {fixture.KeyA}");

        Assert.StartsWith("HTTP/1.1 413", reply, StringComparison.Ordinal);
        if (withLength)
            Assert.Contains("2048", reply, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no/such", "{}", -32601)]
    [InlineData("tools/call", """{"name":"no_such_tool"}""", -32602)]
    [InlineData("tools/list", """{"cursor":"x"}""", -32602)]
    public async Task A_request_the_server_cannot_serve_is_a_JSON_RPC_error_of_its_kind(string method, string parameters, int code)
    {
        using var client = fixture.Client();
        var session = await client.InitializeAsync();

        var reply = await client.PostAsync(Rpc.Request(9, method, parameters), ("Mcp-Session-Id", session));

        Assert.Equal(code, reply.ErrorCode);
        Assert.Equal(9, reply.Messages[^1].GetProperty("id").GetInt32());
    }
}
