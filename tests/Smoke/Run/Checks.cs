using System.Diagnostics;
using Engram.Smoke.Wire;

namespace Engram.Smoke.Run;

/// <summary>Runs the checks of a group one after the other and writes down how each went. What a check throws ends that check only.</summary>
internal sealed class Checks(string group, List<CheckResult> results, CancellationToken stop)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);

    /// <summary>Half of what a host may keep in its cache, so that nothing comes true by growing old there.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>One operation on one fixture, and the shape its reply must have.</summary>
    /// <param name="name">Says what must hold; the same in every run, since charts go by it.</param>
    /// <param name="operation">The operation.</param>
    /// <param name="expect">Throws where the shape is another.</param>
    /// <returns>The reply, or null where the check failed.</returns>
    public async Task<Reply?> RunAsync(string name, Func<Task<Reply>> operation, Action<Reply> expect)
    {
        stop.ThrowIfCancellationRequested();
        var started = Stopwatch.GetTimestamp();
        Reply? reply = null;
        try
        {
            reply = await operation().WaitAsync(Limit, stop);
            expect(reply);
            results.Add(new CheckResult(group, name, Outcome.Passed, reply.Ms, null));
            return reply;
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            results.Add(new CheckResult(group, name, Outcome.Failed, reply?.Ms ?? Stopwatch.GetElapsedTime(started).TotalMilliseconds, Words(e)));
            return null;
        }
    }

    /// <summary>The same for what comes true a little later: asks again for a while until it holds. The time is that of the last request.</summary>
    public Task<Reply?> SoonAsync(string name, Func<Task<Reply>> operation, Action<Reply> expect)
    {
        return RunAsync(name, PollAsync, expect);

        async Task<Reply> PollAsync()
        {
            var clock = Stopwatch.StartNew();
            while (true)
            {
                var reply = await operation();
                try
                {
                    expect(reply);
                    return reply;
                }
                catch (UnexpectedException) when (clock.Elapsed < Soon)
                {
                    await Task.Delay(Pause, stop);
                }
                catch (UnexpectedException)
                {
                    // Said again, and written down, by the check itself.
                    return reply;
                }
            }
        }
    }

    /// <summary>A check that cannot be made here, and why.</summary>
    public void Skip(string name, string reason) => results.Add(new CheckResult(group, name, Outcome.Skipped, null, reason));

    /// <summary>The group could not go on.</summary>
    public void Broke(Exception e) => results.Add(new CheckResult(group, "the group's own fixture", Outcome.Failed, null, Words(e)));

    private static string Words(Exception e) => e switch
    {
        UnexpectedException => e.Message,
        TimeoutException => $"nothing came back within {Limit.TotalSeconds:0} s",
        HttpRequestException request => $"nobody answered: {request.Message}",
        _ => $"{e.GetType().Name}: {e.Message}",
    };
}
