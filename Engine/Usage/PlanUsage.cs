namespace Engram.Engine.Usage;

/// <summary>How much of something is used, and how much the plan includes; null for no limit.</summary>
/// <param name="Used">What is used.</param>
/// <param name="Limit">What the plan includes: from here on the tenant is told.</param>
/// <param name="HardLimit">Where it is refused.</param>
public sealed record Quota(long Used, long? Limit, long? HardLimit)
{
    /// <summary>Used in percent of the limit, rounded down.</summary>
    public long? Percent => Limit switch { null => null, 0 => 100, var limit => Used * 100 / limit };

    /// <summary><c>ok</c>, <c>near</c> (80 % and more), <c>reached</c> (100 %), or <c>exhausted</c>: one more is refused.</summary>
    public string? Mark => (Percent, HardLimit) switch
    {
        (null, _) => null,
        (_, { } hard) when Used >= hard => "exhausted",
        ( >= 100, _) => "reached",
        ( >= 80, _) => "near",
        _ => "ok",
    };
}

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
/// <param name="InputTokens">Tokens the tenant's models read for it.</param>
/// <param name="OutputTokens">Tokens they wrote for it.</param>
/// <param name="CostUsd">What they cost, in US dollars by the price table in force.</param>
public sealed record KeyUsage(Guid KeyId, long Writes, long Queries, long InputTokens, long OutputTokens, decimal CostUsd);

/// <summary>What the tenant's models did and cost on one day for one kind of operation.</summary>
/// <param name="Day">The day, in UTC.</param>
/// <param name="Provider">Catalogue id.</param>
/// <param name="Model">The model.</param>
/// <param name="Operation">Which operation.</param>
/// <param name="Role">What the model was asked for.</param>
/// <param name="Calls">Calls made.</param>
/// <param name="Faults">Of these, calls that failed.</param>
/// <param name="UnpricedCalls">Of these, calls that used tokens of a model without a known price: they are not in the cost.</param>
/// <param name="InputTokens">Tokens read.</param>
/// <param name="OutputTokens">Tokens written.</param>
/// <param name="CostUsd">US dollars by the price table in force.</param>
public sealed record LlmUsage(
    DateOnly Day,
    string Provider,
    string Model,
    string Operation,
    string Role,
    long Calls,
    long Faults,
    long UnpricedCalls,
    long InputTokens,
    long OutputTokens,
    decimal CostUsd);

/// <summary>Where the period will end if it goes on as it did so far.</summary>
/// <param name="Memories">Memories stored at the end.</param>
/// <param name="Writes">Memories stored during the period.</param>
/// <param name="Queries">Queries during the period.</param>
/// <param name="InputTokens">Tokens LLMs read during the period.</param>
/// <param name="OutputTokens">Tokens LLMs wrote during the period.</param>
/// <param name="CostUsd">What they cost, in US dollars.</param>
public sealed record UsageProjection(long Memories, long Writes, long Queries, long InputTokens, long OutputTokens, decimal CostUsd);

/// <summary>What was used on one day.</summary>
/// <param name="Day">The day, in UTC.</param>
/// <param name="Operation"><c>store</c>, <c>query</c>, <c>edit</c> or <c>delete</c>.</param>
/// <param name="KeyId">With which key, where asked by key.</param>
/// <param name="BucketId">On which bucket, where asked by bucket; left out for requests on several or none.</param>
/// <param name="Requests">Requests.</param>
/// <param name="Memories">Memories they stored, returned, changed or deleted.</param>
public sealed record DailyUsage(DateOnly Day, string Operation, Guid? KeyId, Guid? BucketId, long Requests, long Memories);

/// <summary>By what days are divided further.</summary>
public enum UsageDimension
{
    /// <summary>By nothing else.</summary>
    Operation,

    /// <summary>By key.</summary>
    Key,

    /// <summary>By bucket.</summary>
    Bucket,
}

/// <summary>What a tenant uses of its plan, as of now. Periods are calendar months in UTC.</summary>
/// <param name="PeriodStart">First moment of the period.</param>
/// <param name="PeriodEnd">First moment after it.</param>
/// <param name="Memories">Memories stored now.</param>
/// <param name="Buckets">Buckets now.</param>
/// <param name="Writes">Memories stored in the period.</param>
/// <param name="Queries">Queries in the period.</param>
/// <param name="InputTokens">Tokens LLMs read in the period.</param>
/// <param name="OutputTokens">Tokens LLMs wrote in the period.</param>
/// <param name="CostUsd">What they cost, in US dollars by the price table in force.</param>
/// <param name="StorageBytes">Bytes of all texts stored now.</param>
/// <param name="ByBucket">The same by bucket.</param>
/// <param name="ByKey">The same by key.</param>
/// <param name="ByModel">Tokens and cost by day, model and operation.</param>
/// <param name="Marks">Which parts of the plan were passed this period, in order.</param>
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
    decimal CostUsd,
    long StorageBytes,
    IReadOnlyList<BucketUsage> ByBucket,
    IReadOnlyList<KeyUsage> ByKey,
    IReadOnlyList<LlmUsage> ByModel,
    IReadOnlyList<UsageMark> Marks,
    UsageProjection Projected);
