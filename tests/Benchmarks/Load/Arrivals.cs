using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Engram.Benchmarks.Load;

/// <summary>A request that is due.</summary>
/// <param name="Traffic">Which of the classes.</param>
/// <param name="After">When, from the start.</param>
internal readonly record struct Arrival(int Traffic, TimeSpan After);

/// <summary>
/// When requests come, fixed before any is sent: whoever is late answers late, and that is in the figures (no coordinated omission).
/// </summary>
internal static partial class Arrivals
{
    /// <param name="rates">Requests a second of each class.</param>
    /// <param name="time">How long.</param>
    /// <param name="poisson">Independent of each other, as users are; else at even distances.</param>
    /// <param name="seed">The same schedule for the same number.</param>
    public static Arrival[] Plan(IReadOnlyList<double> rates, TimeSpan time, bool poisson, int seed)
    {
        var all = new List<Arrival>();
        for (var traffic = 0; traffic < rates.Count; traffic++)
        {
            if (rates[traffic] <= 0)
                continue;
            var random = new Random(HashCode(seed, traffic));
            var step = 1 / rates[traffic];
            // Even distances start at a random phase, or all classes would come at once.
            for (var at = poisson ? Gap(random, step) : random.NextDouble() * step; at < time.TotalSeconds; at += poisson ? Gap(random, step) : step)
                all.Add(new Arrival(traffic, TimeSpan.FromSeconds(at)));
        }

        all.Sort((a, b) => a.After.CompareTo(b.After));
        return [.. all];
    }

    /// <summary>Waits on this thread until a <see cref="Stopwatch"/> timestamp, to some 0.1 ms.</summary>
    public static void WaitUntil(long timestamp)
    {
        for (var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), timestamp); left > TimeSpan.Zero; left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), timestamp))
        {
            // Thread.Sleep knows whole milliseconds only, which on a read of half a millisecond would be most of the figure.
            if (OperatingSystem.IsWindows())
            {
                Thread.Sleep(left.TotalMilliseconds > 2 ? (int)left.TotalMilliseconds - 1 : 0);
            }
            else
            {
                var pause = new Timespec { Seconds = (nint)(left.Ticks / TimeSpan.TicksPerSecond), Nanoseconds = (nint)(left.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick) };
                _ = NanoSleep(in pause, IntPtr.Zero);
            }
        }
    }

    private static double Gap(Random random, double mean) => -Math.Log(1 - random.NextDouble()) * mean;

    // System.HashCode differs from run to run.
    private static int HashCode(int seed, int traffic) => unchecked((seed * 7919) + (traffic * 104_729) + 1);

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int NanoSleep(in Timespec pause, IntPtr remaining);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
