namespace Engram.Portal.Components.Charts;

/// <summary>A logarithmic axis: 1 ms and 5 s are both readable on it, which no linear one manages.</summary>
/// <param name="Least">Lowest value, a power of ten.</param>
/// <param name="Most">Highest value, a power of ten.</param>
public sealed record LogScale(double Least, double Most)
{
    /// <summary>The scale that holds every value; values that are not above nothing are put at its foot.</summary>
    public static LogScale Holding(IEnumerable<double> values)
    {
        var (least, most) = (double.MaxValue, double.MinValue);
        foreach (var value in values.Where(value => value > 0 && double.IsFinite(value)))
        {
            (least, most) = (Math.Min(least, value), Math.Max(most, value));
        }
        if (least > most)
        {
            (least, most) = (1, 1000);
        }
        var (low, high) = (Math.Pow(10, Math.Floor(Math.Log10(least))), Math.Pow(10, Math.Ceiling(Math.Log10(most))));
        return new LogScale(low, high <= low ? low * 10 : high);
    }

    /// <summary>0 at the foot, 1 at the top, and never outside.</summary>
    public double Share(double value) =>
        value <= Least ? 0 : Math.Min(1, (Math.Log10(value) - Math.Log10(Least)) / (Math.Log10(Most) - Math.Log10(Least)));

    public bool Holds(double value) => value >= Least && value <= Most;

    public IEnumerable<double> Decades()
    {
        for (var exponent = (int)Math.Round(Math.Log10(Least)); exponent <= (int)Math.Round(Math.Log10(Most)); exponent++)
        {
            yield return Math.Pow(10, exponent);
        }
    }
}
