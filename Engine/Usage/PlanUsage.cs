namespace Engram.Engine.Usage;

/// <summary>How much of something is used, and how much the plan includes; null for no limit.</summary>
public sealed record Quota(long Used, long? Limit);

/// <summary>One bucket's share.</summary>
/// <param name="BucketId">The bucket.</param>
/// <param name="BucketName">Its name.</param>
/// <param name="Memories">Memories in it now.</param>
/// <param name="StorageBytes">Bytes of their texts.</param>
/// <param name="Writes">Memories stored into it this period.</param>
public sealed record BucketUsage(Guid BucketId, string BucketName, long Memories, long StorageBytes, long Writes);

/// <summary>One key's share of this period.</summary>
/// <param name="KeyId">The key.</param>
/// <param name="Writes">Memories stored with it.</param>
/// <param name="Queries">Queries made with it.</param>
public sealed record KeyUsage(Guid KeyId, long Writes, long Queries);

/// <summary>Where the period will end if it goes on as it did so far.</summary>
/// <param name="Memories">Memories stored at the end.</param>
/// <param name="Writes">Memories stored during the period.</param>
/// <param name="Queries">Queries during the period.</param>
public sealed record UsageProjection(long Memories, long Writes, long Queries);

/// <summary>What a tenant uses of its plan, as of now. Periods are calendar months in UTC.</summary>
/// <param name="PeriodStart">First moment of the period.</param>
/// <param name="PeriodEnd">First moment after it.</param>
/// <param name="Memories">Memories stored now.</param>
/// <param name="Buckets">Buckets now.</param>
/// <param name="Writes">Memories stored in the period.</param>
/// <param name="Queries">Queries in the period.</param>
/// <param name="InputTokens">Tokens LLMs read in the period.</param>
/// <param name="OutputTokens">Tokens LLMs wrote in the period.</param>
/// <param name="StorageBytes">Bytes of all texts stored now.</param>
/// <param name="ByBucket">The same by bucket.</param>
/// <param name="ByKey">The same by key.</param>
/// <param name="Projected">Where it will end.</param>
public sealed record PlanUsage(
    DateTimeOffset PeriodStart,
    DateTimeOffset PeriodEnd,
    Quota Memories,
    Quota Buckets,
    Quota Writes,
    Quota Queries,
    long InputTokens,
    long OutputTokens,
    long StorageBytes,
    IReadOnlyList<BucketUsage> ByBucket,
    IReadOnlyList<KeyUsage> ByKey,
    UsageProjection Projected);
