using Microsoft.Extensions.Options;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Engram.McpServer.Transport;

/// <summary>Makes the SDK's server for a session or for one stateless request. All of them share one set of options and handlers.</summary>
internal sealed class McpServerFactory(IOptions<McpServerOptions> options, TimeProvider time, ILoggerFactory loggers, IServiceProvider services)
{
    private readonly McpServerOptions _options = options.Value;

    public McpSession CreateSession(Guid owner)
    {
        var id = SessionTable.NewId();
        var transport = new StreamableHttpServerTransport(loggers) { SessionId = id, FlowExecutionContextFromRequests = true };
        return new McpSession(id, owner, transport, ModelContextProtocol.Server.McpServer.Create(transport, _options, loggers, services), time);
    }

    /// <summary>A server over a transport of the caller's, who runs and disposes of it.</summary>
    public ModelContextProtocol.Server.McpServer Create(ITransport transport) => ModelContextProtocol.Server.McpServer.Create(transport, _options, loggers, services);

    /// <summary>Serves one message without a session and is gone when it has been answered.</summary>
    public async Task<bool> ServeOnceAsync(
        JsonRpcMessage message, Stream response, Func<JsonRpcMessage?, ValueTask>? onResponseStarting, CancellationToken ct)
    {
        await using var transport = new StreamableHttpServerTransport(loggers) { Stateless = true };
        await using var server = ModelContextProtocol.Server.McpServer.Create(transport, _options, loggers, services);
        using var hungUp = new CancellationTokenSource();
        Task run;
        using (ExecutionContext.SuppressFlow())
        {
            run = server.RunAsync(hungUp.Token);
        }

        // The loop above must not carry the request's context, but the handler should: its spans belong under the request's.
        message.Context!.ExecutionContext = ExecutionContext.Capture();
        try
        {
            return await transport.HandlePostRequestAsync(message, response, onResponseStarting, ct);
        }
        catch (OperationCanceledException)
        {
            // The caller hung up. Ending the transport alone would let the tool run on.
            await hungUp.CancelAsync();
            throw;
        }
        finally
        {
            await transport.DisposeAsync();
            await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
