namespace Engram.Engine.Graph;

/// <summary>An entity of a bucket.</summary>
/// <param name="Id">The entity's id.</param>
/// <param name="Name">Its name as the text first had it.</param>
/// <param name="Kind">What it is, such as <c>person</c>, where the extractor could tell; else null.</param>
/// <param name="Facts">Triples it is subject or object of; counted up to <see cref="GraphReader.MostCounted"/>.</param>
public sealed record GraphEntity(Guid Id, string Name, string? Kind, int Facts);

/// <summary>A page of a bucket's entities.</summary>
/// <param name="BucketId">The bucket.</param>
/// <param name="BucketName">Its name.</param>
/// <param name="Entities">The page.</param>
/// <param name="Next">Cursor of the next page, or null at the end.</param>
public sealed record EntityPage(Guid BucketId, string BucketName, IReadOnlyList<GraphEntity> Entities, string? Next);

/// <summary>An entity in a graph.</summary>
/// <param name="Id">The entity's id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it is, or null.</param>
/// <param name="Depth">Hops from the centre: 0, 1 or 2.</param>
/// <param name="Facts">Triples it is in at all, shown or not; counted up to <see cref="GraphReader.MostCounted"/>.</param>
public sealed record GraphNode(Guid Id, string Name, string? Kind, int Depth, int Facts);

/// <summary>A triple in a graph.</summary>
/// <param name="Id">The triple's id.</param>
/// <param name="SubjectId">An entity of the graph.</param>
/// <param name="Predicate">Normalised relation, snake_case.</param>
/// <param name="ObjectId">An entity of the graph.</param>
/// <param name="Negated">The text denies it.</param>
/// <param name="Confidence">0 to 1.</param>
/// <param name="ValidFrom">When it began to hold, or null when unknown.</param>
/// <param name="ValidTo">When it ceased to hold, or null while it holds.</param>
/// <param name="Superseded">A later statement of the same single-valued predicate replaced it.</param>
/// <param name="MemoryIds">The newest memories that say it, at most <see cref="GraphReader.MostSources"/>.</param>
public sealed record GraphEdge(
    Guid Id, Guid SubjectId, string Predicate, Guid ObjectId, bool Negated, double Confidence, DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo,
    bool Superseded, IReadOnlyList<Guid> MemoryIds);

/// <summary>The surroundings of one entity.</summary>
/// <param name="BucketId">The bucket.</param>
/// <param name="BucketName">Its name.</param>
/// <param name="CenterId">The entity in the middle; null where the bucket has none to put there.</param>
/// <param name="Hops">1 or 2: how far it goes.</param>
/// <param name="AsOf">Only what held then; null for everything that was ever said.</param>
/// <param name="Nodes">The centre first, then by distance.</param>
/// <param name="Edges">Triples between them.</param>
/// <param name="More">Neighbours of the centre that were left out.</param>
/// <param name="EarliestAt">When the first of the centre's facts began to hold, whatever <paramref name="AsOf"/> is; null where none says.</param>
/// <param name="LatestAt">When the last change of the centre's facts was; null where none says.</param>
public sealed record EntityGraph(
    Guid BucketId, string BucketName, Guid? CenterId, int Hops, DateTimeOffset? AsOf, IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges,
    long More, DateTimeOffset? EarliestAt, DateTimeOffset? LatestAt);
