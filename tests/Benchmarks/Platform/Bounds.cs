using System.CommandLine;

namespace Engram.Benchmarks.Platform;

/// <summary>
/// Limits of numbers given on the command line. Each on the number itself: for a command as a whole the numbers that were not given are 0, not their defaults.
/// </summary>
internal static class Bounds
{
    public static Option<T> Between<T>(this Option<T> option, double low, double high)
    {
        option.Validators.Add(result =>
        {
            if (IsOutside(result.GetValueOrDefault<T>(), low, high))
                result.AddError($"{option.Name} must be {low} to {high}.");
        });
        return option;
    }

    public static Argument<T> Between<T>(this Argument<T> argument, double low, double high)
    {
        argument.Validators.Add(result =>
        {
            if (IsOutside(result.GetValueOrDefault<T>(), low, high))
                result.AddError($"{argument.Name} must be {low} to {high}.");
        });
        return argument;
    }

    private static bool IsOutside(object? value, double low, double high) =>
        value is not null && !(Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture) is var number && number >= low && number <= high);
}
