using System.Buffers;
using Engram.McpServer.Transport;

namespace Engram.McpServer.Tools;

/// <summary>
/// A response's body in which the data of a tool's result takes the place of its marks. What comes before the result passes through; the result
/// itself waits for <see cref="BoundedBody.CompleteAsync"/>.
/// </summary>
internal sealed class ResultBody(BoundedBody body, McpCall call) : Stream
{
    private ArrayBufferWriter<byte>? _held;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (call.Rendered is null)
        {
            return body.WriteAsync(buffer, cancellationToken);
        }

        // Until the message is whole: a mark must not be seen in halves.
        (_held ??= new ArrayBufferWriter<byte>(1024)).Write(buffer.Span);
        return default;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => (_held ??= new ArrayBufferWriter<byte>(1024)).Write(buffer.AsSpan(offset, count));

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_held is { WrittenCount: > 0 } held)
        {
            if (call.Rendered is { } rendered && BoundedBody.CanHold(held.WrittenCount + rendered.Length))
            {
                // Nothing follows a result: it goes out with the end of the response, in one packet and not in two.
                rendered.Fill(held.WrittenSpan, body);
                held.ResetWrittenCount();
                return;
            }

            var message = held;
            if (call.Rendered is { } large)
            {
                message = new ArrayBufferWriter<byte>(held.WrittenCount + large.Length);
                large.Fill(held.WrittenSpan, message);
            }

            await body.WriteAsync(message.WrittenMemory, cancellationToken);
            held.ResetWrittenCount();
        }

        await body.FlushAsync(cancellationToken);
    }

    // The SDK only writes asynchronously.
    public override void Flush() => FlushAsync(CancellationToken.None).GetAwaiter().GetResult();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
