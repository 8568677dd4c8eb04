using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using System.Threading.Channels;
using Engram.McpServer.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Engram.McpServer.Tests;

/// <summary>What Kestrel's buffers do to a body, over a connection of which the test decides when it is read.</summary>
public sealed class BoundedBodyTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_result_fits_wherever_the_buffer_of_a_slow_connection_ends()
    {
        var wire = new TestTransport();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IConnectionListenerFactory>(wire);
        await using var app = builder.Build();
        app.Run(async context =>
        {
            var body = new BoundedBody(context, TimeSpan.FromSeconds(30));
            await body.FlushAsync(context.RequestAborted);
            ((IBufferWriter<byte>)body).Write(Encoding.ASCII.GetBytes(context.Request.Path.Value![1..]));
            await body.CompleteAsync(context.RequestAborted);
        });
        await app.StartAsync(Cancel);
        var client = wire.Connect();

        for (var i = 0; i < 5_000; i++)
        {
            var text = new string('x', 1 + (i % 61));
            await client.Output.WriteAsync(Encoding.ASCII.GetBytes($"GET /{text} HTTP/1.1\r\nHost: localhost\r\n\r\n"), Cancel);

            var response = await ReadAsync(client.Input);

            Assert.StartsWith("HTTP/1.1 200 OK", response, StringComparison.Ordinal);
            Assert.Contains(text, response, StringComparison.Ordinal);
        }

        await client.Output.CompleteAsync();
    }

    /// <summary>Reads to the end of a response but for its last byte, which keeps the rest of the buffer for the next one.</summary>
    private static async Task<string> ReadAsync(PipeReader reader)
    {
        while (true)
        {
            var read = await reader.ReadAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancel);
            var text = Encoding.ASCII.GetString(read.Buffer);
            if (text.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal))
            {
                reader.AdvanceTo(read.Buffer.GetPosition(read.Buffer.Length - 1));
                return text.TrimStart('\n');
            }

            Assert.False(read.IsCompleted, $"The connection ended after: {text}");
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>Connections of pipes instead of sockets.</summary>
    private sealed class TestTransport : IConnectionListenerFactory, IConnectionListener
    {
        private readonly Channel<ConnectionContext> _connections = Channel.CreateUnbounded<ConnectionContext>();

        public EndPoint EndPoint { get; private set; } = null!;

        public IDuplexPipe Connect()
        {
            var options = new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false);
            var (requests, responses) = (new Pipe(options), new Pipe(options));
            _connections.Writer.TryWrite(new DefaultConnectionContext(
                "test", new Duplex(requests.Reader, responses.Writer), new Duplex(responses.Reader, requests.Writer)));
            return new Duplex(responses.Reader, requests.Writer);
        }

        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
        {
            EndPoint = endpoint;
            return ValueTask.FromResult<IConnectionListener>(this);
        }

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            await _connections.Reader.WaitToReadAsync(cancellationToken) && _connections.Reader.TryRead(out var connection) ? connection : null;

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _connections.Writer.TryComplete();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
    }
}
