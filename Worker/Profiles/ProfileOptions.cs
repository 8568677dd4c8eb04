using System.ComponentModel.DataAnnotations;

namespace Engram.Worker.Profiles;

/// <summary>Section <c>Engram:Profiles</c>.</summary>
internal sealed class ProfileOptions
{
    /// <summary>Memories more or fewer after which a bucket's profile is made anew; 0 makes none by itself.</summary>
    [Range(0, 100_000, ErrorMessage = "Engram:Profiles:EveryMemories must be 0 to 100000.")]
    public int EveryMemories { get; set; } = 20;

    /// <summary>Seconds between two looks for such buckets.</summary>
    [Range(1, 3600, ErrorMessage = "Engram:Profiles:PollSeconds must be 1 to 3600.")]
    public int PollSeconds { get; set; } = 15;
}
