namespace Engram.Engine.Usage;

/// <summary>
/// Section <c>Engram:Plans:{name}</c>: what a plan includes. Null means no limit, which is what a plan without a section has: a server of
/// one's own is not sold in portions.
/// </summary>
public sealed class PlanOptions
{
    /// <summary>Memories stored at one time.</summary>
    public long? Memories { get; set; }

    /// <summary>Buckets at one time.</summary>
    public long? Buckets { get; set; }

    /// <summary>Stored memories a month.</summary>
    public long? Writes { get; set; }

    /// <summary>Queries a month.</summary>
    public long? Queries { get; set; }
}
