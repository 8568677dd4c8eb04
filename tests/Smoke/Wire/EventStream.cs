using System.Text.Json;

namespace Engram.Smoke.Wire;

/// <summary>Reads server-sent events out of a body that has arrived.</summary>
internal static class EventStream
{
    /// <summary>The data of each event, in order.</summary>
    public static IReadOnlyList<string> Frames(string body) =>
    [
        .. body.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .Select(frame => string.Join('\n', frame.Split('\n').Where(line => line.StartsWith("data:", StringComparison.Ordinal)).Select(line => line[5..].TrimStart(' '))))
            .Where(data => data.Length > 0),
    ];

    /// <summary>The text of a streamed answer: its pieces put together.</summary>
    public static string Answer(IEnumerable<string> frames) => string.Concat(Deltas(frames));

    /// <summary>The pieces of a streamed answer.</summary>
    public static IReadOnlyList<string> Deltas(IEnumerable<string> frames) =>
    [
        .. frames.Select(Reply.Parse)
            .Where(frame => frame.ValueKind == JsonValueKind.Object && frame.TryGetProperty("choices", out _))
            .Select(frame => frame.Text("choices.0.delta.content")),
    ];
}
