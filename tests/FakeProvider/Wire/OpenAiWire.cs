using System.Text.Json.Nodes;
using Engram.FakeProvider.Replies;

namespace Engram.FakeProvider.Wire;

/// <summary>Chat completions and embeddings as OpenAI, Azure OpenAI and everything compatible with them have it.</summary>
internal sealed class OpenAiWire : IChatWire
{
    private static readonly OpenAiWire Instance = new();

    public string Name => "openai";

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/chat/completions", context => Exchange.RunAsync(context, Instance));
        app.MapPost("/openai/v1/chat/completions", context => Exchange.RunAsync(context, Instance));
        app.MapPost("/openai/deployments/{model}/chat/completions", (HttpContext context, string model) => Exchange.RunAsync(context, Instance, model));
        app.MapPost("/v1/embeddings", context => EmbedAsync(context, null));
        app.MapPost("/openai/deployments/{model}/embeddings", EmbedAsync);
    }

    /// <summary>Azure sends <c>api-key</c>.</summary>
    public string KeyOf(HttpRequest request) =>
        request.Headers.Authorization.ToString() is { Length: > 7 } bearer ? bearer["Bearer ".Length..].Trim() : request.Headers["api-key"].ToString();

    public Ask? Read(JsonObject body, string? modelOfPath)
    {
        if ((body["model"].Text() ?? modelOfPath) is not { } model || body["messages"] is not JsonArray messages)
        {
            return null;
        }

        string Of(params string[] roles) => string.Join("\n\n", messages.Where(message => roles.Contains(message?["role"].Text())).Select(message => message?["content"].ContentText()));
        var format = body["response_format"];
        var schema = format?["json_schema"]?["schema"] as JsonObject;
        var json = format?["type"].Text() is "json_schema" or "json_object";
        return new Ask(model, body["stream"].IsTrue(), new Prompt(Of("system", "developer"), Of("user"), schema, json));
    }

    public JsonNode Error(int status, string message) => new JsonObject
    {
        ["error"] = new JsonObject
        {
            ["message"] = message,
            ["type"] = status switch { 401 or 403 => "authentication_error", 429 => "rate_limit_error", >= 500 => "server_error", _ => "invalid_request_error" },
            ["param"] = null,
            ["code"] = status switch { 401 => "invalid_api_key", 404 => "model_not_found", 429 => "rate_limit_exceeded", _ => null },
        },
    };

    public JsonNode Whole(Ask ask, Reply reply) => new JsonObject
    {
        ["id"] = "chatcmpl-fake",
        ["object"] = "chat.completion",
        ["created"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
        ["model"] = ask.Model,
        ["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = reply.Text, ["refusal"] = null },
            ["logprobs"] = null,
            ["finish_reason"] = "stop",
        }),
        ["usage"] = Usage(reply),
    };

    public IEnumerable<string> Frames(JsonObject body, Ask ask, Reply reply)
    {
        yield return Frame(ask, new JsonObject { ["role"] = "assistant", ["refusal"] = null }, null);
        foreach (var piece in reply.Pieces())
        {
            yield return Frame(ask, new JsonObject { ["content"] = piece }, null);
        }

        yield return Frame(ask, [], "stop");
        if (body["stream_options"]?["include_usage"].IsTrue() == true)
        {
            var last = Chunk(ask, []);
            last["usage"] = Usage(reply);
            yield return $"data: {last.ToJsonString()}\n\n";
        }

        yield return "data: [DONE]\n\n";
    }

    public string ErrorFrame() => $"data: {Error(503, "The server had an error while processing your request.").ToJsonString()}\n\n";

    private static JsonObject Usage(Reply reply) => new()
    {
        ["prompt_tokens"] = reply.InputTokens,
        ["completion_tokens"] = reply.OutputTokens,
        ["total_tokens"] = reply.InputTokens + reply.OutputTokens,
    };

    private static string Frame(Ask ask, JsonObject delta, string? finish) =>
        $"data: {Chunk(ask, [new JsonObject { ["index"] = 0, ["delta"] = delta, ["logprobs"] = null, ["finish_reason"] = finish }]).ToJsonString()}\n\n";

    private static JsonObject Chunk(Ask ask, JsonArray choices) => new()
    {
        ["id"] = "chatcmpl-fake",
        ["object"] = "chat.completion.chunk",
        ["created"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
        ["model"] = ask.Model,
        ["choices"] = choices,
    };

    /// <summary>What a real model's context would not take.</summary>
    private static bool IsRefused(string? input) => string.IsNullOrEmpty(input) || input.Contains("unembeddable", StringComparison.OrdinalIgnoreCase);

    private static async Task EmbedAsync(HttpContext context, string? model)
    {
        Exchange.NameRequest(context);
        var (body, text) = await Json.ReadAsync(context);
        var key = Instance.KeyOf(context.Request);
        model = body?["model"].Text() ?? model;
        var inputs = body?["input"] switch { JsonArray many => [.. many.Select(input => input.Text())], var one => new[] { one.Text() } };
        var seen = new SeenRequest("openai", context.Request.Path, model ?? "", key, false, text);
        var before = context.RequestServices.GetRequiredService<RequestLog>().Add(seen);
        var script = Script.Of(model ?? "");
        var status = Exchange.IsWrong(key) ? 401 : inputs.Any(IsRefused) ? 400 : script is null ? 404 : 200;
        if (status == 200 && script!.ActFor(before) == Act.Status)
        {
            status = script.Status;
        }

        if (script?.Act == Act.Hang)
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            seen.End(cancelled: true);
            return;
        }

        if (status != 200)
        {
            await Json.WriteAsync(context, status, Instance.Error(status, "The embeddings were refused."));
        }
        else
        {
            await Task.Delay(script!.Latency, context.RequestAborted);
            await Json.WriteAsync(context, 200, Embeddings.Of(body!, model!, inputs!));
        }

        seen.End(cancelled: false);
    }
}
