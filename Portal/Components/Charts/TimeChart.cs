namespace Engram.Portal.Components.Charts;

/// <param name="Title">What a pointer over it says.</param>
/// <param name="Href">Where it leads; null for nowhere.</param>
public sealed record ChartPoint(DateTimeOffset At, double Value, string Title, string? Href);

/// <param name="Style">solid, dashed or dotted: lines are told apart without colour.</param>
/// <param name="Runs">Points that follow each other without a gap; a step without samples ends a run, since nothing is known of it.</param>
public sealed record ChartLine(string Name, string Style, IReadOnlyList<IReadOnlyList<ChartPoint>> Runs)
{
    public IEnumerable<ChartPoint> Points => Runs.SelectMany(run => run);
}

/// <summary>A level drawn across.</summary>
public sealed record ChartLevel(double Value, string Label, bool IsBudget);

/// <summary>A moment drawn from foot to top.</summary>
public sealed record ChartMark(DateTimeOffset At, string Label);

/// <summary>Lines over time on a logarithmic axis, with everything placed in shares of the plot's width and height.</summary>
public sealed record TimeChart(
    DateTimeOffset From,
    DateTimeOffset To,
    LogScale Scale,
    IReadOnlyList<ChartLine> Lines,
    IReadOnlyList<ChartLevel> Levels,
    IReadOnlyList<ChartMark> Marks)
{
    public bool IsEmpty => Lines.All(line => line.Runs.Count == 0);

    public double Across(DateTimeOffset at) => Math.Clamp((at - From) / (To - From), 0, 1);

    /// <summary>The corners of a run in a square of 100 by 100 whose origin is the top left, as SVG has it.</summary>
    public string Corners(IReadOnlyList<ChartPoint> run) => string.Join(' ', run.Select(point =>
        FormattableString.Invariant($"{Across(point.At) * 100:0.###},{(1 - Scale.Share(point.Value)) * 100:0.###}")));

    /// <summary>Moments to write under the plot: so many that they do not touch on a phone.</summary>
    public IEnumerable<DateTimeOffset> Ticks()
    {
        const int Count = 4;
        for (var i = 0; i <= Count; i++)
        {
            yield return From + ((To - From) * i / Count);
        }
    }
}
