using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Engram.FakeProvider;

/// <summary>One request as it was seen.</summary>
/// <param name="Wire"><c>openai</c> or <c>anthropic</c>.</param>
/// <param name="Path">Path of the URL.</param>
/// <param name="Model">The model asked for, with its suffix.</param>
/// <param name="Key">The key it came with.</param>
/// <param name="Stream">Whether the reply was to be streamed.</param>
/// <param name="Body">The body, word for word.</param>
public sealed record SeenRequest(string Wire, string Path, string Model, string Key, bool Stream, string Body)
{
    private volatile int _end;

    /// <summary>Whether the client went away before the reply was complete.</summary>
    public bool Cancelled => _end == 1;

    /// <summary>Whether it is over, one way or the other.</summary>
    public bool Ended => _end != 0;

    internal void End(bool cancelled) => _end = cancelled ? 1 : 2;
}

/// <summary>What was asked, for assertions. Keeps the latest ten thousand.</summary>
public sealed class RequestLog
{
    private const int Most = 10_000;

    private readonly ConcurrentQueue<SeenRequest> _seen = new();
    private readonly ConcurrentDictionary<(string Model, string Key), int> _times = new();

    /// <summary>All, oldest first.</summary>
    public IReadOnlyCollection<SeenRequest> All => _seen;

    /// <summary>Those that came with the key: a test that has a key of its own meets no other test.</summary>
    public IReadOnlyList<SeenRequest> Of(string key) => [.. _seen.Where(request => request.Key == key)];

    /// <returns>How many of this model and key there were before.</returns>
    internal int Add(SeenRequest request)
    {
        _seen.Enqueue(request);
        if (_seen.Count > Most)
        {
            _seen.TryDequeue(out _);
        }

        return _times.AddOrUpdate((request.Model, request.Key), 1, (_, times) => times + 1) - 1;
    }

    /// <summary>Counts per model; neither keys nor texts.</summary>
    internal JsonObject Summary() => new(_seen.GroupBy(request => request.Model).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => KeyValuePair.Create<string, JsonNode?>(
        group.Key, new JsonObject { ["requests"] = group.Count(), ["cancelled"] = group.Count(request => request.Cancelled) })));
}
