using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Engram.McpServer.Tools;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Transport;

/// <summary>Who calls and on which clock: what the transport knows of a request and hands to the tool through the message's context.</summary>
internal sealed record McpCall(Principal Caller, OpTimer Timer)
{
    private const string Item = "engram.call";

    public string RequestId { get; } = Timer.RequestId.ToString();

    /// <summary>What the tenant is told of its plan with the result; null while there is nothing to tell.</summary>
    public string? UsageWarning { get; set; }

    /// <summary>The place among the tenant's running requests; a stream that stays open for hours gives it back early.</summary>
    public IDisposable? Slot { get; set; }

    /// <summary>The data of the result, once a tool has made it.</summary>
    public RenderedResult? Rendered { get; set; }

    /// <summary>Whoever waits for the result: told of progress, asked for consent. Set before a tool runs.</summary>
    public WaitingClient Client { get; set; } = null!;

    /// <summary>The context of one message, carrying this call to whatever handles it.</summary>
    public JsonRpcMessageContext ToContext(string? protocolVersion) => new()
    {
        ProtocolVersion = protocolVersion,
        Items = new Dictionary<string, object?>(1) { [Item] = this },
    };

    public static McpCall Of(IDictionary<string, object?>? items) => (McpCall)items![Item]!;
}
