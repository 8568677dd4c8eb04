using System.Diagnostics;

namespace Engram.AppHost.Tests;

internal static class Eventually
{
    public static async Task TrueAsync(Func<bool> condition, TimeSpan limit, Func<string> explain)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < limit, $"Not within {limit.TotalSeconds} s. {explain()}");
            await Task.Delay(25);
        }
    }
}
