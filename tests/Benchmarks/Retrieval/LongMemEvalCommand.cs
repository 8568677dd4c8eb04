using System.CommandLine;
using Engram.Benchmarks.Data;
using Engram.Benchmarks.Platform;

namespace Engram.Benchmarks.Retrieval;

/// <summary>`longmemeval`: how much of the evidence of LongMemEval's questions each arm and the fusion find, by turn and by session.</summary>
internal static class LongMemEvalCommand
{
    public static Command Create()
    {
        var command = new Command("longmemeval", "Recall, MRR and NDCG on LongMemEval: all oracle sessions pooled in one bucket, or a haystack per question");
        var platform = new PlatformOptions(command);
        var options = new RetrievalOptions(command);
        var set = new Option<string>("--set") { Description = "oracle: all sessions in one bucket; s-lite: a bucket with some 50 sessions per question", DefaultValueFactory = _ => "oracle" };
        set.AcceptOnlyFromAmong("oracle", "s-lite");
        var limit = new Option<int?>("--limit") { Description = "Only the first N questions; with oracle, only the sessions of those" };
        command.Add(set);
        command.Add(limit);
        command.SetAction(async (result, ct) =>
        {
            var pooled = result.GetRequiredValue(set) == "oracle";
            var data = await LongMemEval.LoadAsync(options.Data(result), pooled ? "oracle_dev" : "s_dev_lite");
            var questions = data.Questions.Where(q => !q.Unanswerable).Take(result.GetValue(limit) ?? int.MaxValue).ToArray();
            await using var session = await RetrievalSession.StartAsync("longmemeval", platform.Resolve(result), options.Read(result), ct);
            var stored = 0;
            await session.RunAsync(async () =>
            {
                if (pooled)
                {
                    // With all questions, the sessions of the unanswerable ones are in the pool as well.
                    var pool = result.GetValue(limit) is null ? data.Questions : questions;
                    stored += await AskAsync(session, data, "oracle", [.. pool.SelectMany(q => q.Haystack).DistinctBy(h => h.Session)], questions, ct);
                    return;
                }

                foreach (var question in questions)
                    stored += await AskAsync(session, data, question.Id, question.Haystack, [question], ct);
            });
            var (turns, sessions) = Score(session);
            await session.ReportAsync(
                $"LongMemEval {(pooled ? "oracle, all sessions pooled" : "S, lite, a haystack per question")}, {stored} turns",
                [("Turns found (questions with marked turns)", turns), ("Sessions found", sessions)]);
            return session.ExitCode;
        });
        return command;
    }

    /// <returns>How many turns were stored.</returns>
    private static async Task<int> AskAsync(
        RetrievalSession session, LongMemEval data, string what, IReadOnlyList<(string Session, DateTimeOffset At)> haystack,
        IReadOnlyList<LongMemEvalQuestion> questions, CancellationToken cancellationToken)
    {
        var turns = haystack.SelectMany(h => data.Sessions[h.Session].Select(turn => (Turn: turn, h.At))).ToArray();
        var memories = turns.Select(t => new WireMemory(
            t.Turn.Text, Infer: session.Settings.WaitExtracted, RunId: t.Turn.Session, OccurredAt: t.At, Metadata: new { turn = t.Turn.Id })).ToArray();
        var (bucket, ids) = await session.LoadAsync(what, memories, cancellationToken);
        var turnOf = ids.Zip(turns).ToDictionary(pair => pair.First, pair => pair.Second.Turn.Id);
        var asked = questions.Select(q => new Question(q.Id, q.Text, q.Type, Marked(data, q), q.Gold)).ToArray();
        await session.Run.AskAsync(bucket, asked, turnOf, what, session.Settings.Callers, cancellationToken);
        return turns.Length;
    }

    private static HashSet<string> Marked(LongMemEval data, LongMemEvalQuestion question) =>
        [.. question.Gold.SelectMany(g => data.Sessions[g]).Where(turn => turn.Evidence).Select(turn => turn.Id)];

    private static (IReadOnlyList<ScoreRow> Turns, IReadOnlyList<ScoreRow> Sessions) Score(RetrievalSession session)
    {
        var (byTurn, bySession) = (new ScoreBoard(), new ScoreBoard());
        foreach (var (question, answer) in session.Run.Answers)
        {
            foreach (var ranking in session.Rankings)
            {
                // Some questions have their sessions named and no turn marked.
                if (question.Evidence.Count > 0)
                    byTurn.Add(question.Group, ranking, RetrievalScore.Of(answer.Ranking(ranking), question.Evidence));
                bySession.Add(question.Group, ranking, RetrievalScore.Of(Sessions(answer.Ranking(ranking)), question.Sessions!));
            }
        }

        return (byTurn.Rows(session.Rankings, ("all", null)), bySession.Rows(session.Rankings, ("all", null)));
    }

    /// <summary>A session stands where its best turn stands.</summary>
    private static string[] Sessions(IReadOnlyList<string?> turns) => [.. turns.OfType<string>().Select(turn => turn[..turn.IndexOf(':')]).Distinct()];
}
