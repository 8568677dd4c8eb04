using System.Buffers;
using Engram.McpServer.Transport;

namespace Engram.McpServer.Tools;

/// <summary>
/// A response's body in which the data of a tool's result takes the place of its marks. What comes before the result passes through; the result
/// itself waits for <see cref="CompleteAsync"/>, so that a quick call is answered in one packet.
/// </summary>
internal sealed class ResultBody(BoundedBody body, McpCall call, TimeProvider time) : Stream
{
    private readonly HeldHeaders _headers = new(body, time);
    private ArrayBufferWriter<byte>? _held;
    private bool _begun;

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
            return PassAsync(buffer, cancellationToken);
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
                // Nothing follows a result.
                await BeginAsync();
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

            await PassAsync(message.WrittenMemory, cancellationToken);
            held.ResetWrittenCount();
        }

        if (_begun)
        {
            await body.FlushAsync(cancellationToken);
        }
        else
        {
            _headers.Hold();
        }
    }

    /// <summary>Ends the response and sends what is left of it.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        await BeginAsync();
        await body.CompleteAsync(cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        // After this the connection may be another request's.
        await BeginAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await base.DisposeAsync();
    }

    // The SDK only writes asynchronously.
    public override void Flush() => FlushAsync(CancellationToken.None).GetAwaiter().GetResult();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private Task BeginAsync()
    {
        _begun = true;
        return _headers.ReleaseAsync();
    }

    private async ValueTask PassAsync(ReadOnlyMemory<byte> buffer, CancellationToken ct)
    {
        await BeginAsync();
        await body.WriteAsync(buffer, ct);
    }
}
