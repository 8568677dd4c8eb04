using System.Buffers;
using Engram.McpServer.Transport;

namespace Engram.McpServer.Tools;

/// <summary>
/// A response's body in which the data of a tool's result takes the place of its marks. What comes before the result passes through; the result
/// itself waits for <see cref="CompleteAsync"/>, so that a quick call is answered in one packet. Once disposed of it takes nothing more: whoever still
/// runs for a call that was given up would write into the next answer on the same connection.
/// </summary>
internal sealed class ResultBody(BoundedBody body, McpCall call, TimeProvider time) : Stream
{
    private readonly HeldHeaders _headers = new(body, time);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private ArrayBufferWriter<byte>? _held;
    private bool _begun;
    private bool _ended;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var turn = await TakeTurnAsync(cancellationToken);
        if (call.Rendered is null)
        {
            await BeginAsync();
            await body.WriteAsync(buffer, cancellationToken);
            return;
        }

        // Until the message is whole: a mark must not be seen in halves.
        (_held ??= new ArrayBufferWriter<byte>(1024)).Write(buffer.Span);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        using var turn = await TakeTurnAsync(cancellationToken);
        if (_held is { WrittenCount: > 0 } held)
        {
            await BeginAsync();
            await SendAsync(call.Rendered!, held.WrittenMemory, cancellationToken);
            held.ResetWrittenCount();
        }
        else if (_begun)
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
        using var turn = await TakeTurnAsync(cancellationToken);
        await BeginAsync();
        await body.CompleteAsync(cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        // What is being written is bounded, by the client's leaving or the body's own limit.
        await _turn.WaitAsync();
        _ended = true;
        _turn.Release();
        await BeginAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await base.DisposeAsync();
    }

    public override void Flush() => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async ValueTask<Turn> TakeTurnAsync(CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        if (_ended)
        {
            _turn.Release();
            throw new ObjectDisposedException(nameof(ResultBody), "The response has ended.");
        }

        return new Turn(_turn);
    }

    private Task BeginAsync()
    {
        _begun = true;
        return _headers.ReleaseAsync();
    }

    private async ValueTask SendAsync(RenderedResult result, ReadOnlyMemory<byte> marked, CancellationToken ct)
    {
        var length = marked.Length + result.Length;
        if (BoundedBody.CanHold(length))
        {
            // Nothing follows a result: it goes with the end of the response.
            result.Fill(marked.Span, body);
            return;
        }

        var message = new ArrayBufferWriter<byte>(length);
        result.Fill(marked.Span, message);
        await body.WriteAsync(message.WrittenMemory, ct);
    }

    private readonly struct Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
