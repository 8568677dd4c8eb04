using System.Globalization;
using System.Text.Json;

namespace Engram.Smoke.Wire;

/// <summary>A reply has not the shape that was expected.</summary>
internal sealed class UnexpectedException(string message) : Exception(message);

/// <summary>What a reply must look like. Each says what was expected and what was there.</summary>
internal static class Expectations
{
    public static Reply Is(this Reply reply, int status) =>
        reply.Status == status ? reply : throw new UnexpectedException($"expected status {status}. {reply}");

    /// <summary>A refusal as RFC 9457 has it, with the members of this API.</summary>
    public static Reply IsProblem(this Reply reply, int status, string code, string? field = null)
    {
        reply.Is(status).HasHeader("Content-Type", type => type.StartsWith("application/problem+json", StringComparison.Ordinal));
        reply.Has("code", code).Has("status", status).HasText("type").HasText("title").HasText("detail").HasText("traceId");
        return field is null ? reply : reply.Has("field", field);
    }

    public static Reply HasHeader(this Reply reply, string name, Func<string, bool> holds) =>
        reply.Header(name) is { } value && holds(value) ? reply : throw new UnexpectedException($"expected a right header {name}, got '{reply.Header(name)}'. {reply}");

    /// <summary>The member at a path such as <c>explanation.retrieved_memories.0.content</c>.</summary>
    public static JsonElement At(this Reply reply, string path)
    {
        var element = Find(reply.Json, path);
        return element.ValueKind == JsonValueKind.Undefined ? throw new UnexpectedException($"expected a member '{path}'. {reply}") : element;
    }

    public static JsonElement At(this JsonElement element, string path)
    {
        var found = Find(element, path);
        return found.ValueKind == JsonValueKind.Undefined ? throw new UnexpectedException($"expected a member '{path}' in {Short(element)}") : found;
    }

    public static string Text(this JsonElement element, string path) => element.At(path) is { ValueKind: JsonValueKind.String } text
        ? text.GetString()!
        : throw new UnexpectedException($"expected a text at '{path}' in {Short(element)}");

    public static string Text(this Reply reply, string path) => reply.At(path) is { ValueKind: JsonValueKind.String } text
        ? text.GetString()!
        : throw new UnexpectedException($"expected a text at '{path}'. {reply}");

    public static double Number(this JsonElement element, string path) => element.At(path) is { ValueKind: JsonValueKind.Number } number
        ? number.GetDouble()
        : throw new UnexpectedException($"expected a number at '{path}' in {Short(element)}");

    public static double Number(this Reply reply, string path) => reply.At(path) is { ValueKind: JsonValueKind.Number } number
        ? number.GetDouble()
        : throw new UnexpectedException($"expected a number at '{path}'. {reply}");

    public static JsonElement[] Items(this Reply reply, string path) => reply.At(path) is { ValueKind: JsonValueKind.Array } array
        ? [.. array.EnumerateArray()]
        : throw new UnexpectedException($"expected a list at '{path}'. {reply}");

    public static JsonElement[] Items(this JsonElement element, string path) => element.At(path) is { ValueKind: JsonValueKind.Array } array
        ? [.. array.EnumerateArray()]
        : throw new UnexpectedException($"expected a list at '{path}' in {Short(element)}");

    public static Reply Has(this Reply reply, string path, object expected)
    {
        var actual = Plain(reply.At(path));
        var wanted = Convert.ToString(expected, CultureInfo.InvariantCulture);
        if (expected is bool flag)
            wanted = flag ? "true" : "false";
        return actual == wanted ? reply : throw new UnexpectedException($"expected '{path}' to be '{wanted}', got '{actual}'. {reply}");
    }

    public static Reply HasText(this Reply reply, string path) =>
        reply.Text(path).Length > 0 ? reply : throw new UnexpectedException($"expected a text at '{path}'. {reply}");

    public static Reply HasNo(this Reply reply, string path) =>
        Find(reply.Json, path) is { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } ? reply : throw new UnexpectedException($"expected no '{path}'. {reply}");

    public static bool Lacks(this JsonElement element, string path) => Find(element, path).ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    public static Reply Where(this Reply reply, bool holds, string expected) =>
        holds ? reply : throw new UnexpectedException($"expected {expected}. {reply}");

    public static Reply Without(this Reply reply, string text) =>
        reply.Body.Contains(text, StringComparison.OrdinalIgnoreCase) ? throw new UnexpectedException($"expected nothing of '{text}'. {reply}") : reply;

    public static Reply With(this Reply reply, string text) =>
        reply.Body.Contains(text, StringComparison.OrdinalIgnoreCase) ? reply : throw new UnexpectedException($"expected '{text}' in it. {reply}");

    public static Reply HasSame(this Reply reply, IEnumerable<string> expected, IEnumerable<string> actual, string what)
    {
        string[] wanted = [.. expected], got = [.. actual];
        return wanted.SequenceEqual(got) ? reply : throw new UnexpectedException($"expected {what} to be [{string.Join(", ", wanted)}], got [{string.Join(", ", got)}]. {reply}");
    }

    private static JsonElement Find(JsonElement element, string path)
    {
        foreach (var part in path.Split('.'))
        {
            if (element.ValueKind == JsonValueKind.Array && int.TryParse(part, CultureInfo.InvariantCulture, out var index) && index < element.GetArrayLength())
                element = element[index];
            else if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(part, out element))
                return default;
        }

        return element;
    }

    private static string Plain(JsonElement element) => element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText();

    private static string Short(JsonElement element) => element.ValueKind == JsonValueKind.Undefined ? "nothing"
        : element.GetRawText() is { Length: <= 300 } text ? text : string.Concat(element.GetRawText().AsSpan(0, 300), "...");
}
