using System.Collections.Frozen;
using System.Text.Json;
using Engram.Engine;
using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Engram.Engine.Providers;
using Engram.McpServer.Transport;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Engram.McpServer.Tools;

/// <summary>
/// The tools in the order in which they are always listed, and the one way a call takes: scope, arguments, work, and what every
/// result carries in <c>_meta</c>.
/// </summary>
internal sealed class ToolCatalogue
{
    /// <summary>The list only changes with a deployment, so a client may keep it for a while, and share it between users.</summary>
    private static readonly TimeSpan ListTimeToLive = TimeSpan.FromMinutes(5);

    /// <summary>The first revision in which a result has structured content.</summary>
    private const string FirstWithStructure = "2025-06-18";

    private readonly FrozenDictionary<string, EngramTool> _byName;
    private readonly Tool[] _definitions;
    private readonly ILogger<ToolCatalogue> _logger;

    public ToolCatalogue(IEnumerable<EngramTool> tools, ILogger<ToolCatalogue> logger)
    {
        var ordered = tools.ToArray();
        _definitions = [.. ordered.Select(tool => tool.Definition)];
        _byName = ordered.ToFrozenDictionary(tool => tool.Name, StringComparer.Ordinal);
        _logger = logger;
    }

    public IReadOnlyList<Tool> Definitions => _definitions;

    public ValueTask<ListToolsResult> ListAsync(RequestContext<ListToolsRequestParams> request, CancellationToken ct)
    {
        if (request.Params?.Cursor is not null)
        {
            throw new McpProtocolException("Unknown cursor: tools/list has one page.", McpErrorCode.InvalidParams);
        }

        var result = new ListToolsResult { Tools = [.. _definitions] };
        if (ProtocolVersions.IsPerRequest(request.Server.NegotiatedProtocolVersion))
        {
            (result.TimeToLive, result.CacheScope) = (ListTimeToLive, CacheScope.Public);
        }

        return new(result);
    }

    public async ValueTask<CallToolResult> CallAsync(RequestContext<CallToolRequestParams> request, CancellationToken ct)
    {
        var call = McpCall.Of(request.Items);
        if (request.Params is not { } parameters || !_byName.TryGetValue(parameters.Name, out var tool))
        {
            throw new McpProtocolException(
                $"Unknown tool: '{request.Params?.Name}'. The tools are: {string.Join(", ", _definitions.Select(t => t.Name))}.",
                McpErrorCode.InvalidParams);
        }

        call.Timer.Operation = tool.Name;
        call.Client = new WaitingClient(request.Server, parameters);
        CallToolResult result;
        using (call.Timer.Measure(Hop.ToolDispatch))
        {
            result = await RunAsync(call, tool, parameters, ct);
        }

        Grade(result, tool, call);
        if (request.Server.NegotiatedProtocolVersion is { } version && string.CompareOrdinal(version, FirstWithStructure) < 0)
        {
            // It would be the same data a second time, for a client that does not know it.
            result.StructuredContent = null;
        }

        ResultMeta.Add(result, call);
        return result;
    }

    private async ValueTask<CallToolResult> RunAsync(McpCall call, EngramTool tool, CallToolRequestParams parameters, CancellationToken ct)
    {
        if (!call.Caller.Has(tool.Scope))
        {
            return ToolResult.Error("insufficient_scope",
                $"This API key may not call {tool.Name}: it lacks the scope '{string.Join("', '", ScopeNames.Of(tool.Scope))}'. Ask the account's owner for a key that has it.");
        }

        var arguments = new ToolArguments(parameters.Arguments);
        arguments.RejectUnknown(tool.ArgumentNames);
        try
        {
            var result = await tool.RunAsync(call, arguments, ct);
            return arguments.Invalid || result is null ? ToolResult.InvalidArguments(tool.Name, arguments.Complaints) : result;
        }
        catch (EngramException ex)
        {
            return ToolFailures.Of(ex, parameters.Arguments);
        }
        catch (ProviderException ex)
        {
            return ToolFailures.Of(ex.Fault);
        }
        catch (Exception ex) when (ex is not (OperationCanceledException or McpException or InputRequiredException))
        {
            Log.ToolFailed(_logger, tool.Name, call.RequestId, ex);
            return ToolResult.Error("internal_error",
                $"{tool.Name} failed in the server, not because of its arguments. Trying again once is reasonable; " +
                $"if it fails again, tell the user the request id {call.RequestId}.");
        }
    }

    /// <summary>By what was answered: an error's code, or whether the result has what its schema requires.</summary>
    private static void Grade(CallToolResult result, EngramTool tool, McpCall call)
    {
        var timer = call.Timer;
        if (result.IsError == true)
        {
            var code = result.Meta?["engram/error"]?.GetValue<string>();
            var outcome = code switch
            {
                "internal_error" or "not_ready" => OpOutcome.ServerError,
                not null when code.StartsWith("provider_", StringComparison.Ordinal) && timer.Llm?.Fault is not null => OpOutcome.ProviderFault,
                _ => OpOutcome.ClientError,
            };
            timer.Fail(outcome, outcome == OpOutcome.ProviderFault ? timer.Llm?.Fault : code);
        }
        else if (!tool.Requires.All(name => call.Rendered?.Has(name)
            ?? (result.StructuredContent is { ValueKind: JsonValueKind.Object } content && content.TryGetProperty(name, out _))))
        {
            timer.Fail(OpOutcome.ShapeFail, null);
        }
    }
}
