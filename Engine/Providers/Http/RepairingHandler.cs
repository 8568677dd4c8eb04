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

    private sealed class RepairedContent : ReplyContent
    {
        private readonly bool _streamed;

        public RepairedContent(HttpContent inner, bool streamed)
            : base(inner)
        {
            _streamed = streamed;
            Headers.ContentType = inner.Headers.ContentType;
        }

        protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken)
        {
            var source = await Inner.ReadAsStreamAsync(cancellationToken);
            if (_streamed)
            {
                return new RepairedEvents(new StreamReader(source, Encoding.UTF8));
            }

            using var reader = new StreamReader(source, Encoding.UTF8);
            return new MemoryStream(Encoding.UTF8.GetBytes(ReplyRepair.Repair(await reader.ReadToEndAsync(cancellationToken))));
        }
    }

    /// <summary>Server-sent events, line by line: a line of data is repaired, any other goes through. Gives out each line as soon as it is complete.</summary>
    private sealed class RepairedEvents(StreamReader reader) : ReplyStream<StreamReader>(reader)
    {
        private const string Data = "data:";

        private ReadOnlyMemory<byte> _line;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_line.IsEmpty)
            {
                Take(await Source.ReadLineAsync(cancellationToken));
            }

            return Give(buffer.Span);
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (_line.IsEmpty)
            {
                Take(Source.ReadLine());
            }

            return Give(buffer.AsSpan(offset, count));
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
