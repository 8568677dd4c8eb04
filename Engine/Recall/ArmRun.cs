using System.Collections.Concurrent;
using Engram.Engine.Buckets;
using Engram.Engine.Latency;

namespace Engram.Engine.Recall;

/// <summary>What the arms of one query share. The arms run at the same time.</summary>
internal sealed class ArmRun(Tenant tenant, RecallRequest request, List<BucketScope> scopes, OpTimer timer, CancellationToken cancellation)
{
    private readonly ConcurrentQueue<string> _warnings = new();

    public Tenant Tenant => tenant;

    public RecallRequest Request => request;

    public List<BucketScope> Scopes => scopes;

    public OpTimer Timer => timer;

    public CancellationToken Cancellation => cancellation;

    /// <summary>The bucket of every memory an arm brought up.</summary>
    public ConcurrentDictionary<Guid, Guid> BucketOf { get; } = new();

    /// <summary>Written by the graph arm only.</summary>
    public List<GraphFact> Facts { get; } = [];

    /// <summary>Written by the graph arm only.</summary>
    public List<EntityMatch> Entities { get; } = [];

    public IReadOnlyList<string> Warnings => [.. _warnings];

    public void Warn(string warning) => _warnings.Enqueue(warning);
}
