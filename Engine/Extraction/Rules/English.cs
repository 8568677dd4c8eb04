using System.Collections.Frozen;

namespace Engram.Engine.Extraction.Rules;

/// <summary>English inflection, regular cases only, and a few closed word sets.</summary>
internal static class English
{
    /// <summary>Nouns that name a relation of their possessor or of-phrase ("the founder of X") besides kinship.</summary>
    public static readonly FrozenSet<string> Relations = FrozenSet.ToFrozenSet(
        ["boss", "manager", "colleague", "coworker", "teacher", "mentor", "coach", "neighbor", "neighbour", "roommate", "classmate"]);

    private static bool IsVowel(char c) => c is 'a' or 'e' or 'i' or 'o' or 'u';

    public static string ThirdPerson(string verb) => verb switch
    {
        "be" => "is",
        "have" => "has",
        "do" => "does",
        "go" => "goes",
        "undergo" => "undergoes",
        _ when verb.Length > 1 && verb[^1] == 'y' && !IsVowel(verb[^2]) => verb[..^1] + "ies",
        _ when verb[^1] is 's' or 'x' or 'z' || verb.EndsWith("ch", StringComparison.Ordinal) || verb.EndsWith("sh", StringComparison.Ordinal)
            => verb + "es",
        _ => verb + "s",
    };

    public static string Past(string verb) =>
        verb[^1] == 'e' ? verb + "d"
        : verb[^1] == 'y' && !IsVowel(verb[^2]) ? verb[..^1] + "ied"
        : Doubles(verb) ? verb + verb[^1] + "ed"
        : verb + "ed";

    public static string Ing(string verb) =>
        verb is "be" ? "being"
        : verb is "die" or "lie" or "tie" ? verb[..^2] + "ying"
        : verb[^1] == 'e' && !verb.EndsWith("ee", StringComparison.Ordinal) && !verb.EndsWith("oe", StringComparison.Ordinal) ? verb[..^1] + "ing"
        : Doubles(verb) ? verb + verb[^1] + "ing"
        : verb + "ing";

    public static string BaseOfPast(string form) => Restore(form[..^2], form.EndsWith("ied", StringComparison.Ordinal));

    public static string BaseOfIng(string form) => Restore(form[..^3], false);

    public static string Singular(string noun)
    {
        if (noun.Length < 4 || noun[^1] != 's' || noun[^2] is 's' or 'u' or 'i')
        {
            return noun switch { "men" => "man", "women" => "woman", "children" => "child", "people" => "person", _ => noun };
        }

        if (noun.EndsWith("ies", StringComparison.Ordinal) && noun.Length > 4)
        {
            return noun[..^3] + "y";
        }

        return noun.EndsWith("ches", StringComparison.Ordinal) || noun.EndsWith("shes", StringComparison.Ordinal)
            || noun.EndsWith("sses", StringComparison.Ordinal) || noun.EndsWith("xes", StringComparison.Ordinal)
            ? noun[..^2]
            : noun[..^1];
    }

    public static bool IsPlural(string noun) =>
        noun is "people" or "men" or "women" or "children"
        || (noun.Length > 3 && noun[^1] == 's' && noun[^2] is not ('s' or 'u' or 'i'));

    // One-syllable consonant-vowel-consonant verbs double; longer ones only with final stress, which only a list can know.
    private static bool Doubles(string verb)
    {
        if (verb.Length < 3 || IsVowel(verb[^1]) || verb[^1] is 'w' or 'x' or 'y' || !IsVowel(verb[^2]) || IsVowel(verb[^3]) && verb[^3] != 'u')
        {
            return false;
        }

        if (verb is "refer" or "prefer" or "transfer" or "occur" or "admit" or "commit" or "submit" or "permit" or "omit" or "regret" or "begin"
            or "control" or "compel" or "propel" or "expel" or "rebel" or "equip" or "defer" or "incur" or "infer" or "transmit" or "patrol" or "excel"
            or "acquit" or "forget" or "upset" or "enrol" or "kidnap" or "repel" or "dispel" or "outfit")
        {
            return true;
        }

        return verb.Count(IsVowel) == 1 || (verb.Count(IsVowel) == 2 && verb.Contains("qu", StringComparison.Ordinal) && verb.Length <= 4);
    }

    private static string Restore(string stem, bool fromIed)
    {
        if (fromIed)
        {
            return stem[..^1] + "y";
        }

        if (stem.Length > 3 && stem[^1] == stem[^2] && !IsVowel(stem[^1]) && stem[^1] is not ('s' or 'l'))
        {
            return stem[..^1];
        }

        return stem.EndsWith("at", StringComparison.Ordinal) || stem.EndsWith("iz", StringComparison.Ordinal) || stem.EndsWith('v')
            || stem.EndsWith("ur", StringComparison.Ordinal) || stem.EndsWith('c')
            || (stem.Length > 2 && stem[^1] == 'l' && !IsVowel(stem[^2]) && stem[^2] != 'l')
            ? stem + "e"
            : stem;
    }
}
