using System.Buffers;

namespace Engram.McpServer.Transport;

/// <summary>
/// A response body that knows how many bytes went through it, and gives up on a reader that takes none: Kestrel's own bound grows with what is
/// written at once, so a large result would hold its place for hours. Here every piece has its own, and the connection ends with it.
/// </summary>
internal sealed class BoundedBody(HttpContext context, TimeSpan limit) : Stream, IBufferWriter<byte>
{
    /// <summary>What Kestrel buffers before a write waits for the reader.</summary>
    private const int Piece = 64 * 1024;

    private const int LeastSpan = 1024;

    private readonly Stream _body = context.Response.Body;

    public long Bytes { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Flush() => throw new NotSupportedException();

    public override Task FlushAsync(CancellationToken cancellationToken)
    {
        var flush = _body.FlushAsync(cancellationToken);
        return flush.IsCompletedSuccessfully ? flush : WaitAsync(flush, cancellationToken);
    }

    /// <summary>Ends the response and sends what is left of it.</summary>
    public Task CompleteAsync(CancellationToken cancellationToken)
    {
        var completion = context.Response.CompleteAsync();
        return completion.IsCompletedSuccessfully ? completion : WaitAsync(completion, cancellationToken);
    }

    /// <summary>Whether this much may be written into the buffer and left there for <see cref="CompleteAsync"/>: one piece, which has one bound.</summary>
    public static bool CanHold(int bytes) => bytes <= Piece;

    public void Advance(int count)
    {
        context.Response.BodyWriter.Advance(count);
        Bytes += count;
    }

    // Kestrel takes the frame of a chunk out of what its pipe has left, which may leave nothing: so never a small rest of a block.
    public Memory<byte> GetMemory(int sizeHint = 0) => context.Response.BodyWriter.GetMemory(Math.Max(LeastSpan, sizeHint));

    public Span<byte> GetSpan(int sizeHint = 0) => context.Response.BodyWriter.GetSpan(Math.Max(LeastSpan, sizeHint));

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var piece = buffer[..Math.Min(buffer.Length, Piece)];
            var write = _body.WriteAsync(piece, cancellationToken);
            if (!write.IsCompletedSuccessfully)
            {
                await WaitAsync(write.AsTask(), cancellationToken);
            }

            Bytes += piece.Length;
            buffer = buffer[piece.Length..];
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async Task WaitAsync(Task written, CancellationToken ct)
    {
        try
        {
            await written.WaitAsync(limit, ct);
        }
        catch (TimeoutException)
        {
            context.Abort();
            throw new IOException($"The client read nothing for {limit.TotalSeconds:F0} s.");
        }
    }
}
