using System.Buffers;
using Engram.McpServer.Auth;

namespace Engram.McpServer.Transport;

/// <summary>
/// The server's own messages of one session, on their way to whichever GET is open. The SDK's transport takes a stream once per
/// session; a client whose connection broke has to be able to open another GET, so the SDK is given this relay instead of a response.
/// Whole flushes are passed on, never parts of an event; with no GET open they are dropped, as the specification allows.
/// </summary>
internal sealed class EventStreamRelay : Stream
{
    private static readonly byte[] KeepAliveComment = ": keep-alive\n\n"u8.ToArray();

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly ArrayBufferWriter<byte> _pending = new();
    private Stream? _attached;
    private int _taken;

    public bool IsAttached => Volatile.Read(ref _taken) != 0;

    /// <summary>What the GET that is open was let in with: a session outlives access tokens, so whoever opened it may not be who reads it now.</summary>
    public Credential? Reader { get; private set; }

    /// <summary>False when another GET of this session is already open.</summary>
    public bool TryAttach(Stream response, Credential reader)
    {
        if (Interlocked.CompareExchange(ref _taken, 1, 0) != 0)
        {
            return false;
        }

        Reader = reader;
        Volatile.Write(ref _attached, response);
        return true;
    }

    public async Task DetachAsync()
    {
        // Behind the gate, so that the response is not completed under a write.
        await _gate.WaitAsync(CancellationToken.None);
        _attached = null;
        Reader = null;
        _gate.Release();
        Volatile.Write(ref _taken, 0);
    }

    public async Task KeepAliveAsync(CancellationToken ct)
    {
        await _gate.WaitAsync(ct);
        try
        {
            if (_attached is { } response)
            {
                await response.WriteAsync(KeepAliveComment, ct);
                await response.FlushAsync(ct);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_attached is { } response && _pending.WrittenCount > 0)
            {
                await response.WriteAsync(_pending.WrittenMemory, cancellationToken);
                await response.FlushAsync(cancellationToken);
            }
        }
        catch (Exception ex) when (ex is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The reader is gone; its GET ends by itself and the next one attaches.
        }
        finally
        {
            _pending.ResetWrittenCount();
            _gate.Release();
        }
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _gate.Wait();
        try
        {
            _pending.Write(buffer);
        }
        finally
        {
            _gate.Release();
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            _pending.Write(buffer.Span);
        }
        finally
        {
            _gate.Release();
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => FlushAsync(CancellationToken.None).GetAwaiter().GetResult();

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
