using Engram.Portal.Client;
using Engram.Portal.Components.Controls;

namespace Engram.Portal.Components.Buckets;

/// <summary>What goes with a memory, and what stays because other memories say it too.</summary>
public static class DeletionPreview
{
    public static string Of(Memory memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        var all = memory.Triples?.Count ?? 0;
        var staying = memory.Triples?.Count(triple => triple.OtherSources > 0) ?? 0;
        var triples = (all, staying) switch
        {
            (0, _) => "",
            (_, 0) => $" and {Figures.Plural(all, "triple", "triples")} that nothing else says",
            _ when staying == all => $". {(all == 1 ? "Its triple stays" : $"Its {Figures.Count(all)} triples stay")}: other memories say the same",
            _ => $" and {Figures.Count(all - staying)} of its {Figures.Count(all)} triples; other memories say the rest",
        };
        var versions = memory.History is { Count: > 0 } history ? $", {Figures.Plural(history.Count, "former version", "former versions")}" : "";
        return $"This removes its text{versions}, its vector, its index entries{triples}. Deleted text is gone for good: there is no undo.";
    }
}
