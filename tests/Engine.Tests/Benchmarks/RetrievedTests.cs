using System.Text.Json;
using Engram.Benchmarks.Retrieval;

namespace Engram.Engine.Tests.Benchmarks;

public sealed class RetrievedTests
{
    private const string Answer = """
        {"explanation":{"retrieved_memories":[
          {"memory_id":"m1","weighted_score":0.9,"ranks":{"keyword":2,"vector":1},"scores":{"keyword":7.5,"vector":0.8}},
          {"memory_id":"m2","weighted_score":0.5,"ranks":{"keyword":4,"vector":null,"graph":1}},
          {"memory_id":"m3","weighted_score":0.4,"ranks":{"keyword":1}}],
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

    private static Retrieved Read()
    {
        using var document = JsonDocument.Parse(Answer);
        return Retrieved.Read(document.RootElement, id => "t" + id[1..]);
    }
}
