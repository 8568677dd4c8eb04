using System.Diagnostics;

namespace Engram.AppHost.Tests;

internal static class Eventually
{
    public static Task TrueAsync(Func<bool> condition, TimeSpan limit, Func<string> explain) =>
        TrueAsync(() => Task.FromResult(condition()), limit, explain);

    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan limit, Func<string> explain)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(clock.Elapsed < limit, $"Not within {limit.TotalSeconds} s. {explain()}");
            await Task.Delay(25);
        }
    }
}
