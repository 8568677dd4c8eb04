using System.ComponentModel.DataAnnotations;

namespace Engram.Engine.Recall;

/// <summary>How the arms are fused.</summary>
public enum FusionMethod
{
    /// <summary>Normalised scores, weighted and added. The default: the best on public data (see docs/decisions).</summary>
    Score,

    /// <summary>Weighted reciprocal rank fusion.</summary>
    ReciprocalRank,
}

/// <summary>Section <c>Engram:Recall</c>. Defaults come from measurements on public data.</summary>
public sealed class RecallOptions
{
    /// <summary>How the arms are fused.</summary>
    public FusionMethod Fusion { get; set; } = FusionMethod.Score;

    /// <summary>Weight of the keyword arm.</summary>
    [Range(0, 100, ErrorMessage = "Engram:Recall:KeywordWeight must be 0 to 100.")]
    public double KeywordWeight { get; set; } = 1;

    /// <summary>Weight of the vector arm.</summary>
    [Range(0, 100, ErrorMessage = "Engram:Recall:VectorWeight must be 0 to 100.")]
    public double VectorWeight { get; set; } = 2;

    /// <summary>Weight of the graph arm.</summary>
    [Range(0, 100, ErrorMessage = "Engram:Recall:GraphWeight must be 0 to 100.")]
    public double GraphWeight { get; set; } = 0.3;

    /// <summary>Share of its neighbour's score by which a short memory of the same run is raised; 0 turns it off.</summary>
    [Range(0, 1, ErrorMessage = "Engram:Recall:ContextWeight must be 0 to 1.")]
    public double ContextWeight { get; set; } = 0.2;

    /// <summary>The constant of reciprocal rank fusion: larger flattens the ranks.</summary>
    [Range(1, 1000, ErrorMessage = "Engram:Recall:RankConstant must be 1 to 1000.")]
    public double RankConstant { get; set; } = 60;

    /// <summary>Candidates taken from each arm and bucket.</summary>
    [Range(10, 1000, ErrorMessage = "Engram:Recall:Candidates must be 10 to 1000.")]
    public int Candidates { get; set; } = 200;

    /// <summary>Milliseconds an arm may take before the query goes on without it.</summary>
    [Range(10, 30_000, ErrorMessage = "Engram:Recall:ArmBudgetMs must be 10 to 30000.")]
    public int ArmBudgetMs { get; set; } = 2000;

    /// <summary>Size of the candidate list of an approximate vector scan (<c>hnsw.ef_search</c>).</summary>
    [Range(10, 1000, ErrorMessage = "Engram:Recall:EfSearch must be 10 to 1000.")]
    public int EfSearch { get; set; } = 200;
}
