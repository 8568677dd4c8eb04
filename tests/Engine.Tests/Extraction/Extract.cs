using Engram.Engine.Extraction;
using Engram.Engine.Extraction.Rules;

namespace Engram.Engine.Tests.Extraction;

/// <summary>Runs the extractor on one text said on Monday, 8 May 2023.</summary>
internal static class Extract
{
    public static readonly DateTimeOffset EventTime = new(2023, 5, 8, 13, 56, 0, TimeSpan.FromHours(2));

    public static async Task<ExtractionResult> Result(string text, string? speaker = null, string language = "en") =>
        await new RuleExtractor().ExtractAsync(new ExtractionInput(text, EventTime, language, speaker), CancellationToken.None);

    public static async Task<IReadOnlyList<ExtractedTriple>> From(string text, string? speaker = null, string language = "en") =>
        (await Result(text, speaker, language)).Triples;

    /// <summary>"subject | predicate | object", with "not " before a denied predicate.</summary>
    public static string Line(ExtractedTriple t) => $"{t.Subject} | {(t.Negated ? "not " : "")}{t.Predicate} | {t.Object}";

    public static async Task<string[]> Lines(string text, string? speaker = null) => [.. (await From(text, speaker)).Select(Line)];
}
