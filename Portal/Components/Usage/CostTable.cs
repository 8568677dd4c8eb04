using Engram.Portal.Client;

namespace Engram.Portal.Components.Usage;

/// <summary>What a model did for one kind of operation, over all days of the period.</summary>
public sealed record CostRow(string Operation, string Role, string Provider, string Model, long Calls, long Faults, long Unpriced, long Input, long Output, decimal Usd);

/// <summary>One day's model costs; days without a call are there too, so that a quiet week looks quiet.</summary>
/// <param name="Share">Of the dearest day, from 0 to 1.</param>
public sealed record CostDay(DateOnly Day, long Calls, long Tokens, decimal Usd, double Share);

/// <summary>The rows of a period's usage, summed the two ways a person asks: what for, and when.</summary>
public sealed record CostTable(IReadOnlyList<CostRow> Rows, IReadOnlyList<CostDay> Days)
{
    public static CostTable Of(PlanUsage usage, DateOnly today)
    {
        var all = usage.ByModel ?? [];
        var rows = all.GroupBy(each => (each.Operation, each.Role, each.Provider, each.Model)).Select(group => new CostRow(
            group.Key.Operation, group.Key.Role, group.Key.Provider, group.Key.Model, group.Sum(each => each.Calls), group.Sum(each => each.Faults),
            group.Sum(each => each.UnpricedCalls), group.Sum(each => each.Tokens.Input), group.Sum(each => each.Tokens.Output), group.Sum(each => each.CostUsd)))
            .OrderByDescending(row => row.Usd).ThenByDescending(row => row.Calls).ToArray();
        return new CostTable(rows, DaysOf(all, usage.Period, today));
    }

    private static CostDay[] DaysOf(IReadOnlyList<ModelUsage> all, UsagePeriod? period, DateOnly today)
    {
        if (all.Count == 0)
        {
            return [];
        }
        var first = period is { } p ? DateOnly.FromDateTime(p.Start.UtcDateTime) : all.Min(each => each.Day);
        var byDay = all.ToLookup(each => each.Day);
        var days = new List<CostDay>();
        for (var day = first; day <= today; day = day.AddDays(1))
        {
            days.Add(new CostDay(day, byDay[day].Sum(each => each.Calls), byDay[day].Sum(each => each.Tokens.Input + each.Tokens.Output), byDay[day].Sum(each => each.CostUsd), 0));
        }
        // Where nothing has a price, tokens tell the days apart.
        var dearest = days.Max(day => day.Usd);
        var most = days.Max(day => day.Tokens);
        return [.. days.Select(day => day with { Share = dearest > 0 ? (double)(day.Usd / dearest) : most > 0 ? (double)day.Tokens / most : 0 })];
    }
}
