using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Engram.Benchmarks.Latency;
using Engram.Benchmarks.Platform;

namespace Engram.Benchmarks.Mcp;

/// <summary>Calls Engram's tools in one session over HTTP.</summary>
internal sealed class EngramTools : IDisposable
{
    private readonly RawConnection _connection;
    private readonly Uri _mcp;
    private readonly string _key;
    private readonly string _headers;

    private EngramTools(RawConnection connection, Uri mcp, string key, string headers) => (_connection, _mcp, _key, _headers) = (connection, mcp, key, headers);

    public static async Task<EngramTools> OpenAsync(PlatformAddress platform, CancellationToken cancellationToken)
    {
        var mcp = platform.Mcp ?? throw new BenchmarkException("--mcp is missing: the address of the MCP server.");
        var connection = await RawConnection.OpenAsync(mcp, cancellationToken);
        try
        {
            return new EngramTools(connection, mcp, platform.Key, await new McpSessions(mcp, platform.Key).InitializeAsync(connection, cancellationToken));
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Calls a tool.</summary>
    /// <returns>Its structured content, and the time from writing the request to having read and parsed the answer.</returns>
    public async Task<(JsonElement Content, double Milliseconds)> CallAsync(string tool, object arguments, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var request = RawRequest.Post(_mcp, _mcp.AbsolutePath, _key, McpSessions.Body(tool, arguments), _headers);
        var status = await _connection.ExchangeAsync(request, cancellationToken);
        if (status != 200)
            throw new BenchmarkException($"The MCP server answered {status}: {Encoding.UTF8.GetString(_connection.Answer)}");
        var message = JsonElement.Parse(LastEvent(_connection.Answer));
        var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        return message.TryGetProperty("result", out var result) && result.TryGetProperty("structuredContent", out var content)
            ? (content, elapsed)
            : throw new BenchmarkException($"The tool {tool} failed: {message.GetRawText()}");
    }

    public void Dispose() => _connection.Dispose();

    /// <summary>The data of the last event, without the chunks of HTTP that it came in.</summary>
    private static byte[] LastEvent(ReadOnlySpan<byte> answer)
    {
        var rest = answer[(answer.IndexOf("\r\n\r\n"u8) + 4)..];
        var body = new MemoryStream();
        if (answer[..^rest.Length].IndexOf("chunked"u8) < 0)
        {
            body.Write(rest);
        }
        else
        {
            while (rest.IndexOf("\r\n"u8) is > 0 and var line && System.Buffers.Text.Utf8Parser.TryParse(rest[..line], out int size, out _, 'x') && size > 0)
            {
                body.Write(rest.Slice(line + 2, size));
                rest = rest[(line + 2 + size + 2)..];
            }
        }

        ReadOnlySpan<byte> whole = body.ToArray();
        var data = whole[(whole.LastIndexOf("data: "u8) + 6)..];
        var end = data.IndexOf((byte)'\n');
        return (end < 0 ? data : data[..end]).ToArray();
    }
}
