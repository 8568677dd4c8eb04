using System.Globalization;
using System.Text.RegularExpressions;

namespace Engram.FakeProvider;

/// <summary>How a model's reply goes.</summary>
public enum Act
{
    /// <summary>It answers.</summary>
    Answer,

    /// <summary>The HTTP status <see cref="Script.Status"/>.</summary>
    Status,

    /// <summary>Nothing ever comes.</summary>
    Hang,

    /// <summary>Something comes all the time, and it never ends.</summary>
    SlowDrip,

    /// <summary>The connection is cut in the middle of the reply.</summary>
    Reset,

    /// <summary>What should be JSON is not.</summary>
    Malformed,

    /// <summary>JSON, but not of a chat completion.</summary>
    WrongShape,

    /// <summary>More than anyone wants.</summary>
    Oversized,

    /// <summary>200 and nothing.</summary>
    Empty,

    /// <summary>A reply whose text is empty.</summary>
    EmptyText,

    /// <summary>A stream that ends in the provider's own error frame; without streaming, status 503.</summary>
    StreamError,
}

/// <summary>What the name of a model asks for: <c>fault-503</c>, <c>fake-answer@200ms</c>, <c>fault-429-once</c> ...</summary>
/// <param name="Name">The name without its suffix.</param>
/// <param name="Act">What happens.</param>
/// <param name="Status">The HTTP status for <see cref="Act.Status"/>.</param>
/// <param name="Once">Whether it happens to the first request of each key only.</param>
/// <param name="Latency">What passes before the first byte.</param>
public sealed partial record Script(string Name, Act Act, int Status, bool Once, TimeSpan Latency)
{
    /// <summary>The models that are listed. Others that work: <c>fault-NNN</c> for any status from 400 to 599, <c>fake-embed-NNN</c> for vectors of any length, and any of them with <c>-once</c> or <c>@NNNms</c>.</summary>
    public static readonly IReadOnlyList<string> Models =
    [
        "fake-extract", "fake-answer", "fake-profile", "fake-embed", "fake-gullible", "fake-inventor", "fake-prose", "fake-prose-once", "fake-fenced",
        "fault-400", "fault-401", "fault-403", "fault-429", "fault-429-once", "fault-500", "fault-503", "fault-hang", "fault-slow-drip", "fault-reset",
        "fault-malformed", "fault-wrong-shape", "fault-oversized", "fault-empty", "fault-empty-text", "fault-stream-error",
    ];

    /// <summary>The script of a model, or null where there is no such model.</summary>
    public static Script? Of(string model)
    {
        var match = ModelName().Match(model);
        if (!match.Success)
        {
            return null;
        }

        var name = match.Groups["name"].Value;
        var latency = match.Groups["ms"].Success ? TimeSpan.FromMilliseconds(int.Parse(match.Groups["ms"].Value, CultureInfo.InvariantCulture)) : TimeSpan.Zero;
        var once = name.EndsWith("-once", StringComparison.Ordinal);
        var bare = once ? name[..^"-once".Length] : name;
        if (StatusModel().Match(bare) is { Success: true } status)
        {
            return new Script(name, Act.Status, int.Parse(status.ValueSpan[^3..], CultureInfo.InvariantCulture), once, latency);
        }

        Act? act = bare switch
        {
            "fault-hang" => Act.Hang,
            "fault-slow-drip" => Act.SlowDrip,
            "fault-reset" => Act.Reset,
            "fault-malformed" => Act.Malformed,
            "fault-wrong-shape" => Act.WrongShape,
            "fault-oversized" => Act.Oversized,
            "fault-empty" => Act.Empty,
            "fault-empty-text" => Act.EmptyText,
            "fault-stream-error" => Act.StreamError,
            _ => Models.Contains(bare) || DimensionsOf(bare) is not null ? Act.Answer : null,
        };
        return act is null ? null : new Script(name, act.Value, 200, once, latency);
    }

    /// <summary>What happens to a request that comes after <paramref name="before"/> others of its key.</summary>
    public Act ActFor(int before) => Once && before > 0 ? Act.Answer : Act;

    [GeneratedRegex(@"^(?<name>[a-z0-9-]+?)(@(?<ms>\d{1,6})ms)?$", RegexOptions.CultureInvariant)]
    private static partial Regex ModelName();

    /// <summary>The length of an embedding model's vectors where its name says it, as <c>fake-embed-1536</c> does; otherwise null.</summary>
    public static int? DimensionsOf(string model) =>
        Embedder().Match(model) is { Success: true } match ? int.Parse(match.Groups["length"].ValueSpan, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@"^fake-embed-(?<length>[1-9]\d{0,3})(@\d+ms)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Embedder();

    [GeneratedRegex(@"^fault-[45]\d\d$", RegexOptions.CultureInvariant)]
    private static partial Regex StatusModel();
}
