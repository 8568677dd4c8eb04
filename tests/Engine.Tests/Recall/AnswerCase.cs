using System.Text.Json;
using Engram.Engine.Latency;
using Engram.Engine.Memories;
using Engram.Engine.Recall;
using Engram.Tests.Shared;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Tests.Recall;

/// <summary>A question with memories made up for a test, answered by a scripted model.</summary>
internal static class AnswerCase
{
    private static readonly DateTimeOffset Day = new(2026, 5, 4, 9, 0, 0, TimeSpan.Zero);

    public static Guid IdOf(int number) => new($"00000000-0000-7000-8000-{number:000000000000}");

    public static RecallResult Found(params string[] memories) => new([.. memories.Select(Hit)], [], [], [], memories.Length);

    public static GraphFact Fact(string subject, string predicate, string @object, int memory, bool negated = false, bool superseded = false) => new(
        subject, predicate, @object, negated, superseded, IdOf(memory), IdOf(900), "default", 1, 0.5, Day);

    public static AnswerRequest Request(string query, RecallResult found) => new(new Tenant(IdOf(1)), query, found, new OpTimer(IdOf(2))) { Operation = "test" };

    public static Synthesis With(ScriptedChat chat, SynthesisOptions? options = null, bool jsonSchema = true) =>
        new((_, _) => ValueTask.FromResult<Engine.Providers.TenantChat?>(chat.Tenant(jsonSchema)), extractive: null!, Options.Create(options ?? new SynthesisOptions()), TimeProvider.System);

    public static Task<SynthesizedAnswer> AskAsync(ScriptedChat chat, AnswerRequest request, SynthesisOptions? options = null) =>
        With(chat, options).AnswerAsync(request, TestContext.Current.CancellationToken);

    public static async Task<(List<string> Pieces, SynthesizedAnswer Whole)> StreamAsync(ScriptedChat chat, AnswerRequest request)
    {
        var pieces = new List<string>();
        SynthesizedAnswer? whole = null;
        await foreach (var part in With(chat).StreamAsync(request, TestContext.Current.CancellationToken))
        {
            if (part is AnswerDelta delta)
                pieces.Add(delta.Text);
            else if (part is AnswerDone done)
                whole = done.Result;
        }

        return (pieces, whole!);
    }

    private static RecallHit Hit(string content, int index) => new(
        new Memory
        {
            Id = IdOf(index + 1),
            BucketId = IdOf(900),
            Content = content,
            TokenCount = content.Length / 4,
            Language = "english",
            Metadata = JsonElement.Parse("{}"),
            Categories = [],
            OccurredAt = Day.AddDays(-index),
            Status = "stored",
            Extraction = ExtractionState.Extracted,
            Version = 1,
            CreatedAt = Day,
            UpdatedAt = Day,
        },
        "default", 1.0 / (index + 1), 1, null, null, null);
}
