using System.Globalization;
using System.Text.Json;

namespace Engram.Benchmarks.Data;

/// <summary>A LongMemEval question.</summary>
/// <param name="Id">The data set's id.</param>
/// <param name="Type">Its category.</param>
/// <param name="Unanswerable">Nothing in the sessions answers it.</param>
/// <param name="Text">The question.</param>
/// <param name="Gold">Sessions that hold the answer.</param>
/// <param name="Haystack">Every session to look in, with its time.</param>
internal sealed record LongMemEvalQuestion(
    string Id, string Type, bool Unanswerable, string Text, IReadOnlySet<string> Gold, IReadOnlyList<(string Session, DateTimeOffset At)> Haystack);

/// <summary>A turn of a session.</summary>
/// <param name="Id">Session and number.</param>
/// <param name="Session">Its session.</param>
/// <param name="Text">Who said what.</param>
/// <param name="Evidence">Holds the answer to a question.</param>
internal sealed record LongMemEvalTurn(string Id, string Session, string Text, bool Evidence);

/// <summary>Questions and sessions of one LongMemEval set.</summary>
internal sealed record LongMemEval(IReadOnlyList<LongMemEvalQuestion> Questions, IReadOnlyDictionary<string, LongMemEvalTurn[]> Sessions)
{
    /// <param name="path">The folder of the evaluation data, or its <c>longmemeval</c> folder.</param>
    /// <param name="set">Start of the file names: oracle_dev or s_dev_lite.</param>
    public static async Task<LongMemEval> LoadAsync(string path, string set)
    {
        var questions = new List<LongMemEvalQuestion>();
        await foreach (var line in XzJsonLines.ReadAsync(EvaluationData.Find(path, "longmemeval", $"{set}_questions.jsonl")))
            questions.Add(Question(line));
        var sessions = new Dictionary<string, LongMemEvalTurn[]>();
        await foreach (var line in XzJsonLines.ReadAsync(EvaluationData.Find(path, "longmemeval", $"{set}_sessions.jsonl")))
        {
            var id = line.GetProperty("id").GetString()!;
            sessions[id] = [.. line.GetProperty("turns").EnumerateArray().Select((turn, i) => Turn(id, i, turn))];
        }

        return new LongMemEval(questions, sessions);
    }

    private static LongMemEvalQuestion Question(JsonElement q) => new(
        q.GetProperty("id").GetString()!,
        q.GetProperty("type").GetString()!,
        q.GetProperty("abs").GetBoolean(),
        q.GetProperty("question").GetString()!,
        q.GetProperty("gold").EnumerateArray().Select(g => g.GetString()!).ToHashSet(),
        // Some haystacks list a session twice.
        [.. q.GetProperty("haystack").EnumerateArray().Select(h => (h[0].GetString()!, Date(h[1].GetString()!))).DistinctBy(h => h.Item1).OrderBy(h => h.Item2)]);

    private static LongMemEvalTurn Turn(string session, int index, JsonElement turn) => new(
        string.Create(CultureInfo.InvariantCulture, $"{session}:{index}"),
        session,
        $"{(turn[0].GetString() == "u" ? "user" : "assistant")}: {turn[1].GetString()}",
        turn.GetArrayLength() > 2 && turn[2].GetInt32() == 1);

    // "2023/05/20 (Sat) 02:21"; no time zone is named.
    private static DateTimeOffset Date(string text) =>
        DateTimeOffset.ParseExact(text, "yyyy/MM/dd '('ddd')' HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
