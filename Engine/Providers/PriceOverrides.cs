using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Engram.Engine.Providers;

/// <summary>A tenant's own prices as JSON: US dollars per million tokens by model, such as <c>{"gpt-4.1": {"input": 2, "output": 8}}</c>.</summary>
internal static class PriceOverrides
{
    public static JsonObject? ToJson(IReadOnlyDictionary<string, ModelPrice>? prices)
    {
        if (prices is null)
            return null;
        var json = new JsonObject();
        foreach (var (model, price) in prices)
            json[model] = new JsonObject { ["input"] = price.InputPerMillion, ["output"] = price.OutputPerMillion };
        return json;
    }

    public static IReadOnlyDictionary<string, ModelPrice>? Read(string? json)
    {
        if (json is null)
            return null;
        using var document = JsonDocument.Parse(json);
        return document.RootElement.EnumerateObject().ToDictionary(
            model => model.Name,
            model => new ModelPrice(Amount(model.Value, "input"), Amount(model.Value, "output")),
            StringComparer.OrdinalIgnoreCase);
    }

    private static decimal Amount(JsonElement price, string name) =>
        decimal.Parse(price.GetProperty(name).GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture);
}
