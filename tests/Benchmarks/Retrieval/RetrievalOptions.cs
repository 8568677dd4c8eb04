using System.CommandLine;
using Engram.Benchmarks.Platform;

namespace Engram.Benchmarks.Retrieval;

/// <summary>How a retrieval benchmark is run.</summary>
/// <param name="Json">Where the figures go as JSON, or null.</param>
/// <param name="Answers">Where every answer goes as JSON Lines, or null.</param>
/// <param name="Keep">Leave the buckets.</param>
/// <param name="WaitExtracted">Extract triples and wait for them, so that the graph arm has something.</param>
/// <param name="Callers">Questions under way at once.</param>
internal sealed record RetrievalSettings(FileInfo? Json, FileInfo? Answers, bool Keep, bool WaitExtracted, int Callers);

/// <summary>The options the retrieval benchmarks share.</summary>
internal sealed class RetrievalOptions
{
    private readonly Option<string> _data = new("--data") { Description = "Folder of the evaluation data, or the file itself", Required = true };
    private readonly Option<FileInfo?> _json = new("--json") { Description = "Write the figures to this file as well" };
    private readonly Option<FileInfo?> _answers = new("--answers") { Description = "Write the hits of every question, with each arm's ranks and scores, to this file (JSON Lines)" };
    private readonly Option<bool> _keep = new("--keep") { Description = "Leave the buckets in place" };
    private readonly Option<bool> _wait = new("--wait-extracted") { Description = "Extract triples and wait for them before asking; without it the graph arm is not measured" };
    private readonly Option<int> _callers = new("--callers") { Description = "Questions asked at the same time", DefaultValueFactory = _ => 2 };

    public RetrievalOptions(Command command)
    {
        foreach (var option in new Option[] { _data, _json, _answers, _keep, _wait, _callers })
            command.Add(option);
        _callers.Between(1, 64);
    }

    public string Data(ParseResult result) => result.GetRequiredValue(_data);

    public RetrievalSettings Read(ParseResult result) =>
        new(result.GetValue(_json), result.GetValue(_answers), result.GetValue(_keep), result.GetValue(_wait), result.GetValue(_callers));
}
