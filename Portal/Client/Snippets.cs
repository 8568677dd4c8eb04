using System.Text.Encodings.Web;
using System.Text.Json;

namespace Engram.Portal.Client;

/// <summary>What a tenant pastes to have a memory that works, with the addresses of this very deployment.</summary>
/// <param name="Key">The whole key while it may be shown; null later, when the snippets name a variable or a placeholder.</param>
public sealed record Snippets(string Api, string Mcp, string? Key = null)
{
    public const string KeyPlaceholder = "<your API key>";
    private static readonly string[] AgentScopes = ["memories:read", "memories:write"];
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string Store(string bucket = "default") => Curl.Command(Api, HttpMethod.Post, ApiPaths.Memories(bucket),
        new { content = "Ada moved to Lisbon in May and works on the compiler team." }, Key);

    public string Query(string bucket = "default") => Curl.Command(Api, HttpMethod.Post, "v1/query",
        new QueryRequest("Where does Ada live?", [bucket], null, new QueryOptions(8, false, true)), Key);

    public string CreateBucket => Curl.Command(Api, HttpMethod.Post, "v1/buckets", new CreateBucket("notes", "What the team said"), Key);

    public string CreateKey => Curl.Command(Api, HttpMethod.Post, "account/keys", new CreateKey("my agent", AgentScopes, null, null), Key);

    /// <summary>The form most MCP clients read (<c>mcpServers</c>).</summary>
    public string McpConfiguration => JsonSerializer.Serialize(new
    {
        mcpServers = new
        {
            engram = new
            {
                type = "http",
                url = Mcp,
                headers = new Dictionary<string, string> { ["Authorization"] = $"Bearer {Key ?? KeyPlaceholder}" },
            },
        },
    }, Indented);
}
