using Engram.Engine.Recall;

namespace Engram.Engine.Tests.Retrieval;

public sealed class RankFusionTests
{
    private static readonly Guid A = new("00000000-0000-0000-0000-00000000000a");
    private static readonly Guid B = new("00000000-0000-0000-0000-00000000000b");
    private static readonly Guid C = new("00000000-0000-0000-0000-00000000000c");

    [Fact]
    public void Reciprocal_rank_fusion_adds_weight_over_k_plus_rank()
    {
        var fused = RankFusion.ReciprocalRank([Keyword((A, 9), (B, 3)), Vector((B, 0.8), (C, 0.7))], _ => 1, k: 60);
        Assert.Equal([B, A, C], fused.Select(f => f.Memory));
        var best = 2.0 / 61;
        Assert.Equal((1 / 62.0 + 1 / 61.0) / best, fused[0].Score, 12);
        Assert.Equal(1 / 61.0 / best, fused[1].Score, 12);
        Assert.Equal((2, 1), (fused[0].Keyword!.Value.Rank, fused[0].Vector!.Value.Rank));
        Assert.Null(fused[2].Keyword);
    }

    [Fact]
    public void An_arm_of_weight_zero_changes_no_order()
    {
        var alone = RankFusion.Score([Keyword((A, 9), (B, 3))], _ => 1).Select(f => f.Memory);
        var with = RankFusion.Score([Keyword((A, 9), (B, 3)), Vector((B, 0.9), (A, 0.1))], arm => arm == RecallArm.Keyword ? 1 : 0).Select(f => f.Memory);
        Assert.Equal(alone, with);
    }

    [Fact]
    public void Score_fusion_normalises_bm25_by_its_best_and_takes_cosine_as_it_is()
    {
        var fused = RankFusion.Score([Keyword((A, 10), (B, 5)), Vector((B, 0.8), (A, 0.2))], arm => arm == RecallArm.Vector ? 2 : 1);
        Assert.Equal([B, A], fused.Select(f => f.Memory));
        Assert.Equal((0.5 + (2 * 0.8)) / 3, fused[0].Score, 12);
        Assert.Equal((1 + (2 * 0.2)) / 3, fused[1].Score, 12);
    }

    [Fact]
    public void A_memory_the_vector_arm_left_out_counts_as_its_last_one_not_as_unlike()
    {
        var fused = RankFusion.Score([Keyword((C, 10)), Vector((A, 0.6), (B, 0.5))], _ => 1);
        Assert.Equal(C, fused[0].Memory);
        Assert.Equal((1 + 0.5) / 2, fused[0].Score, 12);
    }

    [Fact]
    public void The_result_does_not_depend_on_the_order_of_the_arms()
    {
        Ranking[] arms = [Keyword((A, 3), (B, 3), (C, 1)), Vector((C, 0.9), (A, 0.3)), new Ranking(RecallArm.Graph, [(B, 0.4)])];
        var forward = RankFusion.Score(arms, _ => 1).Select(f => (f.Memory, Math.Round(f.Score, 12)));
        Array.Reverse(arms);
        Assert.Equal(forward, RankFusion.Score(arms, _ => 1).Select(f => (f.Memory, Math.Round(f.Score, 12))));
    }

    [Fact]
    public void Empty_arms_fuse_to_nothing()
    {
        Assert.Empty(RankFusion.Score([Keyword(), Vector()], _ => 1));
        Assert.Empty(RankFusion.ReciprocalRank([Keyword(), Vector()], _ => 1, 60));
    }

    [Fact]
    public void A_neighbour_is_raised_by_the_better_of_its_neighbours_and_scores_stay_within_one()
    {
        FusedMemory[] fused = [new(A, 1, null, null, null), new(B, 0.5, null, null, null)];
        var raised = RunContext.Raise(fused, [(A, C), (B, C), (A, B)], weight: 0.5);
        Assert.Equal([A, B, C], raised.Select(f => f.Memory));
        Assert.Equal([1 / 1.5, 1 / 1.5, (0.5 + 0.5) / 1.5], raised.Select(f => f.Score));
        Assert.Equal([null, A, A], raised.Select(f => f.RaisedBy));
    }

    private static Ranking Keyword(params (Guid, double)[] scores) => new(RecallArm.Keyword, scores);

    private static Ranking Vector(params (Guid, double)[] scores) => new(RecallArm.Vector, scores);
}
