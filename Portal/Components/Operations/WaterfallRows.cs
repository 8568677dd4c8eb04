using Engram.Portal.Client;
using Engram.Portal.Components.Controls;

namespace Engram.Portal.Components.Operations;

/// <summary>One bar of a waterfall.</summary>
/// <param name="Left">Where it begins, in shares of the whole.</param>
/// <param name="Width">How long it is, in shares of the whole; never so small that it cannot be seen.</param>
public sealed record WaterfallRow(string Hop, string? Label, double StartMs, double DurationMs, double Left, double Width);

/// <summary>Where one operation's milliseconds went, hop under hop.</summary>
public sealed record WaterfallRows(double TotalMs, IReadOnlyList<WaterfallRow> Rows)
{
    private const double Thinnest = 0.004;

    public static WaterfallRows Of(double durationMs, IReadOnlyList<OperationHop>? hops)
    {
        // A hop that was measured past the end (the response's last bytes) still belongs into the picture.
        var total = Math.Max(durationMs, (hops ?? []).Select(hop => hop.StartMs + hop.DurationMs).DefaultIfEmpty(0).Max());
        return new WaterfallRows(total,
        [
            .. (hops ?? []).OrderBy(hop => hop.StartMs).Select(hop =>
            {
                var width = total > 0 ? Math.Clamp(hop.DurationMs / total, Thinnest, 1) : Thinnest;
                var left = total > 0 ? Math.Clamp(hop.StartMs / total, 0, 1 - width) : 0;
                return new WaterfallRow(hop.Hop, hop.Label, hop.StartMs, hop.DurationMs, left, width);
            }),
        ]);
    }

    /// <summary>The hop that took longest, in words.</summary>
    public string Summary => Rows.MaxBy(row => row.DurationMs) is { } longest
        ? $"{Figures.Duration(TotalMs)} in all; longest was {longest.Hop}{(longest.Label is null ? "" : $" ({longest.Label})")} with {Figures.Duration(longest.DurationMs)}."
        : $"{Figures.Duration(TotalMs)} in all; no hop was recorded.";
}
