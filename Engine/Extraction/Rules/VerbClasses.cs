using System.Collections.Frozen;

namespace Engram.Engine.Extraction.Rules;

/// <summary>How verbs treat what follows them (verbclasses.txt).</summary>
internal static class VerbClasses
{
    private static readonly FrozenDictionary<string, FrozenSet<string>> Classes = EmbeddedList.Lines("verbclasses")
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .ToFrozenDictionary(parts => parts[0], parts => parts.Skip(1).ToFrozenSet(StringComparer.Ordinal), StringComparer.Ordinal);

    public static bool TakesClause(string lemma) => Classes["clause"].Contains(lemma);

    /// <summary>A complement of "hope", "wish", "doubt" is not a fact.</summary>
    public static bool IsUnreal(string lemma) => Classes["unreal"].Contains(lemma);

    public static bool IsHedged(string lemma) => Classes["hedged"].Contains(lemma);

    public static bool IsDouble(string lemma) => Classes["double"].Contains(lemma);

    public static bool IsRaising(string lemma) => Classes["raising"].Contains(lemma);

    public static bool IsStative(string lemma) => Classes["stative"].Contains(lemma);

    public static bool IsDated(string lemma) => Classes["dated"].Contains(lemma);

    public static bool IsIntransitive(string lemma) => Classes["intransitive"].Contains(lemma);

    public static bool IsLinking(string lemma) => Classes["linking"].Contains(lemma);

    public static bool TakesGerund(string lemma) => Classes["gerund"].Contains(lemma);
}
