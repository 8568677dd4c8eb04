using Engram.LocalHost.Running;

namespace Engram.AppHost.Tests;

public sealed class RestartPolicyTests
{
    [Fact]
    public void The_pause_doubles_with_every_crash_in_a_row()
    {
        var policy = new RestartPolicy();
        var pauses = Enumerable.Range(0, 4).Select(second => policy.Crashed(TimeSpan.FromSeconds(second))!.Value.TotalMilliseconds);
        Assert.Equal([250, 500, 1000, 2000], pauses);
    }

    [Fact]
    public void The_fifth_crash_within_a_minute_is_the_last()
    {
        var policy = new RestartPolicy();
        for (var crash = 0; crash < RestartPolicy.MostCrashes - 1; crash++)
        {
            Assert.NotNull(policy.Crashed(TimeSpan.FromSeconds(10 * crash)));
        }

        Assert.Null(policy.Crashed(TimeSpan.FromSeconds(59)));
    }

    [Fact]
    public void Crashes_of_more_than_a_minute_ago_are_forgiven()
    {
        var policy = new RestartPolicy();
        for (var crash = 0; crash < 100; crash++)
        {
            Assert.NotNull(policy.Crashed(TimeSpan.FromSeconds(16 * crash)));
        }
    }
}
