using Engram.Portal.Client;

namespace Engram.Portal.Components.Connect;

/// <summary>What to paste where, for one kind of client.</summary>
/// <param name="Where">The file it goes into, or what it is.</param>
public sealed record ClientConfiguration(string Id, string Title, string Where, string Text)
{
    /// <summary>Everything a tenant may want to connect, with this deployment's own addresses.</summary>
    public static IReadOnlyList<ClientConfiguration> All(Snippets snippets) =>
    [
        new("claude-code", "Claude Code", "in a shell", $"claude mcp add --transport http engram {snippets.Mcp} --header \"Authorization: Bearer $ENGRAM_API_KEY\""),
        new("vs-code", "VS Code", ".vscode/mcp.json; it asks for the key once", $$"""
            {
              "inputs": [{ "type": "promptString", "id": "engram-key", "description": "Engram API key", "password": true }],
              "servers": {
                "engram": { "type": "http", "url": "{{snippets.Mcp}}", "headers": { "Authorization": "Bearer ${input:engram-key}" } }
              }
            }
            """),
        new("cursor", "Cursor", "~/.cursor/mcp.json", $$"""
            { "mcpServers": { "engram": { "url": "{{snippets.Mcp}}", "headers": { "Authorization": "Bearer {{snippets.Key ?? Snippets.KeyPlaceholder}}" } } } }
            """),
        new("windsurf", "Windsurf", "~/.codeium/windsurf/mcp_config.json", $$"""
            { "mcpServers": { "engram": { "serverUrl": "{{snippets.Mcp}}", "headers": { "Authorization": "Bearer ${env:ENGRAM_API_KEY}" } } } }
            """),
        new("codex", "Codex", "~/.codex/config.toml", $"""
            [mcp_servers.engram]
            url = "{snippets.Mcp}"
            bearer_token_env_var = "ENGRAM_API_KEY"
            """),
        new("gemini", "Gemini CLI", "~/.gemini/settings.json", $$"""
            { "mcpServers": { "engram": { "httpUrl": "{{snippets.Mcp}}", "headers": { "Authorization": "Bearer {{snippets.Key ?? Snippets.KeyPlaceholder}}" } } } }
            """),
        new("curl", "curl", "in a shell", snippets.Store() + "\n\n" + snippets.Query()),
        new("csharp", "C#", "no package needed", $$"""
            using System.Net.Http.Headers;
            using System.Net.Http.Json;

            using var engram = new HttpClient { BaseAddress = new Uri("{{snippets.Api}}/") };
            engram.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Environment.GetEnvironmentVariable("ENGRAM_API_KEY"));

            using var stored = await engram.PostAsJsonAsync("v1/buckets/default/memories", new { content = "Ada moved to Lisbon in May." });
            stored.EnsureSuccessStatusCode();
            using var asked = await engram.PostAsJsonAsync("v1/query", new { query = "Where does Ada live?" });
            Console.WriteLine(await asked.Content.ReadAsStringAsync());
            """),
        new("typescript", "TypeScript", "Node 18 or later, no package needed", $$"""
            const engram = async (path: string, body: unknown) => {
              const response = await fetch(`{{snippets.Api}}/${path}`, {
                method: "POST",
                headers: { authorization: `Bearer ${process.env.ENGRAM_API_KEY}`, "content-type": "application/json" },
                body: JSON.stringify(body),
              });
              if (!response.ok) throw new Error(await response.text());
              return response.json();
            };

            await engram("v1/buckets/default/memories", { content: "Ada moved to Lisbon in May." });
            console.log((await engram("v1/query", { query: "Where does Ada live?" })).answer);
            """),
        new("python", "Python", "standard library only", $$"""
            import json, os, urllib.request

            def engram(path, body):
                request = urllib.request.Request(
                    "{{snippets.Api}}/" + path, json.dumps(body).encode(),
                    {"Authorization": "Bearer " + os.environ["ENGRAM_API_KEY"], "Content-Type": "application/json"})
                with urllib.request.urlopen(request) as response:
                    return json.load(response)

            engram("v1/buckets/default/memories", {"content": "Ada moved to Lisbon in May."})
            print(engram("v1/query", {"query": "Where does Ada live?"})["answer"])
            """),
    ];

    /// <summary>The one an address names, else the first.</summary>
    public static ClientConfiguration Of(IReadOnlyList<ClientConfiguration> all, string? id) => all.FirstOrDefault(each => each.Id == id) ?? all[0];
}
