namespace Engram.Engine.Usage;

/// <summary>Section <c>Engram:Plans:{name}</c>: overrides what the plan of this name includes. Null leaves the value of the table <c>plans</c>.</summary>
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

    /// <summary>By how many percent what is included may be passed before it is refused.</summary>
    public int? GracePercent { get; set; }
}
