using System.Net;
using System.Text;

namespace Engram.Engine.Providers;

/// <summary>Repairs the replies of servers that are only nearly compatible (<see cref="ReplyRepair"/>), whole or piece by piece.</summary>
internal sealed class RepairingHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        var type = response.Content.Headers.ContentType?.MediaType;
        if (response.IsSuccessStatusCode && type is "text/event-stream")
        {
            response.Content = new RepairedContent(response.Content, streamed: true);
        }
        else if (response.IsSuccessStatusCode && type?.EndsWith("json", StringComparison.Ordinal) == true)
        {
            response.Content = new RepairedContent(response.Content, streamed: false);
        }

        return response;
    }

    private sealed class RepairedContent : HttpContent
    {
        private readonly HttpContent _inner;
        private readonly bool _streamed;

        public RepairedContent(HttpContent inner, bool streamed)
        {
            (_inner, _streamed) = (inner, streamed);
            Headers.ContentType = inner.Headers.ContentType;
        }

        protected override Task<Stream> CreateContentReadStreamAsync() => CreateContentReadStreamAsync(CancellationToken.None);

        protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken)
        {
            var source = await _inner.ReadAsStreamAsync(cancellationToken);
            if (_streamed)
            {
                return new RepairedEvents(source);
            }

            using var reader = new StreamReader(source, Encoding.UTF8);
            return new MemoryStream(Encoding.UTF8.GetBytes(ReplyRepair.Repair(await reader.ReadToEndAsync(cancellationToken))));
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await using var source = await CreateContentReadStreamAsync(cancellationToken);
            await source.CopyToAsync(stream, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }

    /// <summary>Server-sent events, line by line: a line of data is repaired, any other goes through. Gives out each line as soon as it is complete.</summary>
    private sealed class RepairedEvents(Stream source) : Stream
    {
        private const string Data = "data:";

        private readonly StreamReader _reader = new(source, Encoding.UTF8);
        private ReadOnlyMemory<byte> _line;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_line.IsEmpty)
            {
                Take(await _reader.ReadLineAsync(cancellationToken));
            }

            return Give(buffer.Span);
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (_line.IsEmpty)
            {
                Take(_reader.ReadLine());
            }

            return Give(buffer.AsSpan(offset, count));
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _reader.Dispose();
            }

            base.Dispose(disposing);
        }

        private void Take(string? line)
        {
            if (line is null)
            {
                return;
            }

            var repaired = line.StartsWith(Data, StringComparison.Ordinal) && line.Contains('{', StringComparison.Ordinal)
                ? $"{Data} {ReplyRepair.Repair(line[Data.Length..].TrimStart())}"
                : line;
            _line = Encoding.UTF8.GetBytes(repaired + "\n");
        }

        private int Give(Span<byte> buffer)
        {
            var length = Math.Min(buffer.Length, _line.Length);
            _line.Span[..length].CopyTo(buffer);
            _line = _line[length..];
            return length;
        }
    }
}
