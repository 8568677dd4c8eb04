namespace Engram.Engine.Providers;

/// <summary>What may be spent on a tenant's models in one day, by midnight UTC. Null means no limit.</summary>
/// <param name="KeyId">The API key it binds, or null for the tenant as a whole.</param>
/// <param name="DailyTokens">Tokens read and written, 0 or more.</param>
/// <param name="DailyUsd">US dollars by the price table in force, 0 or more. A call of a model without a known price counts as nothing.</param>
public sealed record Budget(Guid? KeyId, long? DailyTokens, decimal? DailyUsd);

/// <summary>What was spent.</summary>
/// <param name="Tokens">Tokens read and written.</param>
/// <param name="Usd">US dollars.</param>
public readonly record struct Spend(long Tokens, decimal Usd)
{
    /// <summary>Both together.</summary>
    public static Spend operator +(Spend a, Spend b) => new(a.Tokens + b.Tokens, a.Usd + b.Usd);

    /// <summary>What is left of one without the other.</summary>
    public static Spend operator -(Spend a, Spend b) => new(a.Tokens - b.Tokens, a.Usd - b.Usd);

    internal static Spend Of(LlmCall call) => new(call.InputTokens + call.OutputTokens, call.CostUsd ?? 0);
}
