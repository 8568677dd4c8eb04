using Engram.Benchmarks.Retrieval;

namespace Engram.Engine.Tests.Benchmarks;

/// <summary>The benchmark's own arithmetic, against values worked out by hand.</summary>
public sealed class RetrievalScoreTests
{
    [Fact]
    public void Recall_is_the_share_of_the_evidence_within_the_first_k()
    {
        var score = RetrievalScore.Of([.. Ranking(25, (1, "a"), (7, "b"), (20, "c"), (21, "d"))], Set("a", "b", "c", "d"));

        Assert.Equal(0.25, score.Recall5);
        Assert.Equal(0.5, score.Recall10);
        Assert.Equal(0.75, score.Recall20);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 0.25)]
    [InlineData(20, 0.05)]
    [InlineData(21, 0)]
    public void Reciprocal_rank_counts_the_first_piece_of_evidence_within_20(int rank, double expected) =>
        Assert.Equal(expected, RetrievalScore.Of([.. Ranking(30, (rank, "a"), (rank + 1, "b"))], Set("a", "b")).Mrr20, 12);

    [Fact]
    public void Gain_is_discounted_by_the_logarithm_of_the_rank_and_normalised_by_the_best_order()
    {
        // Ranks 1 and 3 of two: (1/log2(2) + 1/log2(4)) / (1/log2(2) + 1/log2(3)) = 1.5 / 1.63093.
        var score = RetrievalScore.Of([.. Ranking(10, (1, "a"), (3, "b"))], Set("a", "b"));

        Assert.Equal(0.919721, score.Ndcg10, 6);
    }

    [Fact]
    public void A_perfect_ranking_scores_1_even_with_more_evidence_than_ranks()
    {
        var evidence = Enumerable.Range(1, 12).Select(i => $"e{i}").ToArray();

        var score = RetrievalScore.Of(evidence, evidence.ToHashSet());

        Assert.Equal(1, score.Ndcg10, 12);
        Assert.Equal(10.0 / 12, score.Recall10, 12);
        Assert.Equal(1, score.Recall20);
    }

    [Fact]
    public void What_is_listed_twice_is_found_once()
    {
        var score = RetrievalScore.Of(["a", "a", "b"], Set("a", "b"));

        Assert.Equal(1, score.Recall5);
        Assert.Equal(0.919721, score.Ndcg10, 6);
    }

    [Fact]
    public void An_empty_ranking_scores_0() => Assert.Equal(default, RetrievalScore.Of([], Set("a")));

    [Fact]
    public void A_question_without_evidence_is_refused() => Assert.Throws<ArgumentException>(() => RetrievalScore.Of(["a"], Set()));

    [Fact]
    public void The_mean_weighs_every_question_alike()
    {
        var mean = RetrievalScore.Mean([RetrievalScore.Of(["a"], Set("a")), RetrievalScore.Of(["x", "a"], Set("a", "b"))]);

        Assert.Equal(0.75, mean.Recall10);
        Assert.Equal(0.75, mean.Mrr20);
    }

    private static HashSet<string> Set(params string[] items) => [.. items];

    private static string?[] Ranking(int length, params (int Rank, string Item)[] items)
    {
        var ranking = new string?[length];
        foreach (var (rank, item) in items.Where(i => i.Rank <= length))
            ranking[rank - 1] = item;
        return ranking;
    }
}
