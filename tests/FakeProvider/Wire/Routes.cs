using System.Text.Json.Nodes;

namespace Engram.FakeProvider.Wire;

internal static class Routes
{
    public static void MapOpenAi(this IEndpointRouteBuilder app) => OpenAiWire.Map(app);

    public static void MapAnthropic(this IEndpointRouteBuilder app) => AnthropicWire.Map(app);

    /// <summary>Both wires list models under the same path; who asks is told by the header that one of them requires.</summary>
    public static void MapModels(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/models", (HttpContext context) => ListAsync(context, null));
        app.MapGet("/v1/models/{model}", ListAsync);
    }

    private static Task ListAsync(HttpContext context, string? model)
    {
        Exchange.NameRequest(context);
        var anthropic = context.Request.Headers.ContainsKey("anthropic-version");
        IChatWire wire = anthropic ? new AnthropicWire() : new OpenAiWire();
        if (Exchange.IsWrong(wire.KeyOf(context.Request)))
        {
            return Json.WriteAsync(context, 401, wire.Error(401, "Incorrect API key provided."));
        }

        JsonObject Entry(string id) => anthropic
            ? new JsonObject { ["type"] = "model", ["id"] = id, ["display_name"] = id, ["created_at"] = "2026-01-01T00:00:00Z" }
            : new JsonObject { ["id"] = id, ["object"] = "model", ["created"] = 1767225600, ["owned_by"] = "nobody" };
        if (model is not null)
        {
            return Script.Of(model) is null
                ? Json.WriteAsync(context, 404, wire.Error(404, $"The model '{model}' does not exist."))
                : Json.WriteAsync(context, 200, Entry(model));
        }

        var data = new JsonArray([.. Script.Models.Select(Entry)]);
        return Json.WriteAsync(context, 200, anthropic
            ? new JsonObject { ["data"] = data, ["has_more"] = false, ["first_id"] = Script.Models[0], ["last_id"] = Script.Models[^1] }
            : new JsonObject { ["object"] = "list", ["data"] = data });
    }
}
