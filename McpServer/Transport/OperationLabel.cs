using System.Collections.Frozen;
using System.Diagnostics;
using Engram.Engine.Latency;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Transport;

/// <summary>What a request is recorded as before its tool is known, and how its answer's frames are timed.</summary>
internal static class OperationLabel
{
    // Labels become series of metrics: a client's own invention must not make one.
    private const string Unknown = "(unknown method)";

    private static readonly FrozenSet<string> Known = new[]
    {
        RequestMethods.Initialize, RequestMethods.Ping, RequestMethods.ToolsList, RequestMethods.ToolsCall, RequestMethods.PromptsList, RequestMethods.PromptsGet,
        RequestMethods.ResourcesList, RequestMethods.ResourcesRead, RequestMethods.ResourcesTemplatesList, RequestMethods.ResourcesSubscribe,
        RequestMethods.ResourcesUnsubscribe, RequestMethods.CompletionComplete, "logging/setLevel", "server/discover",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The method of a request; null for what asks for nothing, or only to be told things for as long as it stays open.</summary>
    public static string? Of(JsonRpcMessage message) => message is JsonRpcRequest { Method: not RequestMethods.SubscriptionsListen and var method } ? Known.Contains(method) ? method : Unknown : null;

    /// <summary>What came after the last part that was measured is the writing of the answer's frames.</summary>
    public static void EndFraming(OpTimer timer, BoundedBody body)
    {
        timer.ResponseBytes = body.Bytes;
        var last = timer.Hops().Max(hop => (long?)(hop.Started + hop.Ticks));
        timer.Add(Hop.Framing, last ?? timer.Started, Stopwatch.GetTimestamp(), "response");
    }
}
