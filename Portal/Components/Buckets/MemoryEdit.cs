using Engram.Portal.Client;

namespace Engram.Portal.Components.Buckets;

/// <summary>An edit of a memory: only what was changed is sent, so that two people editing different things do not undo each other.</summary>
public sealed class MemoryEdit(Memory original)
{
    public string Content { get; set; } = original.Content;

    /// <summary>Comma-separated, as a person types them.</summary>
    public string Categories { get; set; } = string.Join(", ", original.Categories ?? []);

    public string? Fault => string.IsNullOrWhiteSpace(Content) ? "A memory needs a text. To remove it, delete it." : null;

    public bool IsChanged => ToRequest() is not { Content: null, Categories: null };

    public EditMemory ToRequest()
    {
        // Browsers send line breaks of a text area as they like; a text that only differs in them was not edited.
        var content = Content.ReplaceLineEndings("\n");
        var categories = Categories.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal).ToArray();
        return new EditMemory(
            content == original.Content.ReplaceLineEndings("\n") ? null : content,
            null,
            categories.SequenceEqual(original.Categories ?? []) ? null : categories);
    }
}
