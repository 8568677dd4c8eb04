using System.ComponentModel.DataAnnotations;

namespace Engram.Worker.Embedding;

/// <summary>Section <c>Engram:Embedding</c>: the vectors of tenants' own models that the Worker makes.</summary>
internal sealed class EmbeddingOptions
{
    /// <summary>Seconds between two looks for what is missing.</summary>
    [Range(0.1, 3600, ErrorMessage = "Engram:Embedding:PollSeconds must be 0.1 to 3600.")]
    public double PollSeconds { get; set; } = 3;

    /// <summary>Tenants whose providers are asked at the same time: waiting for them costs nothing here.</summary>
    [Range(1, 64, ErrorMessage = "Engram:Embedding:Tenants must be 1 to 64.")]
    public int Tenants { get; set; } = 4;
}
