using System.CommandLine;
using Engram.Benchmarks.Data;
using Engram.Benchmarks.Platform;

namespace Engram.Benchmarks.Retrieval;

/// <summary>`locomo`: how much of the evidence of LoCoMo's questions each arm and the fusion find.</summary>
internal static class LocomoCommand
{
    private const string Answerable = "1-4 answerable";
    private const string Adversarial = "5 adversarial";

    public static Command Create()
    {
        var command = new Command("locomo", "Recall, MRR and NDCG on LoCoMo: one bucket per conversation, one memory per turn");
        var platform = new PlatformOptions(command);
        var options = new RetrievalOptions(command);
        var conversations = new Option<string[]>("--conversations") { Description = "Ids, separated by commas (default: all in the file)", AllowMultipleArgumentsPerToken = true };
        command.Add(conversations);
        command.SetAction(async (result, ct) =>
        {
            var wanted = (result.GetValue(conversations) ?? []).SelectMany(c => c.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToArray();
            var all = await LocomoConversation.LoadAsync(options.Data(result));
            if (Array.Find(wanted, id => all.TrueForAll(c => c.Id != id)) is { } unknown)
                throw new BenchmarkException($"There is no conversation '{unknown}'. There are: {string.Join(", ", all.Select(c => c.Id))}.");
            var chosen = wanted.Length == 0 ? all : all.FindAll(c => wanted.Contains(c.Id));
            await using var session = await RetrievalSession.StartAsync("locomo", platform.Resolve(result), options.Read(result), ct);
            await session.RunAsync(async () =>
            {
                foreach (var conversation in chosen)
                    await AskAsync(session, conversation, ct);
            });
            var board = new ScoreBoard();
            foreach (var (question, answer) in session.Run.Answers)
            {
                foreach (var ranking in session.Rankings)
                    board.Add(question.Group, ranking, RetrievalScore.Of(answer.Ranking(ranking), question.Evidence));
            }

            string[] answerable = [.. chosen.SelectMany(c => c.Questions).Select(GroupOf).Distinct().Where(g => g != Adversarial)];
            var rows = board.Rows(session.Rankings, (Answerable, answerable), ("1-5 all", null));
            await session.ReportAsync(
                $"LoCoMo, {chosen.Count} {(chosen.Count == 1 ? "conversation" : "conversations")} ({string.Join(", ", chosen.Select(c => c.Id))}), {chosen.Sum(c => c.Turns.Count)} turns",
                [("Turns found", rows)]);
            return session.ExitCode;
        });
        return command;
    }

    private static async Task AskAsync(RetrievalSession session, LocomoConversation conversation, CancellationToken cancellationToken)
    {
        var memories = conversation.Turns.Select(turn => new WireMemory(
            turn.Text, Infer: session.Settings.WaitExtracted, RunId: $"{conversation.Id}/{turn.Session}", OccurredAt: turn.At,
            Metadata: new { turn = turn.Id, session = turn.Session })).ToArray();
        var (bucket, ids) = await session.LoadAsync(conversation.Id, memories, cancellationToken);
        var turnOf = ids.Zip(conversation.Turns).ToDictionary(pair => pair.First, pair => pair.Second.Id);
        var questions = conversation.Questions.Select(q => new Question(q.Id, q.Text, GroupOf(q), q.Evidence)).ToArray();
        await session.Run.AskAsync(bucket, questions, turnOf, conversation.Id, session.Settings.Callers, cancellationToken);
    }

    private static string GroupOf(LocomoQuestion question) => $"{question.Category} {question.CategoryName}";
}
