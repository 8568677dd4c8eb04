using System.Diagnostics;
using System.Text.Json.Nodes;
using Engram.Engine;
using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>
/// Sends real messages through the SDK, the tools and the database before the socket is bound, so that the first caller does not pay for
/// compiling them. They are those of a tenant that does not exist: nothing is written, nothing found.
/// </summary>
internal sealed class ToolWarmUp(McpServerFactory servers, TimeProvider time, ILogger<ToolWarmUp> logger) : IHostedLifecycleService
{
    /// <summary>The runtime compiles a method anew, optimised, after 30 calls.</summary>
    private const int Rounds = 40;

    private static readonly (string Name, string Arguments)[] Calls =
    [
        ("list_buckets", "{}"), ("list_memories", "{}"), ("search_memories", """{"query":"warm up"}"""),
        ("get_memory", """{"memory_id":"0198c0de-7a11-7000-8000-000000000000"}"""), ("store_memory", "{}"),
    ];

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var nobody = new Principal(new Tenant(Guid.CreateVersion7()), "", Guid.Empty, "", "", Scopes.All, Buckets: null, User: null);
        try
        {
            await using var session = servers.CreateSession(nobody.KeyId);
            session.Start();
            await SendAsync(session, nobody, RequestMethods.Initialize,
                """{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"warm-up","version":"1"}}""", cancellationToken);
            for (var round = 0; round < Rounds; round++)
            {
                await SendAsync(session, nobody, RequestMethods.ToolsList, "{}", cancellationToken);
                foreach (var (name, arguments) in Calls)
                {
                    await SendAsync(session, nobody, RequestMethods.ToolsCall, $$"""{"name":"{{name}}","arguments":{{arguments}}}""", cancellationToken);
                }
            }

            Log.Warmed(logger, time.GetElapsedTime(started).TotalMilliseconds);
        }
        catch (Exception ex) when (ex is not OperationCanceledException)
        {
            // A cold start is slow, not wrong; readiness has its own check of the database.
            Log.NotWarmed(logger, ex);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static async Task SendAsync(McpSession session, Principal nobody, string method, string parameters, CancellationToken ct)
    {
        var call = new McpCall(nobody, new OpTimer(Guid.CreateVersion7()));
        var request = new JsonRpcRequest
        {
            Id = new RequestId(Stopwatch.GetTimestamp()),
            Method = method,
            Params = JsonNode.Parse(parameters),
            Context = call.ToContext(protocolVersion: null),
        };
        await session.Transport.HandlePostRequestAsync(request, Stream.Null, ct);
    }
}
