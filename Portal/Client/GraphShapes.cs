namespace Engram.Portal.Client;

/// <summary>A page of a bucket's entities.</summary>
public sealed record EntityPage(IReadOnlyList<GraphEntity> Entities, string? Next);

/// <param name="Facts">Counted up to <see cref="MostCounted"/>.</param>
public sealed record GraphEntity(string Id, string Name, string? Kind, int Facts)
{
    public const int MostCounted = 100;
}

/// <summary>One or two hops around an entity.</summary>
/// <param name="CenterId">Null where the bucket has no entity yet.</param>
/// <param name="More">Neighbours of the centre that were left out.</param>
public sealed record EntityGraph(
    string? CenterId, int Hops, IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges, long More, DateTimeOffset? EarliestAt, DateTimeOffset? LatestAt);

/// <param name="Depth">Hops from the centre.</param>
public sealed record GraphNode(string Id, string Name, string? Kind, int Depth, int Facts);

public sealed record GraphEdge(
    string Id, string SubjectId, string Predicate, string ObjectId, bool Negated, double Confidence, DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo,
    bool Superseded, IReadOnlyList<string> MemoryIds)
{
    /// <summary>The relation in words.</summary>
    public string Words => (Negated ? "not " : "") + Predicate.Replace('_', ' ');
}

/// <summary>The graph of a bucket.</summary>
public sealed partial class EngramApiClient
{
    public Task<EntityPage> EntitiesAsync(string path, CancellationToken cancellationToken) => SendAsync<EntityPage>(HttpMethod.Get, path, null, cancellationToken);

    public Task<EntityGraph> GraphAsync(string path, CancellationToken cancellationToken) => SendAsync<EntityGraph>(HttpMethod.Get, path, null, cancellationToken);
}
