namespace Engram.Engine.Latency;

/// <summary>The named parts of an operation's time. <see cref="HopNames.Of"/> gives the name used on the wire.</summary>
public enum Hop : byte
{
    /// <summary>Finding out who calls: reading the key, its HMAC, the cached or stored row.</summary>
    AuthDecode,

    /// <summary>Waiting for the database.</summary>
    DbRead,

    /// <summary>Turning text into a vector.</summary>
    Embed,

    /// <summary>Fusing the arms' rankings and hydrating the best.</summary>
    RetrievalFuse,

    /// <summary>One call of an LLM; the label says what for.</summary>
    LlmCall,

    /// <summary>Writing the response's bytes.</summary>
    Serialize,

    /// <summary>MCP: finding the session of a request.</summary>
    SessionLookup,

    /// <summary>MCP: the tool's own work.</summary>
    ToolDispatch,

    /// <summary>MCP: reading and writing the protocol's frames.</summary>
    Framing,

    /// <summary>Pausing between attempts at an LLM call, kept apart from the provider's own time; the label says what the call is for.</summary>
    LlmWait,

    /// <summary>Waiting for a turn: a stored memory until a Worker takes it, a request until its lane has a place (the label names the lane).</summary>
    QueueWait,
}

/// <summary>Names of hops as they appear in <c>Server-Timing</c> and in recorded operations.</summary>
public static class HopNames
{
    private static readonly string[] Names =
    [
        "auth-decode", "db-read", "embed", "retrieval-fuse", "llm-call", "serialize", "session-lookup", "tool-dispatch", "framing", "llm-wait", "queue-wait",
    ];

    internal static int Count => Names.Length;

    /// <summary>The kebab-case name of <paramref name="hop"/>.</summary>
    public static string Of(Hop hop) => Names[(int)hop];
}
