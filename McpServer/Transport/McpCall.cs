using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Engram.McpServer.Auth;
using Engram.McpServer.Tools;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Transport;

/// <summary>Who calls and on which clock: what the transport knows of a request and hands to the tool through the message's context.</summary>
internal sealed record McpCall(Credential Credential, OpTimer Timer)
{
    private const string Item = "engram.call";

    public string RequestId { get; } = Timer.RequestId.ToString();

    public Principal Caller => Credential.Caller;

    /// <summary>When the access token that let this call in ends; null where an API key did.</summary>
    public DateTimeOffset? TokenExpiresAt => Credential.TokenExpiresAt;

    /// <summary>The answer goes another way than the response to this request: what it took is known only then.</summary>
    public bool AnsweredElsewhere { get; set; }

    /// <summary>How long the access token holds on; infinite where there is none.</summary>
    public TimeSpan TokenLeft(TimeProvider time)
    {
        if (TokenExpiresAt is not { } end)
        {
            return Timeout.InfiniteTimeSpan;
        }

        var left = end - time.GetUtcNow();
        // A timer's own bound; no token should live that long.
        return left < TimeSpan.Zero ? TimeSpan.Zero : left > TimeSpan.FromDays(1) ? TimeSpan.FromDays(1) : left;
    }

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
