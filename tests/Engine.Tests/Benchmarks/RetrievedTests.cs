using System.Text.Json;
using Engram.Benchmarks.Retrieval;

namespace Engram.Engine.Tests.Benchmarks;

public sealed class RetrievedTests
{
    private const string Answer = """
        {"explanation":{"retrieved_memories":[
          {"memory_id":"m1","weighted_score":0.9,"ranks":{"keyword":2,"vector":1},"scores":{"keyword":7.5,"vector":0.8}},
          {"memory_id":"m2","weighted_score":0.5,"ranks":{"keyword":4,"vector":null,"graph":1},"scores":{"keyword":2,"graph":0.3}},
          {"memory_id":"m3","weighted_score":0.4,"ranks":{"keyword":1},"scores":{"keyword":9}}],
         "warnings":["slow"]}}
        """;

    [Fact]
    public void Every_arm_gets_its_own_ranking_out_of_the_fused_answer()
    {
        var retrieved = Read();

        Assert.Equal(["t1", "t2", "t3"], retrieved.Ranking("fused"));
        Assert.Equal(["t3", "t1", null, "t2"], retrieved.Ranking("keyword"));
        Assert.Equal(["t1"], retrieved.Ranking("vector"));
        Assert.Equal(["t2"], retrieved.Ranking("graph"));
        Assert.Equal(7.5, retrieved.Hits[0].Scores["keyword"]);
        Assert.Equal(["slow"], retrieved.Warnings);
    }

    [Fact]
    public void A_rank_that_is_not_in_the_answer_is_counted_as_hidden()
    {
        var retrieved = Read();

        Assert.Equal(1, retrieved.Hidden("keyword"));
        Assert.Equal(0, retrieved.Hidden("vector"));
    }

    [Fact]
    public void Evidence_found_under_a_filter_takes_the_empty_rank_its_score_belongs_to()
    {
        var retrieved = Read();

        Assert.Equal(["t9"], retrieved.Unseen(["t1", "t9"]));
        retrieved.Place([new Hit("t9", 0.1, new Dictionary<string, int>(), new Dictionary<string, double> { ["keyword"] = 7.4, ["vector"] = 0.1 })]);

        Assert.Equal(["t3", "t1", "t9", "t2"], retrieved.Ranking("keyword"));
        Assert.Equal(["t1"], retrieved.Ranking("vector"));
    }

    private static Retrieved Read()
    {
        using var document = JsonDocument.Parse(Answer);
        return Retrieved.Read(document.RootElement, id => "t" + id[1..]);
    }
}
