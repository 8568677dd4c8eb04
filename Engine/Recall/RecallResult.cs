using Engram.Engine.Memories;

namespace Engram.Engine.Recall;

/// <summary>The arms of retrieval.</summary>
public enum RecallArm
{
    /// <summary>BM25 over postings.</summary>
    Keyword,

    /// <summary>Cosine similarity of sentence vectors.</summary>
    Vector,

    /// <summary>Memories behind facts about the query's entities.</summary>
    Graph,
}

/// <summary>What an arm says of one memory.</summary>
/// <param name="Rank">1 for the best.</param>
/// <param name="Score">The arm's own: BM25, cosine similarity, or graph weight.</param>
public readonly record struct ArmScore(int Rank, double Score);

/// <summary>A retrieved memory and why it was retrieved.</summary>
/// <param name="Memory">The memory.</param>
/// <param name="BucketName">Name of its bucket.</param>
/// <param name="Score">Fused score, 0 to 1 for the default fusion.</param>
/// <param name="Weight">Weight of its bucket.</param>
/// <param name="Keyword">Rank and score in the keyword arm, or null.</param>
/// <param name="Vector">Rank and score in the vector arm, or null.</param>
/// <param name="Graph">Rank and score in the graph arm, or null.</param>
public sealed record RecallHit(
    Memory Memory, string BucketName, double Score, double Weight, ArmScore? Keyword, ArmScore? Vector, ArmScore? Graph)
{
    /// <summary>What the hits are ordered by.</summary>
    public double WeightedScore => Score * Weight;

    /// <summary>The memory beside it in the same run that raised its score, or null.</summary>
    public Guid? RaisedBy { get; init; }
}

/// <summary>A fact from the graph that the query led to.</summary>
/// <param name="Subject">Entity name.</param>
/// <param name="Predicate">Normalised relation.</param>
/// <param name="Object">Entity name or literal.</param>
/// <param name="Negated">The memory denies it.</param>
/// <param name="Superseded">A later statement replaced it.</param>
/// <param name="MemoryId">A memory that says it.</param>
/// <param name="BucketId">Its bucket.</param>
/// <param name="BucketName">Its bucket's name.</param>
/// <param name="Depth">Hops from an entity of the query: 1 or 2.</param>
/// <param name="Weight">Higher is closer to the query; 0 to 1.</param>
/// <param name="Timestamp">When it began to hold, or when the memory happened.</param>
public sealed record GraphFact(
    string Subject, string Predicate, string Object, bool Negated, bool Superseded, Guid MemoryId, Guid BucketId, string BucketName, int Depth, double Weight,
    DateTimeOffset Timestamp);

/// <summary>An entity the query names.</summary>
/// <param name="Entity">The entity's name.</param>
/// <param name="BucketName">Where it is known.</param>
/// <param name="Score">Share of the query's words its name covers, 0 to 1.</param>
public sealed record EntityMatch(string Entity, string BucketName, double Score);

/// <summary>What was found.</summary>
/// <param name="Hits">Best first.</param>
/// <param name="GraphFacts">Best first.</param>
/// <param name="Entities">Entities the query names.</param>
/// <param name="Warnings">An arm that failed or was too slow, and what that means.</param>
/// <param name="Candidates">How many different memories the arms brought up together.</param>
public sealed record RecallResult(
    IReadOnlyList<RecallHit> Hits, IReadOnlyList<GraphFact> GraphFacts, IReadOnlyList<EntityMatch> Entities, IReadOnlyList<string> Warnings, int Candidates);
