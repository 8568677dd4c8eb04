using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Engram.McpServer.Tests;

/// <summary>
/// What the suite asks of a server of 2026-07-28 that needs something of the client before it can answer: it says so in a result, and is asked again
/// with the answers. State that travels with the client is signed.
/// </summary>
internal static class ConformanceInputFixtures
{
    private const string NoArguments = """{"type":"object","properties":{}}""";
    private const string AskName = """{"method":"elicitation/create","params":{"message":"What is your name?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}}}""";
    private const string AskColor = """{"method":"elicitation/create","params":{"message":"What is your favorite color?","requestedSchema":{"type":"object","properties":{"color":{"type":"string"}},"required":["color"]}}}""";
    private const string Confirm = """{"method":"elicitation/create","params":{"message":"Please confirm","requestedSchema":{"type":"object","properties":{"ok":{"type":"boolean"}},"required":["ok"]}}}""";
    private const string AskContext = """{"method":"elicitation/create","params":{"message":"What context should the prompt use?","requestedSchema":{"type":"object","properties":{"context":{"type":"string"}},"required":["context"]}}}""";
    private const string Capital = """{"method":"sampling/createMessage","params":{"messages":[{"role":"user","content":{"type":"text","text":"What is the capital of France?"}}],"maxTokens":100}}""";
    private const string Roots = """{"method":"roots/list","params":{}}""";

    private static readonly byte[] StateKey = RandomNumberGenerator.GetBytes(32);

    public static IEnumerable<McpServerTool> Tools() =>
    [
        Tool("test_input_required_result_elicitation", request => Ask(request.Params!, null, ("user_name", AskName)) ?? $"Hello, {Field(request.Params!, "user_name", "name")}!"),
        Tool("test_input_required_result_sampling", request => Ask(request.Params!, null, ("capital_question", Capital)) ?? Answer(request.Params!, "capital_question").ToJsonString()),
        Tool("test_input_required_result_list_roots", request => Ask(request.Params!, null, ("client_roots", Roots)) ?? Answer(request.Params!, "client_roots").ToJsonString()),
        Tool("test_input_required_result_request_state", request => Ask(request.Params!, "1", ("confirm", Confirm)) ?? Checked(request.Params!, "1", "state-ok")),
        Tool("test_input_required_result_tampered_state", request => Ask(request.Params!, "1", ("confirm", Confirm)) ?? Checked(request.Params!, "1", "state-ok")),
        Tool("test_input_required_result_multiple_inputs", request =>
            Ask(request.Params!, "1", ("user_name", AskName), ("greeting", Capital), ("client_roots", Roots)) ?? Checked(request.Params!, "1", "all there")),
        Tool("test_input_required_result_multi_round", request => request.Params!.RequestState is null || Round(request.Params!) == "1"
            ? Ask(request.Params!, "1", ("step1", AskName)) ?? Ask(new CallToolRequestParams { Name = request.Params!.Name }, "2", ("step2", AskColor))!
            : Ask(request.Params!, "2", ("step2", AskColor)) ?? "Both known."),
        Tool("test_input_required_result_capabilities", request =>
        {
            var capabilities = request.Params!.Meta?[MetaKeys.ClientCapabilities] as JsonObject;
            List<(string, string)> asks = [];
            if (capabilities?["sampling"] is not null)
            {
                asks.Add(("capital_question", Capital));
            }

            if (capabilities?["elicitation"] is not null)
            {
                asks.Add(("user_name", AskName));
            }

            return asks.Count == 0 ? "Nothing to ask with." : Ask(request.Params!, null, [.. asks]) ?? "Answered.";
        }),
        Tool("test_missing_capability", request => (request.Params!.Meta?[MetaKeys.ClientCapabilities] as JsonObject)?["sampling"] is null
            ? throw new MissingRequiredClientCapabilityException(JsonSerializer.Deserialize<ClientCapabilities>("""{"sampling":{}}""", McpJsonUtilities.DefaultOptions)!, "This tool needs sampling.")
            : "Sampling is there."),
        Tool("test_streaming_elicitation", request => Ask(request.Params!, null, ("user_name", AskName)) ?? "Answered."),
        Tool("test_logging_tool", _ => "Nothing was logged."),
    ];

    public static GetPromptResult Prompt(GetPromptRequestParams parameters)
    {
        Ask(parameters, null, ("user_context", AskContext));
        return new GetPromptResult
        {
            Messages = [new PromptMessage { Role = Role.User, Content = new TextContentBlock { Text = Field(parameters, "user_context", "context") } }],
        };
    }

    /// <summary>Throws what becomes the request for input, unless every answer is there; null then.</summary>
    private static string? Ask(RequestParams parameters, string? state, params (string Key, string Request)[] asks)
    {
        if (asks.All(ask => parameters.InputResponses?.ContainsKey(ask.Key) == true))
        {
            return null;
        }

        throw new InputRequiredException(
            asks.ToDictionary(ask => ask.Key, ask => JsonSerializer.Deserialize<InputRequest>(ask.Request, McpJsonUtilities.DefaultOptions)!),
            state is null ? null : $"{state}.{Convert.ToHexStringLower(HMACSHA256.HashData(StateKey, Encoding.UTF8.GetBytes(state)))}");
    }

    private static string Round(RequestParams parameters)
    {
        var parts = parameters.RequestState?.Split('.') ?? [];
        return parts.Length == 2 && parts[1] == Convert.ToHexStringLower(HMACSHA256.HashData(StateKey, Encoding.UTF8.GetBytes(parts[0])))
            ? parts[0]
            : throw new McpProtocolException("requestState was not made here, or was changed.", McpErrorCode.InvalidParams);
    }

    private static string Checked(RequestParams parameters, string round, string says) =>
        Round(parameters) == round ? says : throw new McpProtocolException("requestState is of another round.", McpErrorCode.InvalidParams);

    private static JsonObject Answer(RequestParams parameters, string key) =>
        JsonNode.Parse(parameters.InputResponses![key].RawValue.GetRawText()) is JsonObject answer
            ? answer
            : throw new McpProtocolException($"inputResponses.{key} must be an object.", McpErrorCode.InvalidParams);

    private static string Field(RequestParams parameters, string key, string field) => Answer(parameters, key)["content"]?[field]?.GetValue<string>()
        ?? throw new McpProtocolException($"inputResponses.{key}.content.{field} is missing.", McpErrorCode.InvalidParams);

    private static ConformanceFixtures.FixtureTool Tool(string name, Func<RequestContext<CallToolRequestParams>, string> run) =>
        new(name, NoArguments, (request, _) => new(new CallToolResult { Content = [new TextContentBlock { Text = run(request) }] }));
}
