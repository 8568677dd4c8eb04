using Engram.Portal.Client;

namespace Engram.Portal.Components.Buckets;

/// <summary>A bucket being made.</summary>
public sealed class BucketDraft
{
    public const int LongestName = 128;

    public string Name { get; set; } = "";

    public string Description { get; set; } = "";

    /// <summary>Why it cannot be sent; null when it can. What a name may hold is the Api's to say.</summary>
    public string? Fault => Name.Trim() switch
    {
        "" => "Give the bucket a name.",
        { Length: > LongestName } => $"A name has at most {LongestName} characters.",
        _ => null,
    };

    public CreateBucket ToRequest() => new(Name.Trim(), string.IsNullOrWhiteSpace(Description) ? null : Description.Trim());
}
