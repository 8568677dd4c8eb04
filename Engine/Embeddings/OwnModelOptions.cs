using System.ComponentModel.DataAnnotations;

namespace Engram.Engine.Embeddings;

/// <summary>Section <c>Engram:OwnModel</c>: how long a request waits for a tenant's own embedding model.</summary>
public sealed class OwnModelOptions
{
    /// <summary>Seconds a store waits for vectors, 0 to 30; what is missing then the Worker makes. 0 leaves all to it.</summary>
    [Range(0, 30, ErrorMessage = "Engram:OwnModel:StoreSeconds must be between 0 and 30.")]
    public double StoreSeconds { get; set; } = 3;

    /// <summary>Seconds a query waits for its vector, 0.05 to 30; then the local encoder's is used.</summary>
    [Range(0.05, 30, ErrorMessage = "Engram:OwnModel:QuerySeconds must be between 0.05 and 30.")]
    public double QuerySeconds { get; set; } = 3;

    /// <summary>Vectors of queries kept in memory, over all tenants (6 KB each with 1,536 dimensions), 0 to 1,000,000.</summary>
    [Range(0, 1_000_000, ErrorMessage = "Engram:OwnModel:CacheSize must be from 0 (off) to 1000000.")]
    public int CacheSize { get; set; } = 1024;
}
