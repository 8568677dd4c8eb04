using Engram.Portal.Client;

namespace Engram.Portal.Components.Graph;

/// <summary>The days a slider runs over: from the first change of the facts around the centre to today or the last of them.</summary>
public sealed record DaySlider(DateOnly First, DateOnly Last)
{
    public int Steps => Last.DayNumber - First.DayNumber;

    /// <summary>Null where no fact says when it holds, or all of them on one day: there is nothing to slide over.</summary>
    public static DaySlider? Of(EntityGraph graph, DateTimeOffset now)
    {
        if (graph.EarliestAt is not { } earliest)
        {
            return null;
        }
        var latest = graph.LatestAt is { } last && last > now ? last : now;
        var slider = new DaySlider(DateOnly.FromDateTime(earliest.UtcDateTime), DateOnly.FromDateTime(latest.UtcDateTime));
        return slider.Steps > 0 ? slider : null;
    }

    public DateOnly At(int step) => First.AddDays(Math.Clamp(step, 0, Steps));

    public int StepOf(DateOnly? day) => day is { } d ? Math.Clamp(d.DayNumber - First.DayNumber, 0, Steps) : Steps;
}
