using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Engram.McpServer.Transport;
using Engram.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.McpServer.Tests;

/// <summary>The real server on a loopback port of its own.</summary>
public sealed class McpTestServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private McpTestServer(WebApplication app)
    {
        _app = app;
        Url = new Uri(new Uri(app.Urls.Single()), McpHosting.Path);
    }

    public Uri Url { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<McpTestServer> StartAsync(
        Action<IServiceCollection>? configure = null, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        // A cold server is as right as a warm one, and there are many.
        builder.Configuration["Engram:Starting:Rehearse"] = "false";
        foreach (var (key, value) in settings)
        {
            builder.Configuration[key] = value;
        }

        builder.AddServiceDefaults();
        builder.AddEngramMcp();
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        app.MapDefaultEndpoints();
        app.MapMcp();
        await app.StartAsync();
        return new McpTestServer(app);
    }

    public RawMcpClient Client(string? key) => new(Url, key);

    public Task StopAsync() => _app.StopAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

/// <summary>Speaks HTTP by hand, so that a test decides every byte and header.</summary>
public sealed class RawMcpClient : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private readonly Uri _url;
    private readonly string? _key;

    public RawMcpClient(Uri url, string? key) => (_url, _key) = (url, key);

    public async Task<RawReply> SendAsync(
        HttpMethod method, string? body, params (string Name, string? Value)[] headers)
    {
        using var request = Request(method, body is null ? null : Encoding.UTF8.GetBytes(body), headers);
        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return await RawReply.ReadAsync(response);
    }

    public Task<RawReply> PostAsync(string body, params (string Name, string? Value)[] headers) => SendAsync(HttpMethod.Post, body, headers);

    public async Task<RawReply> PostBytesAsync(byte[] body, params (string Name, string? Value)[] headers)
    {
        using var request = Request(HttpMethod.Post, body, headers);
        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return await RawReply.ReadAsync(response);
    }

    /// <summary>Sends and returns as soon as the headers are there.</summary>
    public Task<HttpResponseMessage> OpenAsync(HttpMethod method, string? body, CancellationToken ct, params (string Name, string? Value)[] headers) =>
        _http.SendAsync(Request(method, body is null ? null : Encoding.UTF8.GetBytes(body), headers), HttpCompletionOption.ResponseHeadersRead, ct);

    /// <summary>Opens a session the way a client of <paramref name="version"/> does, and returns its id.</summary>
    public async Task<string> InitializeAsync(string version = "2025-11-25")
    {
        var reply = await PostAsync(Rpc.Initialize(version));
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(version, reply.Result.GetProperty("protocolVersion").GetString());
        var id = Assert.Single(reply.Headers.GetValues("Mcp-Session-Id"));
        var initialized = await PostAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""", ("Mcp-Session-Id", id));
        Assert.Equal(HttpStatusCode.Accepted, initialized.Status);
        return id;
    }

    public void Dispose() => _http.Dispose();

    /// <summary>A header of value null leaves the default one out.</summary>
    private HttpRequestMessage Request(HttpMethod method, byte[]? body, (string Name, string? Value)[] headers)
    {
        var request = new HttpRequestMessage(method, _url);
        var all = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            ["Accept"] = "application/json, text/event-stream",
            ["Authorization"] = _key is null ? null : $"Bearer {_key}",
            ["Content-Type"] = body is null ? null : "application/json",
        };
        foreach (var (name, value) in headers)
        {
            all[name] = value;
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
        }

        foreach (var (name, value) in all)
        {
            if (value is null)
            {
                continue;
            }

            if (name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase))
            {
                request.Content!.Headers.TryAddWithoutValidation(name, value);
            }
            else
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return request;
    }
}

/// <summary>A reply read to its end: the messages are those of the JSON body or of the event stream.</summary>
public sealed record RawReply(HttpStatusCode Status, HttpResponseHeaders Headers, string? ContentType, string Body, IReadOnlyList<JsonElement> Messages)
{
    public JsonElement Result => Messages[^1].GetProperty("result");

    public JsonElement Error => Messages[^1].GetProperty("error");

    public int ErrorCode => Error.GetProperty("code").GetInt32();

    public string ErrorMessage => Error.GetProperty("message").GetString()!;

    public static async Task<RawReply> ReadAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync();
        var type = response.Content.Headers.ContentType?.MediaType;
        var messages = type == "text/event-stream"
            ? body.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(line => JsonElement.Parse(line[6..])).ToList()
            : body.StartsWith('{') ? [JsonElement.Parse(body)] : [];
        return new RawReply(response.StatusCode, response.Headers, type, body, messages);
    }
}

/// <summary>Messages as a client writes them.</summary>
public static class Rpc
{
    public const string Stateless = "2026-07-28";

    public static string Initialize(string version) =>
        $$"""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"{{version}}","capabilities":{},"clientInfo":{"name":"raw","version":"1"} } }""";

    public static string Call(int id, string tool, string arguments = "{}") =>
        Request(id, "tools/call", $$"""{"name":"{{tool}}","arguments":{{arguments}} }""");

    public static string Request(int id, string method, string parameters = "{}") =>
        $$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{{parameters}} }""";

    /// <summary>A request of 2026-07-28: its parameters, with the metadata that every request carries there.</summary>
    public static string Modern(int id, string method, string parameters = "")
    {
        const string meta = "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"," +
            "\"io.modelcontextprotocol/clientInfo\":{\"name\":\"raw\",\"version\":\"1\"},\"io.modelcontextprotocol/clientCapabilities\":{}}";
        var all = parameters.Length > 0 ? $"{parameters},{meta}" : meta;
        return Request(id, method, $"{{{all}}}");
    }

    public static (string, string?)[] ModernHeaders(string method, string? name = null) =>
        [("MCP-Protocol-Version", Stateless), ("Mcp-Method", method), ("Mcp-Name", name)];
}
