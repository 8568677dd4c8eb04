using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Engram.McpServer.Tests;

/// <summary>The tools, resources and prompts that the conformance suite expects to find; never part of the product.</summary>
internal static class ConformanceFixtures
{
    // A PNG of one red pixel and a WAV of no samples.
    private const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
    private const string Wav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";
    private const string NoArguments = """{"type":"object","properties":{}}""";
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    public static void Add(IServiceCollection services) => services.PostConfigure<McpServerOptions>(options =>
    {
        options.ToolCollection = [.. ContentTools(), .. TalkingTools(), .. ElicitingTools(), .. ConformanceInputFixtures.Tools()];
        AddResources(options);
        AddPrompts(options);
        options.Handlers.CompleteHandler = (request, _) => new(new CompleteResult
        {
            Completion = new Completion { Values = [$"{request.Params!.Argument.Value}-one", $"{request.Params.Argument.Value}-two"], Total = 2 },
        });
    });

    private static IEnumerable<McpServerTool> ContentTools() =>
    [
        Content("test_simple_text", new TextContentBlock { Text = "This is a simple text response for testing." }),
        Content("test_image_content", Image()),
        Content("test_audio_content", AudioContentBlock.FromBytes(Convert.FromBase64String(Wav), "audio/wav")),
        Content("test_embedded_resource", Embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")),
        Content("test_multiple_content_types",
            new TextContentBlock { Text = "Multiple content types test:" }, Image(),
            Embedded("test://mixed-content-resource", "application/json", """{"test":"data","value":123}""")),
        new FixtureTool("test_error_handling", NoArguments, (_, _) => new(new CallToolResult
        {
            IsError = true,
            Content = [new TextContentBlock { Text = "This tool intentionally returns an error for testing" }],
        })),
        new FixtureTool("json_schema_2020_12_tool", """
            {"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
             "$defs":{"address":{"$anchor":"addressDef","type":"object","properties":{"street":{"type":"string"},"city":{"type":"string"}}}},
             "properties":{"name":{"type":"string"},"address":{"$ref":"#/$defs/address"},"contactMethod":{"type":"string","enum":["phone","email"]},
              "phone":{"type":"string"},"email":{"type":"string"}},
             "allOf":[{"anyOf":[{"required":["phone"]},{"required":["email"]}]}],
             "if":{"properties":{"contactMethod":{"const":"phone"}},"required":["contactMethod"]},"then":{"required":["phone"]},"else":{"required":["email"]},
             "additionalProperties":false}
            """, (_, _) => new(Text("ok"))),
    ];

    private static IEnumerable<McpServerTool> TalkingTools() =>
    [
        new FixtureTool("test_tool_with_logging", NoArguments, async (request, ct) =>
        {
            foreach (var text in new[] { "Tool execution started", "Tool processing data", "Tool execution completed" })
            {
                await NotifyAsync(request, "notifications/message", new JsonObject { ["level"] = "info", ["data"] = text }, ct);
                await Task.Delay(Step, ct);
            }

            return Text("logged");
        }),
        new FixtureTool("test_tool_with_progress", NoArguments, async (request, ct) =>
        {
            var token = request.Params!.ProgressToken;
            foreach (var progress in new[] { 0, 50, 100 })
            {
                if (token is not null)
                {
                    await NotifyAsync(request, "notifications/progress", new JsonObject
                    {
                        ["progressToken"] = token.Value.ToString(), ["progress"] = progress, ["total"] = 100,
                    }, ct);
                }

                await Task.Delay(Step, ct);
            }

            return Text("done");
        }),
        new FixtureTool("test_sampling", """{"type":"object","properties":{"prompt":{"type":"string"}},"required":["prompt"]}""", async (request, ct) =>
        {
            var answer = await AskAsync(request, "sampling/createMessage", $$$"""
                {"messages":[{"role":"user","content":{"type":"text","text":{{{request.Params!.Arguments!["prompt"].GetRawText()}}}}}],"maxTokens":100}
                """, ct);
            return Text($"LLM response: {answer["content"]!["text"]}");
        }),
        // Streams are not resumable here (the specification leaves it open), so this one stays open and answers.
        Content("test_reconnection", Say("not interrupted")),
    ];

    private static IEnumerable<McpServerTool> ElicitingTools() =>
    [
        Eliciting("test_elicitation", "User response", """{"type":"object","properties":{"message":{"type":"string"}},"required":["message"]}""",
            """{"username":{"type":"string","description":"User's response"},"email":{"type":"string","description":"User's email address"}}"""),
        Eliciting("test_elicitation_sep1034_defaults", "Elicitation completed", NoArguments, """
            {"name":{"type":"string","default":"John Doe"},"age":{"type":"integer","default":30},"score":{"type":"number","default":95.5},
             "status":{"type":"string","enum":["active","inactive","pending"],"default":"active"},"verified":{"type":"boolean","default":true}}
            """),
        Eliciting("test_elicitation_sep1330_enums", "Elicitation completed", NoArguments, """
            {"untitledSingle":{"type":"string","enum":["option1","option2","option3"]},
             "titledSingle":{"type":"string","oneOf":[{"const":"value1","title":"First Option"},{"const":"value2","title":"Second Option"}]},
             "legacyEnum":{"type":"string","enum":["opt1","opt2","opt3"],"enumNames":["Option One","Option Two","Option Three"]},
             "untitledMulti":{"type":"array","items":{"type":"string","enum":["option1","option2","option3"]}},
             "titledMulti":{"type":"array","items":{"anyOf":[{"const":"value1","title":"First Choice"},{"const":"value2","title":"Second Choice"}]}}}
            """),
    ];

    private static void AddResources(McpServerOptions options)
    {
        options.Handlers.ListResourcesHandler = (_, _) => new(new ListResourcesResult
        {
            Resources =
            [
                new Resource { Uri = "test://static-text", Name = "static-text", MimeType = "text/plain", Description = "Text" },
                new Resource { Uri = "test://static-binary", Name = "static-binary", MimeType = "image/png", Description = "Binary" },
            ],
        });
        options.Handlers.ListResourceTemplatesHandler = (_, _) => new(new ListResourceTemplatesResult
        {
            ResourceTemplates = [new ResourceTemplate { UriTemplate = "test://template/{id}/data", Name = "template", MimeType = "application/json" }],
        });
        options.Handlers.ReadResourceHandler = (request, _) =>
        {
            var uri = request.Params!.Uri;
            var id = uri.Split('/') is [_, _, "template", var part, "data"] ? part : null;
            ResourceContents contents = uri switch
            {
                "test://static-text" => new TextResourceContents { Uri = uri, MimeType = "text/plain", Text = "This is the content of the static text resource." },
                "test://static-binary" => BlobResourceContents.FromBytes(Convert.FromBase64String(Png), uri, "image/png"),
                _ when id is not null => new TextResourceContents
                {
                    Uri = uri,
                    MimeType = "application/json",
                    Text = $$"""{"id":"{{id}}","templateTest":true,"data":"Data for ID: {{id}}"}""",
                },
                _ => throw new McpProtocolException($"Unknown resource: {uri}", McpErrorCode.ResourceNotFound),
            };
            return new(new ReadResourceResult { Contents = [contents] });
        };
        options.Handlers.SubscribeToResourcesHandler = (_, _) => new(new EmptyResult());
        options.Handlers.UnsubscribeFromResourcesHandler = (_, _) => new(new EmptyResult());
        options.Capabilities!.Resources = new ResourcesCapability { Subscribe = true };
    }

    private static void AddPrompts(McpServerOptions options)
    {
        options.Handlers.ListPromptsHandler = (_, _) => new(new ListPromptsResult
        {
            Prompts =
            [
                new Prompt { Name = "test_simple_prompt", Description = "Simple" },
                new Prompt { Name = "test_prompt_with_arguments", Description = "Arguments", Arguments = [Argument("arg1"), Argument("arg2")] },
                new Prompt { Name = "test_prompt_with_embedded_resource", Description = "Resource", Arguments = [Argument("resourceUri")] },
                new Prompt { Name = "test_prompt_with_image", Description = "Image" },
                new Prompt { Name = "test_input_required_result_prompt", Description = "Input" },
            ],
        });
        options.Handlers.GetPromptHandler = (request, _) =>
        {
            if (request.Params!.Name == "test_input_required_result_prompt")
            {
                return new(ConformanceInputFixtures.Prompt(request.Params));
            }

            string Arg(string name) => request.Params!.Arguments![name].GetString()!;
            ContentBlock[] blocks = request.Params!.Name switch
            {
                "test_simple_prompt" => [Say("This is a simple prompt for testing.")],
                "test_prompt_with_arguments" => [Say($"Prompt with arguments: arg1='{Arg("arg1")}', arg2='{Arg("arg2")}'")],
                "test_prompt_with_embedded_resource" =>
                    [Embedded(Arg("resourceUri"), "text/plain", "Embedded resource content for testing."), Say("Please process the embedded resource above.")],
                "test_prompt_with_image" => [Image(), Say("Please analyze the image above.")],
                var name => throw new McpProtocolException($"Unknown prompt: {name}", McpErrorCode.InvalidParams),
            };
            return new(new GetPromptResult { Messages = [.. blocks.Select(block => new PromptMessage { Role = Role.User, Content = block })] });
        };
    }

    private static FixtureTool Content(string name, params ContentBlock[] blocks) =>
        new(name, NoArguments, (_, _) => new(new CallToolResult { Content = blocks }));

    private static FixtureTool Eliciting(string name, string says, string inputSchema, string properties) => new(name, inputSchema, async (request, ct) =>
    {
        var message = request.Params!.Arguments?.TryGetValue("message", out var given) == true ? given.GetRawText() : "\"Please answer\"";
        var answer = await AskAsync(request, "elicitation/create", $$"""
            {"message":{{message}},"requestedSchema":{"type":"object","properties":{{properties}},"required":[]} }
            """, ct);
        return Text($"{says}: action={answer["action"]}, content={answer["content"]?.ToJsonString()}");
    });

    private static async Task<JsonNode> AskAsync(RequestContext<CallToolRequestParams> request, string method, string parameters, CancellationToken ct)
    {
        var response = await request.Server.SendRequestAsync(new JsonRpcRequest { Method = method, Params = JsonNode.Parse(parameters) }, ct);
        return response.Result!;
    }

    private static Task NotifyAsync(RequestContext<CallToolRequestParams> request, string method, JsonObject parameters, CancellationToken ct) =>
        request.Server.SendMessageAsync(new JsonRpcNotification { Method = method, Params = parameters }, ct);

    private static CallToolResult Text(string text) => new() { Content = [Say(text)] };

    private static TextContentBlock Say(string text) => new() { Text = text };

    private static ImageContentBlock Image() => ImageContentBlock.FromBytes(Convert.FromBase64String(Png), "image/png");

    private static EmbeddedResourceBlock Embedded(string uri, string type, string text) =>
        new() { Resource = new TextResourceContents { Uri = uri, MimeType = type, Text = text } };

    private static PromptArgument Argument(string name) => new() { Name = name, Description = name, Required = true };

    internal sealed class FixtureTool(
        string name, string inputSchema, Func<RequestContext<CallToolRequestParams>, CancellationToken, ValueTask<CallToolResult>> run) : McpServerTool
    {
        public override Tool ProtocolTool { get; } = new() { Name = name, Description = "Conformance fixture", InputSchema = JsonElement.Parse(inputSchema) };

        public override IReadOnlyList<object> Metadata => [];

        public override ValueTask<CallToolResult> InvokeAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken = default) =>
            run(request, cancellationToken);
    }
}
