using System.Diagnostics;
using Engram.Engine.Latency;

namespace Engram.Engine.Tests.Latency;

public class OpTimerTests
{
    [Fact]
    public void Hops_of_one_kind_are_summed_in_the_header_and_kept_apart_in_the_record()
    {
        var timer = new OpTimer(Guid.CreateVersion7());
        timer.Add(Hop.LlmCall, 0, Stopwatch.Frequency, "synthesis");
        timer.Add(Hop.LlmCall, 0, Stopwatch.Frequency / 2, "rerank");
        timer.Add(Hop.AuthDecode, 0, Stopwatch.Frequency / 1000);

        Assert.StartsWith("auth-decode;dur=1.000, llm-call;dur=1500.000, total;dur=", timer.ToServerTiming());
        Assert.Equal(["synthesis", "rerank", null], timer.Hops().Select(hop => hop.Label));
        Assert.Equal(TimeSpan.FromSeconds(1.5), timer.Total(Hop.LlmCall));
    }

    [Fact]
    public void A_scope_adds_its_hop_even_when_the_work_throws()
    {
        var timer = new OpTimer(Guid.CreateVersion7());
        Assert.Throws<InvalidOperationException>((Action)(() =>
        {
            using var _ = timer.Measure(Hop.DbRead);
            throw new InvalidOperationException();
        }));

        Assert.Equal(Hop.DbRead, Assert.Single(timer.Hops()).Hop);
    }

    [Fact]
    public void Concurrent_hops_are_all_kept()
    {
        var timer = new OpTimer(Guid.CreateVersion7());
        Parallel.For(0, 1_000, _ => timer.Measure(Hop.Embed).Dispose());

        Assert.Equal(1_000, timer.Hops().Length);
    }

    [Fact]
    public void A_stopped_clock_stands_still()
    {
        var timer = new OpTimer(Guid.CreateVersion7());
        timer.Stop();
        var first = timer.Elapsed;
        SpinWait.SpinUntil(() => Stopwatch.GetElapsedTime(timer.Started) > first + TimeSpan.FromMilliseconds(1));

        Assert.Equal(first, timer.Elapsed);
    }
}
