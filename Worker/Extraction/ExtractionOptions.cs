using System.ComponentModel.DataAnnotations;

namespace Engram.Worker.Extraction;

/// <summary>Section <c>Engram:Extraction</c>.</summary>
internal sealed class ExtractionOptions
{
    /// <summary>Jobs a Worker holds at once.</summary>
    [Range(1, 256, ErrorMessage = "Engram:Extraction:Concurrency must be 1 to 256.")]
    public int Concurrency { get; set; } = 16;

    /// <summary>Longest pause between two looks at the queue; the wake-up makes it shorter.</summary>
    [Range(50, 60_000, ErrorMessage = "Engram:Extraction:PollMs must be 50 to 60000.")]
    public int PollMs { get; set; } = 1000;

    /// <summary>Days a finished job is kept for the tenant to see.</summary>
    [Range(1, 365, ErrorMessage = "Engram:Extraction:KeepDays must be 1 to 365.")]
    public int KeepDays { get; set; } = 7;
}
