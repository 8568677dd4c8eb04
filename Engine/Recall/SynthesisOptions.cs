using System.ComponentModel.DataAnnotations;

namespace Engram.Engine.Recall;

/// <summary>Section <c>Engram:Synthesis</c>.</summary>
public sealed class SynthesisOptions
{
    /// <summary>Tokens of memories, facts and profile given to the model, estimated: what fits the smallest model in use, and what is worth paying for.</summary>
    [Range(200, 500_000, ErrorMessage = "Engram:Synthesis:ContextTokens must be 200 to 500000.")]
    public int ContextTokens { get; set; } = 6_000;

    /// <summary>Most tokens of an answer where the caller says nothing.</summary>
    [Range(16, 32_768, ErrorMessage = "Engram:Synthesis:AnswerTokens must be 16 to 32768.")]
    public int AnswerTokens { get; set; } = 1_024;
}
