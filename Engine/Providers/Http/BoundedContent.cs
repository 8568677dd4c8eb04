using System.Net;

namespace Engram.Engine.Providers;

/// <summary>A provider sent more than is read of any reply.</summary>
/// <param name="maxBytes">The bound.</param>
internal sealed class OversizedReplyException(long maxBytes) : IOException($"The reply is larger than {maxBytes} bytes.")
{
    public long MaxBytes { get; } = maxBytes;
}

/// <summary>A reply of which no more than the bound is read, streamed or not.</summary>
internal sealed class BoundedContent : ReplyContent
{
    private readonly long _maxBytes;

    public BoundedContent(HttpContent inner, long maxBytes)
        : base(inner)
    {
        _maxBytes = maxBytes;
        foreach (var header in inner.Headers.NonValidated)
        {
            Headers.TryAddWithoutValidation(header.Key, header.Value);
        }
    }

    protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken) =>
        new BoundedStream(await Inner.ReadAsStreamAsync(cancellationToken), _maxBytes);

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) =>
        new BoundedStream(Inner.ReadAsStream(cancellationToken), _maxBytes);

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var source = CreateContentReadStream(cancellationToken);
        source.CopyTo(stream);
    }

    private sealed class BoundedStream(Stream source, long maxBytes) : ReplyStream<Stream>(source)
    {
        private long _read;

        public override int Read(byte[] buffer, int offset, int count) => Count(Source.Read(buffer, offset, count));

        public override int Read(Span<byte> buffer) => Count(Source.Read(buffer));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Count(await Source.ReadAsync(buffer, cancellationToken));

        private int Count(int read) => (_read += read) <= maxBytes ? read : throw new OversizedReplyException(maxBytes);
    }
}
