using Engram.Portal.Client;

namespace Engram.Portal.Components.Usage;

/// <summary>One day: memories stored, and queries asked.</summary>
public sealed record UsageDay(DateOnly Day, long Writes, long Queries);

/// <summary>A period day by day; days without a call are there too, so that a quiet week looks quiet.</summary>
public static class UsageDays
{
    public static IReadOnlyList<UsageDay> Of(DailyUsageReport report)
    {
        var byDay = report.Days.ToLookup(each => each.Day);
        return
        [
            .. Enumerable.Range(0, Math.Max(0, report.To.DayNumber - report.From.DayNumber + 1)).Select(i => report.From.AddDays(i)).Select(day => new UsageDay(
                day,
                byDay[day].Where(each => each.Operation == "store").Sum(each => each.Memories),
                byDay[day].Where(each => each.Operation == "query").Sum(each => each.Requests))),
        ];
    }
}
