using System.Buffers.Text;
using System.Net.Sockets;

namespace Engram.Benchmarks.Latency;

/// <summary>
/// One kept-alive HTTP/1.1 connection that sends bytes made beforehand and reads to the end of the answer. It shares two cores with the server it
/// measures, so it does as little as can be done: no header objects, no JSON, no allocation in the timed part.
/// </summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _buffer = new byte[64 * 1024];
    private int _filled;

    private RawConnection()
    {
    }

    /// <summary>The last answer, head and body as they came. Valid until the next exchange.</summary>
    public ReadOnlySpan<byte> Answer => _buffer.AsSpan(0, _filled);

    public static async Task<RawConnection> OpenAsync(Uri address, CancellationToken cancellationToken)
    {
        if (address.Scheme != Uri.UriSchemeHttp)
            throw new BenchmarkException($"{address} is not measured: the lean client of this benchmark speaks http only, and TLS would be in the figures.");
        var connection = new RawConnection();
        try
        {
            await connection._socket.ConnectAsync(address.Host, address.Port, cancellationToken);
            return connection;
        }
        catch (SocketException e)
        {
            connection.Dispose();
            throw new BenchmarkException($"Nothing answers at {address}: {e.Message}. {Platform.PlatformAddress.HowToStart}", e);
        }
    }

    /// <summary>Sends a request and reads the whole answer.</summary>
    /// <returns>The HTTP status.</returns>
    public async ValueTask<int> ExchangeAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        for (var sent = 0; sent < request.Length;)
            sent += await _socket.SendAsync(request[sent..], SocketFlags.None, cancellationToken);
        _filled = 0;
        var head = 0;
        while ((head = EndOfHead()) < 0)
            await ReceiveAsync(cancellationToken);
        var (status, length, chunked) = ReadHead(_buffer.AsSpan(0, head));
        if (chunked)
        {
            for (var at = head; (at = await ChunkAsync(at, cancellationToken)) >= 0;)
            {
            }
        }
        else
        {
            while (_filled < head + length)
                await ReceiveAsync(cancellationToken);
        }

        return status;
    }

    public void Dispose() => _socket.Dispose();

    private int EndOfHead()
    {
        var end = _buffer.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8);
        return end < 0 ? -1 : end + 4;
    }

    /// <summary>Reads the chunk that starts at a position.</summary>
    /// <returns>Where the next one starts, or -1 after the last.</returns>
    private async ValueTask<int> ChunkAsync(int at, CancellationToken cancellationToken)
    {
        int line;
        while ((line = _buffer.AsSpan(at, _filled - at).IndexOf("\r\n"u8)) < 0)
            await ReceiveAsync(cancellationToken);
        if (!Utf8Parser.TryParse(_buffer.AsSpan(at, line), out int size, out _, 'x'))
            throw new BenchmarkException("The server sent a chunk without a size.");
        var next = at + line + 2 + size + 2;
        while (_filled < next)
            await ReceiveAsync(cancellationToken);
        return size == 0 ? -1 : next;
    }

    private async ValueTask ReceiveAsync(CancellationToken cancellationToken)
    {
        if (_filled == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        var received = await _socket.ReceiveAsync(_buffer.AsMemory(_filled), SocketFlags.None, cancellationToken);
        if (received == 0)
            throw new BenchmarkException("The server closed the connection in the middle of the benchmark.");
        _filled += received;
    }

    private static (int Status, int Length, bool Chunked) ReadHead(ReadOnlySpan<byte> head)
    {
        // "HTTP/1.1 200 ..."
        var (length, chunked) = (0, false);
        for (var line = head[(head.IndexOf("\r\n"u8) + 2)..]; line.Length > 2; line = line[(line.IndexOf("\r\n"u8) + 2)..])
        {
            var colon = line.IndexOf((byte)':');
            var name = line[..colon];
            if (System.Text.Ascii.EqualsIgnoreCase(name, "content-length"u8))
                length = Number(line[(colon + 2)..]);
            else if (System.Text.Ascii.EqualsIgnoreCase(name, "transfer-encoding"u8))
                chunked = true;
        }

        return (Number(head[9..12]), length, chunked);
    }

    private static int Number(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out int number, out _) ? number : throw new BenchmarkException("The server sent something that is not HTTP/1.1.");
}
