namespace Engram.Engine.Usage;

/// <summary>What uses are summed by.</summary>
/// <param name="TenantId">Whose.</param>
/// <param name="Day">In UTC.</param>
/// <param name="KeyId">With which key.</param>
/// <param name="BucketId">On which bucket; <see cref="Guid.Empty"/> for several or none.</param>
/// <param name="Operation">What it was.</param>
public readonly record struct UsageKey(Guid TenantId, DateOnly Day, Guid KeyId, Guid BucketId, UsageOperation Operation);

/// <summary>What was used.</summary>
/// <param name="Requests">Requests.</param>
/// <param name="Memories">Memories stored, changed or returned.</param>
/// <param name="InputTokens">Tokens an LLM read.</param>
/// <param name="OutputTokens">Tokens an LLM wrote.</param>
public readonly record struct UsageTotals(long Requests, long Memories, long InputTokens, long OutputTokens)
{
    /// <summary>Both together.</summary>
    public static UsageTotals operator +(UsageTotals a, UsageTotals b) =>
        new(a.Requests + b.Requests, a.Memories + b.Memories, a.InputTokens + b.InputTokens, a.OutputTokens + b.OutputTokens);
}

/// <summary>One request that counts.</summary>
/// <param name="Key">What it is summed by.</param>
/// <param name="RequestId">The same id and operation count once.</param>
/// <param name="Totals">What it used.</param>
public readonly record struct UsageCount(UsageKey Key, Guid RequestId, UsageTotals Totals);
