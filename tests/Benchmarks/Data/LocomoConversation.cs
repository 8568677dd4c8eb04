using System.Globalization;
using System.Text.Json;

namespace Engram.Benchmarks.Data;

/// <summary>One LoCoMo conversation: its turns and the questions that have evidence.</summary>
internal sealed record LocomoConversation(string Id, IReadOnlyList<LocomoTurn> Turns, IReadOnlyList<LocomoQuestion> Questions)
{
    /// <param name="path">The folder of the evaluation data, its <c>locomo</c> folder, or a .jsonl(.xz) file.</param>
    public static async Task<List<LocomoConversation>> LoadAsync(string path)
    {
        var conversations = new List<LocomoConversation>();
        await foreach (var line in XzJsonLines.ReadAsync(EvaluationData.Find(path, "locomo", "locomo_dev.jsonl")))
            conversations.Add(Read(line));
        return conversations;
    }

    private static LocomoConversation Read(JsonElement c) => new(
        c.GetProperty("id").GetString()!,
        [.. c.GetProperty("sessions").EnumerateArray().SelectMany(ReadSession)],
        [
            .. from q in c.GetProperty("qa").EnumerateArray()
               let evidence = q.GetProperty("evidence").EnumerateArray().Select(e => e.GetString()!).ToHashSet()
               where evidence.Count > 0
               select new LocomoQuestion(
                   q.GetProperty("id").GetString()!, q.GetProperty("question").GetString()!, q.GetProperty("category").GetInt32(),
                   q.GetProperty("cat").GetString()!, evidence),
        ]);

    private static IEnumerable<LocomoTurn> ReadSession(JsonElement session)
    {
        var number = session.GetProperty("n").GetInt32();
        // "1:56 pm on 8 May, 2023"; the conversations name no time zone.
        var at = DateTimeOffset.ParseExact(
            session.GetProperty("date").GetString()!, "h:mm tt 'on' d MMMM, yyyy", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        return session.GetProperty("turns").EnumerateArray().Select(turn =>
        {
            var text = $"{turn.GetProperty("speaker").GetString()}: {turn.GetProperty("text").GetString()}";
            if (turn.TryGetProperty("caption", out var caption) && caption.GetString() is { Length: > 0 } shown)
                text += $" [shares an image: {shown}]";
            return new LocomoTurn(turn.GetProperty("id").GetString()!, number, at, text);
        });
    }
}

/// <summary>What somebody said.</summary>
internal sealed record LocomoTurn(string Id, int Session, DateTimeOffset At, string Text);

/// <summary>A question and the turns that hold its answer. Of an unanswerable one (category 5), the turn that misleads.</summary>
internal sealed record LocomoQuestion(string Id, string Text, int Category, string CategoryName, IReadOnlySet<string> Evidence);
