using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Engram.FakeProvider.Wire;

/// <summary>Bags of hashed words as vectors of length one: texts that share words are near each other, and the same text is always the same vector.</summary>
internal static partial class Embeddings
{
    private const int DefaultDimensions = 256;

    public static JsonObject Of(JsonObject body, string model, IReadOnlyList<string> inputs)
    {
        var dimensions = body["dimensions"] is JsonValue value && value.TryGetValue<int>(out var asked) ? Math.Clamp(asked, 8, 4096) : Script.DimensionsOf(model) ?? DefaultDimensions;
        var base64 = body["encoding_format"].Text() == "base64";
        var tokens = inputs.Sum(input => (input.Length + 3) / 4);
        return new JsonObject
        {
            ["object"] = "list",
            ["model"] = model,
            ["data"] = new JsonArray([.. inputs.Select((input, index) => new JsonObject
            {
                ["object"] = "embedding",
                ["index"] = index,
                ["embedding"] = Encode(Vector(input, dimensions), base64),
            })]),
            ["usage"] = new JsonObject { ["prompt_tokens"] = tokens, ["total_tokens"] = tokens },
        };
    }

    private static float[] Vector(string text, int dimensions)
    {
        var vector = new float[dimensions];
        foreach (Match word in Word().Matches(text.ToLowerInvariant()))
        {
            // FNV-1a: string.GetHashCode differs from process to process.
            var hash = word.Value.Aggregate(2166136261u, (sum, letter) => (sum ^ letter) * 16777619u);
            vector[hash % (uint)dimensions] += 1;
        }

        var length = MathF.Sqrt(vector.Sum(x => x * x));
        return length == 0 ? [1, .. vector[1..]] : [.. vector.Select(x => x / length)];
    }

    private static JsonNode Encode(float[] vector, bool base64)
    {
        if (!base64)
        {
            return new JsonArray([.. vector.Select(x => JsonValue.Create(x))]);
        }

        var bytes = new byte[vector.Length * sizeof(float)];
        Buffer.BlockCopy(vector, 0, bytes, 0, bytes.Length);
        return JsonValue.Create(Convert.ToBase64String(bytes));
    }

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();
}
