using System.Text;
using System.Text.Json;

namespace Engram.Benchmarks.Latency;

/// <summary>Calls of MCP tools in a session, as clients that initialize make them.</summary>
internal sealed class McpSessions(Uri mcp, string key)
{
    private const string Version = "2025-11-25";
    private const string Accept = "Accept: application/json, text/event-stream\r\n";

    /// <summary>The tool that does nothing, where the server was told to have it.</summary>
    public const string NoOp = "benchmark_noop";

    /// <param name="name">As the report calls it.</param>
    /// <param name="tool">The tool.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="pattern">What a good result contains.</param>
    public Workload Calls(string name, string tool, object arguments, string pattern) => Calls(name, pattern, (tool, arguments));

    /// <param name="name">As the report calls it.</param>
    /// <param name="pattern">What every good result contains.</param>
    /// <param name="calls">Tools with their arguments, called in turn.</param>
    public Workload Calls(string name, string pattern, params (string Tool, object Arguments)[] calls) => new(
        name, mcp, 200, Encoding.UTF8.GetBytes(pattern), async (connection, _, ct) =>
        {
            var headers = await InitializeAsync(connection, ct);
            byte[][] requests = [.. calls.Select(call => RawRequest.Post(mcp, mcp.AbsolutePath, key, Body(call.Tool, call.Arguments), headers))];
            var count = 0;
            return () => requests[count++ % requests.Length];
        });

    /// <summary>Whether the server has the tool that does nothing.</summary>
    public async Task<bool> HasNoOpAsync(CancellationToken cancellationToken)
    {
        using var connection = await RawConnection.OpenAsync(mcp, cancellationToken);
        var headers = await InitializeAsync(connection, cancellationToken);
        await SendAsync(connection, headers, new { jsonrpc = "2.0", id = 2, method = "tools/call", @params = new { name = NoOp, arguments = new { } } }, 200, cancellationToken);
        return connection.Answer.IndexOf("\"done\""u8) >= 0;
    }

    /// <summary>The body of a call.</summary>
    public static byte[] Body(string tool, object arguments) =>
        JsonSerializer.SerializeToUtf8Bytes(new { jsonrpc = "2.0", id = 7, method = "tools/call", @params = new { name = tool, arguments } });

    /// <summary>Opens a session.</summary>
    /// <returns>The headers of every further request.</returns>
    public async Task<string> InitializeAsync(RawConnection connection, CancellationToken cancellationToken)
    {
        await SendAsync(
            connection, Accept,
            new { jsonrpc = "2.0", id = 1, method = "initialize", @params = new { protocolVersion = Version, capabilities = new { }, clientInfo = new { name = "engram-benchmarks", version = "1" } } },
            200, cancellationToken);
        const string name = "mcp-session-id:";
        var session = Encoding.UTF8.GetString(connection.Answer).Split("\r\n").FirstOrDefault(line => line.StartsWith(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new BenchmarkException($"The MCP server at {mcp} gave no session.");
        var headers = $"{Accept}Mcp-Session-Id: {session[name.Length..].Trim()}\r\nMCP-Protocol-Version: {Version}\r\n";
        await SendAsync(connection, headers, new { jsonrpc = "2.0", method = "notifications/initialized" }, 202, cancellationToken);
        return headers;
    }

    private async Task SendAsync(RawConnection connection, string headers, object message, int status, CancellationToken cancellationToken)
    {
        var answered = await connection.ExchangeAsync(RawRequest.Post(mcp, mcp.AbsolutePath, key, JsonSerializer.SerializeToUtf8Bytes(message), headers), cancellationToken);
        if (answered != status)
            throw new BenchmarkException($"The MCP server at {mcp} answered {answered}: {Encoding.UTF8.GetString(connection.Answer)}");
    }
}
