namespace Engram.Engine.Latency;

/// <summary>The four latency classes. Every operation belongs to exactly one, and each has its own budget.</summary>
public enum OpClass : byte
{
    /// <summary>One round trip to the database and no outbound call. Budget: p95 below 50 ms.</summary>
    Read,

    /// <summary>A tool dispatched over MCP without an LLM call. Budget: p95 below 200 ms when warm.</summary>
    Mcp,

    /// <summary>A memory accepted and later extracted; the extraction is bounded by the provider.</summary>
    Store,

    /// <summary>Retrieval, and synthesis where it is wanted.</summary>
    Query,
}
