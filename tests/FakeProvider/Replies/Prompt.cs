using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Engram.FakeProvider.Replies;

/// <summary>A piece of text the prompt fences, with the name it has there.</summary>
internal sealed record Fenced(string Id, string Text);

/// <summary>
/// What is asked, and where in it things are: stored texts in <c>&lt;memory id="..."&gt;</c>, the question in <c>&lt;question&gt;</c>, a text to extract from in
/// <c>&lt;text&gt;</c>. A fence may carry a suffix that an attacker cannot guess (<c>&lt;memory-1f3a id="1"&gt;</c>).
/// </summary>
/// <param name="System">System and developer messages.</param>
/// <param name="User">The user's messages.</param>
/// <param name="Schema">The JSON schema of the reply, if one is asked.</param>
/// <param name="Json">Whether the reply must be JSON.</param>
internal sealed partial record Prompt(string System, string User, JsonObject? Schema, bool Json)
{
    /// <summary>The tool through which JSON is to be returned (Anthropic's older way), or null.</summary>
    public string? Tool { get; init; }

    public string All => $"{System}\n\n{User}";

    public IReadOnlyList<Fenced> Memories => Fences("memory");

    public IReadOnlyList<Fenced> Texts => Fences("text");

    public string? Question => Fences("question") is [.., var last] ? last.Text : null;

    private IReadOnlyList<Fenced> Fences(string tag) => [.. Fence().Matches(User)
        .Where(match => match.Groups["tag"].Value == tag)
        .Select(match => new Fenced(Id().Match(match.Groups["attributes"].Value).Groups["id"].Value, match.Groups["text"].Value.Trim()))];

    [GeneratedRegex("""<(?<tag>memory|question|text)(?<suffix>[-_:][\w-]+)?(?<attributes>\s[^>]*)?>(?<text>.*?)</\k<tag>\k<suffix>?>""", RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("""\b(id|n|number|index)\s*=\s*"?(?<id>[^"\s>]+)"?""")]
    private static partial Regex Id();
}
