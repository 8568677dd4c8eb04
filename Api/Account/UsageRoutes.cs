using System.Globalization;
using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Buckets;
using Engram.Engine.Keys;
using Engram.Engine.Usage;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

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
    IReadOnlyList<UsageMark> Marks,
    UsageProjection Projected);

/// <summary>What was used day by day, divided by operation and by key or bucket if asked; and what the tenant's models did and cost.</summary>
public sealed record DailyUsageView(DateOnly From, DateOnly To, IReadOnlyList<DailyUsage> Days, IReadOnlyList<LlmUsageView> Models);

/// <summary>Plan usage.</summary>
internal static class UsageRoutes
{
    private const int LongestDays = 400;
    private const int DefaultDays = 30;

    public static void MapPlanUsage(this IEndpointRouteBuilder routes)
    {
        var usage = routes.MapGroup("/account").RequireScope(Scopes.UsageRead).WithTags("Account");
        usage.MapGet("/plan_usage", PlanUsageAsync).WithName("plan_usage").WithExample(response: AccountExamples.PlanUsage)
            .WithSummary("What the tenant uses of its plan this month.");
        usage.MapGet("/usage/daily", DailyAsync).WithName("daily_usage").WithExample(response: AccountExamples.DailyUsage)
            .WithSummary("What was used day by day: by operation, and by key or bucket if asked.");
    }

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
            usage.Marks,
            usage.Projected));
    }

    private static async Task<Ok<DailyUsageView>> DailyAsync(
        Caller caller,
        PlanUsageReader reader,
        BucketStore buckets,
        TimeProvider time,
        [FromQuery(Name = "from")] string? from,
        [FromQuery(Name = "to")] string? to,
        [FromQuery(Name = "by")] string? by,
        CancellationToken cancellationToken)
    {
        var last = Day("to", to) ?? DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var first = Day("from", from) ?? last.AddDays(1 - DefaultDays);
        if (first > last || last.DayNumber - first.DayNumber >= LongestDays)
            throw new ProblemException(Problems.Invalid("from", $"Must be a day not after 'to', and at most {LongestDays} days before it."));
        LatencyRoutes.OneOf("by", by, ["operation", "key", "bucket"]);
        var dimension = by switch { "key" => UsageDimension.Key, "bucket" => UsageDimension.Bucket, _ => UsageDimension.Operation };
        var (days, models) = await reader.DailyAsync(caller.Tenant, first, last, dimension, caller.Timer, cancellationToken);
        if (dimension == UsageDimension.Bucket && caller.Principal.Buckets is not null)
        {
            // A restricted key sees its own buckets, and what is on none.
            var own = (await buckets.ListAsync(caller.Tenant, caller.Timer, cancellationToken: cancellationToken)).Where(b => caller.Principal.MayUse(b.Name)).Select(b => b.Id).ToHashSet();
            days = [.. days.Where(day => day.BucketId is not { } id || own.Contains(id))];
        }

        return TypedResults.Ok(new DailyUsageView(first, last, days, [.. models.Select(LlmUsageView.From)]));
    }

    private static DateOnly? Day(string field, string? text) => text is null
        ? null
        : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? day
            : throw new ProblemException(Problems.Invalid(field, "Must be a day such as 2026-01-31."));
}
