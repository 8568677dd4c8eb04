using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Keys;
using Engram.Engine.Usage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engram.Api.Account;

public sealed record PeriodView(DateTimeOffset Start, DateTimeOffset End);

public sealed record TokensView(long Input, long Output);

/// <summary>What the tenant's models did and cost on one day for one kind of operation. Calls of a model without a known price are not in the cost.</summary>
public sealed record LlmUsageView(
    DateOnly Day, string Provider, string Model, string Operation, string Role, long Calls, long Faults, long UnpricedCalls, TokensView Tokens, decimal CostUsd)
{
    public static LlmUsageView From(LlmUsage usage) => new(
        usage.Day,
        usage.Provider,
        usage.Model,
        usage.Operation,
        usage.Role,
        usage.Calls,
        usage.Faults,
        usage.UnpricedCalls,
        new TokensView(usage.InputTokens, usage.OutputTokens),
        usage.CostUsd);
}

/// <summary>What the tenant uses of its plan this month. Quotas without a limit leave it out.</summary>
public sealed record PlanUsageView(
    string Plan,
    PeriodView Period,
    Quota Memories,
    Quota Buckets,
    Quota Writes,
    Quota Queries,
    TokensView Tokens,
    decimal CostUsd,
    long StorageBytes,
    IReadOnlyList<BucketUsage> ByBucket,
    IReadOnlyList<KeyUsage> ByKey,
    IReadOnlyList<LlmUsageView> ByModel,
    UsageProjection Projected);

/// <summary>Plan usage.</summary>
internal static class UsageRoutes
{
    public static void MapPlanUsage(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/account/plan_usage", PlanUsageAsync).RequireScope(Scopes.UsageRead).WithTags("Account").WithName("plan_usage").WithExample(response: AccountExamples.PlanUsage)
            .WithSummary("What the tenant uses of its plan this month.");

    private static async Task<Ok<PlanUsageView>> PlanUsageAsync(Caller caller, PlanUsageReader reader, CancellationToken cancellationToken)
    {
        var principal = caller.Principal;
        var usage = await reader.ReadAsync(caller.Tenant, principal.Plan, caller.Timer, cancellationToken);

        // A restricted key sees the tenant's sums, which are the plan's, but no other bucket's name.
        IReadOnlyList<BucketUsage> buckets = principal.Buckets is null ? usage.ByBucket : [.. usage.ByBucket.Where(bucket => principal.MayUse(bucket.BucketName))];
        return TypedResults.Ok(new PlanUsageView(
            principal.Plan,
            new PeriodView(usage.PeriodStart, usage.PeriodEnd),
            usage.Memories,
            usage.Buckets,
            usage.Writes,
            usage.Queries,
            new TokensView(usage.InputTokens, usage.OutputTokens),
            usage.CostUsd,
            usage.StorageBytes,
            buckets,
            usage.ByKey,
            [.. usage.ByModel.Select(LlmUsageView.From)],
            usage.Projected));
    }
}
