using System.Text.Json;

namespace Engram.Smoke.Wire;

/// <summary>What came back of one request, and how long it took.</summary>
/// <param name="Request">The request in words, such as <c>GET /router/buckets</c>.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">The body as text.</param>
/// <param name="Ms">Milliseconds from sending to the last byte.</param>
internal sealed record Reply(string Request, int Status, string Body, double Ms)
{
    private const int Shown = 300;

    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    /// <summary>The body, or an MCP message, as JSON; undefined where it is none.</summary>
    public JsonElement Json { get; init; }

    public string? Header(string name) => Headers.GetValueOrDefault(name);

    public static JsonElement Parse(string text)
    {
        if (text.Length == 0 || text[0] is not ('{' or '['))
            return default;
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            return default;
        }
    }

    public override string ToString()
    {
        var body = Body.Length <= Shown ? Body : string.Concat(Body.AsSpan(0, Shown), "...");
        var id = Header("X-Request-Id") is { } request ? $", request {request}" : "";
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Request} answered {Status} in {Ms:0.0} ms{id}: {body.ReplaceLineEndings(" ")}");
    }
}
