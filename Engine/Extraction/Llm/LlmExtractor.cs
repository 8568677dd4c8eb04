using System.Globalization;
using System.Text;
using System.Text.Json;
using Engram.Engine.Extraction.Rules;
using Engram.Engine.Prompts;
using Engram.Engine.Providers;

namespace Engram.Engine.Extraction.Llm;

/// <summary>
/// Extracts triples with the tenant's own model: one call for a text. What the model says is not believed: a triple whose evidence is not in the
/// text, or whose subject or object the text does not hold, is dropped and counted; so is a date that its evidence cannot mean.
/// </summary>
/// <param name="chat">The tenant's model for <see cref="ModelRole.Extract"/>. The caller disposes it.</param>
internal sealed class LlmExtractor(TenantChat chat) : ITripleExtractor
{
    private const int MaxOutputTokens = 4096;
    private const int MaxPredicate = 64;
    private const double DefaultConfidence = 0.8;

    private static readonly string[] DateForms = ["yyyy", "yyyy-MM", "yyyy-MM-dd"];

    /// <inheritdoc />
    public string Name { get; } = $"llm/{chat.Provider}/{chat.Model}/{ExtractionPrompt.Version}";

    /// <inheritdoc />
    /// <exception cref="ProviderException">The provider failed, or its reply was no use twice.</exception>
    public async ValueTask<ExtractionResult> ExtractAsync(ExtractionInput input, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (string.IsNullOrWhiteSpace(input.Text))
            return ExtractionResult.Empty;
        var reply = await StructuredCall.AskAsync(
            chat, ExtractionPrompt.Messages(input), "triples", ExtractionPrompt.Schema, ExtractionPrompt.Accepted.Check, MaxOutputTokens, new LlmTally(), cancellationToken);
        return Verify(reply, input);
    }

    /// <summary>Keeps of a reply what the text supports.</summary>
    internal static ExtractionResult Verify(JsonElement reply, ExtractionInput input)
    {
        var speaker = ExtractionPrompt.SpeakerOf(input);
        var finder = new EvidenceFinder(input.Text);
        var check = new EvidenceCheck(input.Text, speaker);
        var kept = new Dictionary<(string, string, string, bool), ExtractedTriple>();
        var dropped = 0;
        foreach (var item in reply.GetProperty("triples").EnumerateArray())
        {
            if (Read(item, input, speaker, finder) is { } triple && check.Supports(triple))
                kept.TryAdd((EntityName.Normalize(triple.Subject), triple.Predicate, EntityName.Normalize(triple.Object), triple.Negated), triple);
            else
                dropped++;
        }

        var best = kept.Values.OrderByDescending(t => t.Confidence).Take(RuleExtractor.MaxTriples).OrderBy(t => t.Evidence.Start).ThenBy(t => t.Evidence.Length);
        return new ExtractionResult([.. best], dropped);
    }

    private static ExtractedTriple? Read(JsonElement item, ExtractionInput input, string speaker, EvidenceFinder finder)
    {
        var subject = CleanName(TextOf(item, "subject"), speaker);
        var @object = CleanName(TextOf(item, "object"), speaker);
        var predicate = PredicateOf(TextOf(item, "predicate"));
        if (finder.Find(TextOf(item, "evidence")) is not { } evidence || predicate.Length == 0
            || EntityName.Normalize(subject).Length == 0 || EntityName.Normalize(@object).Length == 0
            || EntityName.Normalize(subject) == EntityName.Normalize(@object))
        {
            return null;
        }

        var negated = item.TryGetProperty("negated", out var denies) && denies.ValueKind == JsonValueKind.True;
        var objectKind = KindOf(TextOf(item, "object_kind"));
        var (from, to) = Validity(item, input, evidence);
        var single = !negated && to is null && (TextOf(item, "cardinality") == "one" || Relations.IsSinglePredicate(predicate));
        return new ExtractedTriple(subject, predicate, @object, evidence, ConfidenceOf(item))
        {
            Negated = negated,
            SingleValued = single,
            ValidFrom = from,
            ValidTo = to,
            SubjectKind = KindOf(TextOf(item, "subject_kind")),
            ObjectKind = objectKind,
        };
    }

    /// <summary>A validity the evidence can mean; a time the model made up is left out, the fact stays.</summary>
    private static (DateTimeOffset? From, DateTimeOffset? To) Validity(JsonElement item, ExtractionInput input, EvidenceSpan evidence)
    {
        if (!EvidenceCheck.HoldsTime(input.Text.AsSpan(evidence.Start, evidence.Length)))
            return (null, null);
        var from = TimeOf(TextOf(item, "valid_from"), input.EventTime.Offset);
        var to = TimeOf(TextOf(item, "valid_to"), input.EventTime.Offset);
        return (from, to is { } end && (from is null || end > from) ? end : null);
    }

    private static DateTimeOffset? TimeOf(string text, TimeSpan offset)
    {
        var trimmed = text.Trim();
        if (DateTime.TryParseExact(trimmed, DateForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
            return InRange(date, offset);
        return trimmed.Length > 10 && DateTimeOffset.TryParse(trimmed, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) && InRange(time.DateTime, time.Offset) is not null
            ? time
            : null;
    }

    // The first and the last year have no room for an offset.
    private static DateTimeOffset? InRange(DateTime date, TimeSpan offset) => date.Year is > 1 and < 9999 ? new DateTimeOffset(date, offset) : null;

    private static double ConfidenceOf(JsonElement item) =>
        item.TryGetProperty("confidence", out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var confidence) && double.IsFinite(confidence)
            ? Math.Round(Math.Clamp(confidence, 0.05, 0.95), 2)
            : DefaultConfidence;

    private static string TextOf(JsonElement item, string name) => !item.TryGetProperty(name, out var value)
        ? ""
        : value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
            _ => "",
        };

    /// <summary>A name without the quotation marks around it; "I", which some models leave standing, is the speaker.</summary>
    private static string CleanName(string name, string speaker)
    {
        var text = name.Trim().Trim('"', '“', '”', '„').Trim();
        if (text.Length > EntityName.MaxLength)
            text = text[..(char.IsHighSurrogate(text[EntityName.MaxLength - 1]) ? EntityName.MaxLength - 1 : EntityName.MaxLength)];
        return text.ToLowerInvariant() is "i" or "me" or "myself" or "the speaker" or "the user" or "speaker" ? speaker : text;
    }

    private static string? KindOf(string kind) => kind is "person" or "place" or "organisation" or "date" or "number" ? kind : null;

    /// <summary>snake_case in whatever script; empty where no letter is left.</summary>
    private static string PredicateOf(string predicate)
    {
        var name = new StringBuilder(predicate.Length);
        foreach (var c in predicate.Normalize(NormalizationForm.FormKC).ToLowerInvariant())
        {
            if (char.IsLetterOrDigit(c) || char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark)
                name.Append(c);
            else if (name.Length > 0 && name[^1] != '_')
                name.Append('_');
        }

        var text = name.ToString().Trim('_');
        text = text.Length > MaxPredicate ? text[..MaxPredicate].Trim('_') : text;
        return text.Any(char.IsLetter) ? text : "";
    }
}
