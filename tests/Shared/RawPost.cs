using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Engram.Tests.Shared;

/// <summary>
/// Posts by hand. A server that refuses a body hangs up before it has read it, and an HttpClient that is still writing may see nothing but that.
/// </summary>
public static class RawPost
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>Sends the body whole, with its length or as one chunk, and reads what comes until the server hangs up.</summary>
    /// <param name="url">Where to, on the loopback interface.</param>
    /// <param name="body">JSON.</param>
    /// <param name="withLength">Whether the length is told before.</param>
    /// <param name="headers">More headers, each a line.</param>
    public static async Task<string> SendAsync(Uri url, string body, bool withLength, params string[] headers)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, url.Port, deadline.Token);
        var length = Encoding.UTF8.GetByteCount(body);
        var framing = withLength ? string.Create(CultureInfo.InvariantCulture, $"Content-Length: {length}\r\n\r\n") : string.Create(CultureInfo.InvariantCulture, $"Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n");
        string[] head = [$"POST {url.AbsolutePath} HTTP/1.1", $"Host: {url.Authority}", "Connection: close", "Content-Type: application/json", .. headers];
        await socket.SendAsync(Encoding.UTF8.GetBytes($"{string.Join("\r\n", head)}\r\n{framing}{body}{(withLength ? "" : "\r\n0\r\n\r\n")}"), deadline.Token);
        var reply = new MemoryStream();
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, deadline.Token) is > 0 and var read)
                reply.Write(buffer, 0, read);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // What it had said has been read.
        }

        return Encoding.UTF8.GetString(reply.ToArray());
    }
}
