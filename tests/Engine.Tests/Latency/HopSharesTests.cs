using System.Diagnostics;
using Engram.Engine.Latency;

namespace Engram.Engine.Tests.Latency;

public class HopSharesTests
{
    private static readonly long Ms = Stopwatch.Frequency / 1000;

    [Fact]
    public void A_moment_belongs_to_the_hop_that_began_last()
    {
        // A tool's work of 8 ms holds a read of 3 ms; 2 ms are nobody's.
        var shares = SharesOf(10, (Hop.ToolDispatch, 1, 9), (Hop.DbRead, 2, 5));

        Assert.Equal((5_000, 3_000, 8_000), (shares[(int)Hop.ToolDispatch], shares[(int)Hop.DbRead], shares.Sum()));
    }

    [Fact]
    public void Hops_beside_each_other_are_not_counted_twice_and_none_reaches_beyond_the_operation()
    {
        var shares = SharesOf(10, (Hop.DbRead, 0, 6), (Hop.DbRead, 1, 7), (Hop.Embed, 0, 2), (Hop.LlmCall, 9, 40));

        Assert.Equal(10_000 - 2_000, shares.Sum());
        Assert.Equal((6_000, 1_000, 1_000), (shares[(int)Hop.DbRead], shares[(int)Hop.LlmCall], shares[(int)Hop.Embed]));
    }

    [Fact]
    public void Many_hops_are_shared_out_like_few()
    {
        var shares = SharesOf(100, [(Hop.ToolDispatch, 0, 100), .. Enumerable.Range(0, 40).Select(i => (Hop.DbRead, 2 * i, (2 * i) + 1))]);

        Assert.Equal((60_000, 40_000), (shares[(int)Hop.ToolDispatch], shares[(int)Hop.DbRead]));
    }

    private static int[] SharesOf(int totalMs, params (Hop Hop, int From, int To)[] hops)
    {
        var shares = new int[HopNames.Count];
        HopShares.Write(
            new OperationRecord(default, Guid.CreateVersion7(), DateTimeOffset.UtcNow, "api", "x", OpClass.Read, OpOutcome.Ok, TimeSpan.FromMilliseconds(totalMs))
            {
                Started = 1_000,
                Hops = [.. hops.Select(hop => new HopSample(hop.Hop, 1_000 + (hop.From * Ms), (hop.To - hop.From) * Ms, null))],
            },
            shares);
        return shares;
    }
}
