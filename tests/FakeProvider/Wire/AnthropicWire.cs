using System.Text.Json.Nodes;
using Engram.FakeProvider.Replies;

namespace Engram.FakeProvider.Wire;

/// <summary>Messages as Anthropic has them. A JSON schema comes as an output format, or as a tool that must be called.</summary>
internal sealed class AnthropicWire : IChatWire
{
    private static readonly AnthropicWire Instance = new();

    public string Name => "anthropic";

    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/messages", context => Exchange.RunAsync(context, Instance));

    /// <summary>The SDK sends a bearer token, older clients <c>x-api-key</c>.</summary>
    public string KeyOf(HttpRequest request) =>
        request.Headers["x-api-key"].ToString() is { Length: > 0 } key ? key : request.Headers.Authorization.ToString() is { Length: > 7 } bearer ? bearer["Bearer ".Length..].Trim() : "";

    public Ask? Read(JsonObject body, string? modelOfPath)
    {
        if (body["model"].Text() is not { } model || body["messages"] is not JsonArray messages || body["max_tokens"] is null)
        {
            return null;
        }

        var user = string.Join("\n\n", messages.Where(message => message?["role"].Text() == "user").Select(message => message?["content"].ContentText()));
        var schema = (body["output_config"]?["format"]?["schema"] ?? body["output_format"]?["schema"] ?? Tool(body)?["input_schema"]) as JsonObject;
        return new Ask(model, body["stream"].IsTrue(), new Prompt(body["system"].ContentText(), user, schema, schema is not null) { Tool = Tool(body)?["name"].Text() });
    }

    public JsonNode Error(int status, string message) => new JsonObject
    {
        ["type"] = "error",
        ["error"] = new JsonObject
        {
            ["type"] = status switch
            {
                401 => "authentication_error",
                402 => "billing_error",
                403 => "permission_error",
                404 => "not_found_error",
                413 => "request_too_large",
                429 => "rate_limit_error",
                503 or 529 => "overloaded_error",
                504 => "timeout_error",
                >= 500 => "api_error",
                _ => "invalid_request_error",
            },
            ["message"] = message,
        },
        ["request_id"] = "req_fake",
    };

    public JsonNode Whole(Ask ask, Reply reply)
    {
        var message = Message(ask, reply, reply.OutputTokens);
        message["content"] = new JsonArray(ask.Prompt.Tool is { } tool
            ? new JsonObject { ["type"] = "tool_use", ["id"] = "toolu_fake", ["name"] = tool, ["input"] = JsonNode.Parse(reply.Text) }
            : new JsonObject { ["type"] = "text", ["text"] = reply.Text, ["citations"] = null });
        message["stop_reason"] = ask.Prompt.Tool is null ? "end_turn" : "tool_use";
        return message;
    }

    public IEnumerable<string> Frames(JsonObject body, Ask ask, Reply reply)
    {
        yield return Frame("message_start", new JsonObject { ["message"] = Message(ask, reply, 1) });
        yield return Frame("content_block_start", new JsonObject
        {
            ["index"] = 0,
            ["content_block"] = ask.Prompt.Tool is { } tool
                ? new JsonObject { ["type"] = "tool_use", ["id"] = "toolu_fake", ["name"] = tool, ["input"] = new JsonObject() }
                : new JsonObject { ["type"] = "text", ["text"] = "", ["citations"] = null },
        });
        yield return Frame("ping", []);
        foreach (var piece in reply.Pieces())
        {
            yield return Frame("content_block_delta", new JsonObject
            {
                ["index"] = 0,
                ["delta"] = ask.Prompt.Tool is null
                    ? new JsonObject { ["type"] = "text_delta", ["text"] = piece }
                    : new JsonObject { ["type"] = "input_json_delta", ["partial_json"] = piece },
            });
        }

        yield return Frame("content_block_stop", new JsonObject { ["index"] = 0 });
        yield return Frame("message_delta", new JsonObject
        {
            ["delta"] = new JsonObject { ["stop_reason"] = ask.Prompt.Tool is null ? "end_turn" : "tool_use", ["stop_sequence"] = null },
            ["usage"] = new JsonObject { ["output_tokens"] = reply.OutputTokens },
        });
        yield return Frame("message_stop", []);
    }

    public string ErrorFrame() => $"event: error\ndata: {Error(529, "Overloaded").ToJsonString()}\n\n";

    private static JsonObject Message(Ask ask, Reply reply, int outputTokens) => new()
    {
        ["id"] = "msg_fake",
        ["type"] = "message",
        ["role"] = "assistant",
        ["model"] = ask.Model,
        ["content"] = new JsonArray(),
        ["stop_reason"] = null,
        ["stop_sequence"] = null,
        ["usage"] = new JsonObject
        {
            ["input_tokens"] = reply.InputTokens,
            ["output_tokens"] = outputTokens,
            ["cache_creation_input_tokens"] = 0,
            ["cache_read_input_tokens"] = 0,
        },
    };

    private static string Frame(string type, JsonObject data)
    {
        data.Insert(0, "type", type);
        return $"event: {type}\ndata: {data.ToJsonString()}\n\n";
    }

    /// <summary>The tool that must be called, if one must.</summary>
    private static JsonNode? Tool(JsonObject body)
    {
        if (body["tool_choice"] is not { } choice || body["tools"] is not JsonArray tools || choice["type"].Text() is not ("tool" or "any"))
        {
            return null;
        }

        return choice["name"].Text() is { } name ? tools.FirstOrDefault(tool => tool?["name"].Text() == name) : tools.FirstOrDefault();
    }
}
