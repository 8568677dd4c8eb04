using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Keys;
using Engram.Engine.Providers;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engram.Api.Account;

/// <summary>What may be spent on models in a day, and what was.</summary>
public sealed record BudgetView(Guid? KeyId, long? DailyTokens, decimal? DailyUsd, long UsedTokens, decimal UsedUsd);

/// <summary>Today's budgets. A day ends at midnight UTC.</summary>
public sealed record BudgetsView(BudgetView Tenant, IReadOnlyList<BudgetView> Keys, DateTimeOffset ResetsAt);

public sealed record TenantBudget
{
    [Description("Tokens read and written in a day. Left out: no limit."), Range(0, int.MaxValue)]
    public int? DailyTokens { get; init; }

    [Description("US dollars in a day, by the prices in force. Left out: no limit."), Range(0.0, 1_000_000_000.0)]
    public decimal? DailyUsd { get; init; }
}

public sealed record KeyBudget
{
    [Description("One of GET /account/keys.")]
    public required string KeyId { get; init; }

    [Description("Tokens read and written in a day. Left out: no limit."), Range(0, int.MaxValue)]
    public int? DailyTokens { get; init; }

    [Description("US dollars in a day, by the prices in force. Left out: no limit."), Range(0.0, 1_000_000_000.0)]
    public decimal? DailyUsd { get; init; }
}

public sealed record SetBudgetsRequest
{
    [Description("For the tenant as a whole. Left out: no limit.")]
    public TenantBudget? Tenant { get; init; }

    [Description("For single API keys."), MaxLength(1000)]
    public KeyBudget[]? Keys { get; init; }
}

/// <summary>Daily budgets for the tenant's models.</summary>
internal static class BudgetRoutes
{
    public static void MapBudgets(this IEndpointRouteBuilder routes)
    {
        var budgets = routes.MapGroup("/account/budgets").RequireScope(Scopes.AccountAdmin).WithTags("Providers");
        budgets.MapGet("", GetAsync).WithName("budgets").WithExample(response: ProviderExamples.Budgets).WithSummary("What may be spent on models in a day, and what was today.");
        budgets.MapPut("", SetAsync).WithName("set_budgets").WithExample(ProviderExamples.SetBudgets, ProviderExamples.Budgets)
            .WithSummary("Sets every budget: those left out are gone.").ProducesProblems(StatusCodes.Status404NotFound);
    }

    private static async Task<Ok<BudgetsView>> GetAsync(
        Caller caller, Budgets budgets, SpendLedger spend, TimeProvider time, CancellationToken cancellationToken)
    {
        var list = await budgets.ListAsync(caller.Tenant, cancellationToken);
        var today = await spend.TodayAsync(caller.Tenant, cancellationToken);
        var tenant = list.FirstOrDefault(budget => budget.KeyId is null);
        return TypedResults.Ok(new BudgetsView(
            View(tenant ?? new Budget(null, null, null), today.Values.Aggregate(default(Spend), (a, b) => a + b)),
            [.. list.Where(budget => budget.KeyId is not null).Select(budget => View(budget, today.GetValueOrDefault(budget.KeyId!.Value)))],
            new DateTimeOffset(time.GetUtcNow().UtcDateTime.Date.AddDays(1), TimeSpan.Zero)));
    }

    private static async Task<Results<Ok<BudgetsView>, Problem>> SetAsync(
        Caller caller, Body<SetBudgetsRequest> body, Budgets budgets, SpendLedger spend, TimeProvider time, CancellationToken cancellationToken)
    {
        var wanted = new List<Budget>();
        if (body.Value.Tenant is { } tenant)
            wanted.Add(new Budget(null, tenant.DailyTokens, tenant.DailyUsd));
        foreach (var key in body.Value.Keys ?? [])
        {
            if (!Guid.TryParse(key.KeyId, out var id) || id == Guid.Empty)
                return Problems.KeyNotFound(key.KeyId);
            if (wanted.Exists(budget => budget.KeyId == id))
                return Problems.Invalid("keys", $"The key {id} is there twice.");
            wanted.Add(new Budget(id, key.DailyTokens, key.DailyUsd));
        }

        if (await budgets.ReplaceAsync(caller.Actor, wanted, cancellationToken) is { } unknown)
            return Problems.KeyNotFound(unknown.ToString());
        return await GetAsync(caller, budgets, spend, time, cancellationToken);
    }

    private static BudgetView View(Budget budget, Spend spend) => new(budget.KeyId, budget.DailyTokens, budget.DailyUsd, spend.Tokens, spend.Usd);
}
