using System.Text;
using System.Text.Json;

namespace Engram.Engine.Memories;

/// <summary>Limits of what can be stored, and their check. All sizes are in bytes of UTF-8 unless they say characters.</summary>
public static class MemoryLimits
{
    /// <summary>Largest text.</summary>
    public const int MaxContentBytes = 65_536;

    /// <summary>Largest metadata object.</summary>
    public const int MaxMetadataBytes = 16_384;

    /// <summary>Most memories in one batch.</summary>
    public const int MaxBatch = 500;

    /// <summary>Longest user, agent or run id, in characters.</summary>
    public const int MaxIdCharacters = 256;

    /// <summary>Most labels of a memory.</summary>
    public const int MaxCategories = 32;

    /// <summary>Longest label, in characters.</summary>
    public const int MaxCategoryCharacters = 64;

    internal static void Check(NewMemory memory)
    {
        CheckContent(memory.Content);
        CheckMetadata(memory.Metadata);
        TextRules.Check("user_id", memory.UserId, MaxIdCharacters);
        TextRules.Check("agent_id", memory.AgentId, MaxIdCharacters);
        TextRules.Check("run_id", memory.RunId, MaxIdCharacters);
        CheckCategories(memory.Categories);
        if (memory.OccurredAt is { } at && (at.Year < 1 || at > DateTimeOffset.MaxValue.AddDays(-1)))
            throw EngramException.Invalid("occurred_at", "occurred_at is out of range.");
    }

    internal static void CheckContent(string? content)
    {
        if (string.IsNullOrWhiteSpace(content))
            throw EngramException.Invalid("content", "content is missing or blank: a memory needs a text.");
        TextRules.CheckCharacters("content", content);
        var bytes = Encoding.UTF8.GetByteCount(content);
        if (bytes > MaxContentBytes)
        {
            throw EngramException.TooLarge(
                "content", $"content has {bytes} bytes of UTF-8; the limit is {MaxContentBytes}. Split the text into several memories.");
        }
    }

    internal static void CheckMetadata(JsonElement metadata)
    {
        if (metadata.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return;
        if (metadata.ValueKind != JsonValueKind.Object)
            throw EngramException.Invalid("metadata", "metadata must be a JSON object.");
        TextRules.CheckJson("metadata", metadata);
        var bytes = Encoding.UTF8.GetByteCount(metadata.GetRawText());
        if (bytes > MaxMetadataBytes)
            throw EngramException.TooLarge("metadata", $"metadata has {bytes} bytes; the limit is {MaxMetadataBytes}.");
    }

    internal static void CheckCategories(IReadOnlyList<string> categories)
    {
        if (categories.Count > MaxCategories)
            throw EngramException.Invalid("categories", $"categories has {categories.Count} labels; the limit is {MaxCategories}.");
        for (var i = 0; i < categories.Count; i++)
        {
            if (string.IsNullOrWhiteSpace(categories[i]))
                throw EngramException.Invalid($"categories[{i}]", "A category may not be blank.");
            TextRules.Check($"categories[{i}]", categories[i], MaxCategoryCharacters);
        }
    }
}
