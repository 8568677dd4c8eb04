using System.Text.Json;
using Engram.Benchmarks.Platform;
using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Retrieval;

/// <summary>A question to a bucket.</summary>
/// <param name="Id">The data set's id.</param>
/// <param name="Text">The question.</param>
/// <param name="Group">Its category.</param>
/// <param name="Evidence">Turns that hold the answer.</param>
/// <param name="Sessions">Sessions that hold the answer, where they count as well.</param>
internal sealed record Question(string Id, string Text, string Group, IReadOnlySet<string> Evidence, IReadOnlySet<string>? Sessions = null);

/// <summary>Asks questions and keeps what came back, so that it can be scored, and written down for the tuning of fusion.</summary>
internal sealed class QuestionRun(PlatformClient client)
{
    private readonly Lock _gate = new();
    private readonly List<(Question Question, Retrieved Answer)> _answers = [];

    /// <summary>Everything answered so far.</summary>
    public IReadOnlyList<(Question Question, Retrieved Answer)> Answers
    {
        get
        {
            lock (_gate)
                return [.. _answers];
        }
    }

    /// <param name="bucket">Where to ask.</param>
    /// <param name="questions">What.</param>
    /// <param name="itemOf">The turn of each memory id.</param>
    /// <param name="what">For the progress bar.</param>
    /// <param name="callers">How many questions are under way at once.</param>
    /// <param name="cancellationToken">Stops; what is answered stays.</param>
    public async Task AskAsync(
        string bucket, IReadOnlyList<Question> questions, IReadOnlyDictionary<string, string> itemOf, string what, int callers, CancellationToken cancellationToken)
    {
        using var progress = new Progress($"ask {what}", questions.Count);
        var options = new ParallelOptions { MaxDegreeOfParallelism = callers, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(questions, options, async (question, ct) =>
        {
            var answer = await AskOneAsync(bucket, question, itemOf, ct);
            lock (_gate)
                _answers.Add((question, answer));
            progress.Add();
        });
    }

    private async Task<Retrieved> AskOneAsync(string bucket, Question question, IReadOnlyDictionary<string, string> itemOf, CancellationToken cancellationToken)
    {
        using var body = await client.QueryAsync(bucket, question.Text, Retrieved.TopK, cancellationToken: cancellationToken);
        var answer = Retrieved.Read(body.RootElement, ItemOf);
        var unseen = answer.Unseen(question.Evidence);
        if (unseen.Count > 0)
        {
            var filter = new Dictionary<string, object> { ["metadata.turn"] = new Dictionary<string, object> { ["in"] = unseen } };
            using var rest = await client.QueryAsync(bucket, question.Text, Retrieved.TopK, filter, cancellationToken);
            answer.Place(Retrieved.Read(rest.RootElement, ItemOf).Hits);
        }

        return answer;

        string ItemOf(string id) => itemOf.TryGetValue(id, out var item)
            ? item
            : throw new BenchmarkException($"The query to '{bucket}' returned the memory {id}, which was not stored there.");
    }

    /// <summary>Says what may make the figures unfair, if there is anything.</summary>
    public IEnumerable<string> Caveats(IEnumerable<string> arms)
    {
        var answers = Answers;
        foreach (var arm in arms)
        {
            var hidden = answers.Sum(a => a.Answer.Hidden(arm));
            var shown = answers.Sum(a => Math.Min(RetrievalScore.Depth, a.Answer.Ranking(arm).Count));
            if (hidden > 0)
                yield return $"{arm}: {hidden} of {shown} ranks 1-20 lie outside the answers' {Retrieved.TopK} hits; evidence there was asked for by a filter and stands at the best rank its score allows.";
        }

        foreach (var warning in answers.SelectMany(a => a.Answer.Warnings).CountBy(w => w))
            yield return $"{warning.Value} answers carry the warning: {warning.Key}";
    }

    /// <summary>One line of JSON for each question: the hits with the ranks and scores of every arm.</summary>
    public async Task WriteAsync(FileInfo file)
    {
        await using var writer = file.CreateText();
        foreach (var (question, answer) in Answers.OrderBy(a => a.Question.Id, StringComparer.Ordinal))
        {
            await writer.WriteLineAsync(JsonSerializer.Serialize(
                new { question.Id, question.Group, question.Text, question.Evidence, answer.Hits }, JsonSerializerOptions.Web));
        }
    }
}
