using System.Text.Json.Nodes;
using Engram.Engine.Latency;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>What every result carries in <c>_meta</c>: the id under which the request was recorded, and where its time went.</summary>
internal static class ResultMeta
{
    public static T Add<T>(T result, McpCall call)
        where T : Result
    {
        var timings = new JsonObject();
        foreach (var hop in call.Timer.Hops())
        {
            timings[HopNames.Of(hop.Hop)] = Math.Round(call.Timer.Total(hop.Hop).TotalMilliseconds, 3);
        }

        timings["total"] = Math.Round(call.Timer.Elapsed.TotalMilliseconds, 3);
        result.Meta ??= [];
        result.Meta["engram/request_id"] = call.RequestId;
        result.Meta["engram/timings_ms"] = timings;
        if (call.UsageWarning is not null)
        {
            result.Meta["engram/usage_warning"] = call.UsageWarning;
        }

        return result;
    }
}
