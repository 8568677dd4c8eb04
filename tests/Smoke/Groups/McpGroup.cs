using Engram.Smoke.Run;
using Engram.Smoke.Wire;

namespace Engram.Smoke.Groups;

/// <summary>The same over MCP, as agents have it.</summary>
internal static class McpGroup
{
    private static readonly string[] Tools =
    [
        "store_memory", "query_memory", "search_memories", "list_memories", "list_buckets", "get_memory", "update_memory", "delete_memory", "clear_memories", "get_profile",
    ];

    public static async Task RunAsync(Fixture fixture, Checks checks)
    {
        if (fixture.Target.Mcp is not { } address)
        {
            checks.Skip("every check over MCP", "no address of the MCP server given");
            return;
        }

        var http = fixture.Client(address, fixture.Tenant.Key);
        var mcp = new McpClient(http, address);
        var bucket = fixture.NewBucket("mcp");
        await checks.RunAsync("a session is opened", mcp.InitializeAsync, reply =>
            reply.Is(200).Has("result.serverInfo.name", "engram").HasText("result.protocolVersion").HasText("result.instructions").HasHeader("Mcp-Session-Id", id => id.Length > 0).At("result.capabilities.tools"));
        await checks.RunAsync("the tools are listed in their order", () => mcp.SendAsync("tools/list", new { }), reply =>
        {
            var tools = reply.Is(200).Items("result.tools");
            reply.HasSame(Tools, tools.Select(tool => tool.Text("name")).Where(name => name != "benchmark_noop"), "the tools");
            reply.Where(tools.All(tool => tool.Text("description").Length > 40 && tool.Text("inputSchema.type") == "object" && tool.Text("outputSchema.type") == "object"), "descriptions and schemas");
            reply.Where(tools.Single(tool => tool.Text("name") == "clear_memories").At("annotations.destructiveHint").GetBoolean(), "clear_memories to be called destructive");
        });
        await ToolsAsync(fixture, checks, mcp, bucket);
        await RefusalsAsync(fixture, checks, mcp, address, bucket);
        var stateless = new McpClient(http, address);
        await checks.RunAsync("a call without a session is served", () => stateless.CallAsync("list_buckets", new { }), reply => reply.IsResult());
        await checks.RunAsync("a session ends", mcp.EndAsync, reply => reply.Is(204));
        await checks.RunAsync("an ended session is gone", () => mcp.CallAsync("list_buckets", new { }), reply => reply.Is(404).Has("error.code", -32001));
    }

    private static async Task ToolsAsync(Fixture fixture, Checks checks, McpClient mcp, string bucket)
    {
        const string Text = "Ann prefers window seats on trains to Lisbon.";
        var stored = await checks.RunAsync("store_memory gives a receipt", () => mcp.CallAsync("store_memory", new { content = Text, bucket, wait = true }), reply =>
        {
            var receipt = reply.IsResult().Structured();
            reply.Where(receipt.Text("bucket_name") == bucket && receipt.Text("status") == "stored" && receipt.Text("id") == receipt.Text("memory_id") && receipt.Text("indexes.graph") == "ready", "a stored memory with its graph");
        });
        if (stored is null)
            return;
        var id = stored.Structured().Text("memory_id");
        await checks.RunAsync("store_memory merges what it holds", () => mcp.CallAsync("store_memory", new { content = Text, bucket }), reply =>
            reply.Where(reply.IsResult().Structured().Text("deduped_into") == id, "it to be merged"));
        var searched = await checks.RunAsync("search_memories finds it", () => mcp.CallAsync("search_memories", new { query = "Which seat does Ann prefer?", bucket }), reply =>
            reply.Where(reply.IsResult().Structured().Text("memories.0.memory_id") == id, "Ann's seat first"));
        fixture.Requests["search_memories"] = searched?.Text("result._meta.engram/request_id") ?? "";
        await checks.RunAsync("a result says its request and its times", () => mcp.CallAsync("list_buckets", new { }), reply =>
            reply.IsResult().Has("result._meta.engram/request_id", reply.Header("X-Request-Id") ?? "none").Where(reply.Number("result._meta.engram/timings_ms.total") > 0, "the time it took"));
        await checks.RunAsync("query_memory answers with citations", () => mcp.CallAsync("query_memory", new { question = "Which seat does Ann prefer on trains?", bucket }), reply =>
        {
            var answer = reply.IsResult().Structured();
            reply.Where(answer.Text("answer_status") is "answered" or "partial" && answer.Text("citations.0.memory_id") == id && Text.Contains(answer.Text("citations.0.quote"), StringComparison.Ordinal), "the answer with its quote");
        });
        await checks.RunAsync("list_memories pages", () => mcp.CallAsync("list_memories", new { bucket, limit = 1 }), reply =>
            reply.Where(reply.IsResult().Structured().Number("total") == 1 && reply.Structured().Text("memories.0.content") == Text, "the one memory"));
        await checks.RunAsync("list_buckets has the bucket", () => mcp.CallAsync("list_buckets", new { limit = 100 }), reply =>
            reply.Where(reply.IsResult().Structured().Items("buckets").Any(one => one.Text("name") == bucket && one.Number("memory_count") == 1), "the bucket with one memory"));
        await checks.RunAsync("get_memory has the triples with their evidence", () => mcp.CallAsync("get_memory", new { memory_id = id, bucket }), reply =>
        {
            var triples = reply.IsResult().Structured().Items("triples");
            reply.Where(triples.Length > 0 && triples.All(triple => Text.Contains(triple.Text("evidence"), StringComparison.Ordinal)), "triples whose evidence is in the text");
        });
        await checks.RunAsync("update_memory keeps the former text", () => mcp.CallAsync("update_memory", new { memory_id = id, bucket, content = "Ann prefers aisle seats on trains to Lisbon." }), reply =>
            reply.Where(reply.IsResult().Structured().At("updated").GetBoolean(), "it to be updated"));
        await checks.RunAsync("get_profile answers", () => mcp.CallAsync("get_profile", new { bucket }), reply => reply.IsResult().Where(reply.Structured().Text("status").Length > 0, "a status"));
        await checks.RunAsync("clear_memories only counts at first", () => mcp.CallAsync("clear_memories", new { bucket }), reply =>
            reply.Where(!reply.IsResult().Structured().At("cleared").GetBoolean() && reply.Structured().Number("memory_count") == 1, "one memory counted and none deleted"));
        await checks.RunAsync("delete_memory forgets", () => mcp.CallAsync("delete_memory", new { memory_id = id, bucket }), reply => reply.Where(reply.IsResult().Structured().At("deleted").GetBoolean(), "it to be deleted"));
    }

    private static async Task RefusalsAsync(Fixture fixture, Checks checks, McpClient mcp, Uri address, string bucket)
    {
        await checks.RunAsync("a memory there is not is told to the model", () => mcp.CallAsync("get_memory", new { memory_id = Guid.NewGuid(), bucket }), reply => reply.IsToolError("memory_not_found"));
        await checks.RunAsync("a wrong argument is told to the model", () => mcp.CallAsync("search_memories", new { query = "x", bucket, top_k = 0 }), reply => reply.IsToolError("invalid_request").With("top_k"));
        await checks.RunAsync("a tool there is not is an error of the protocol", () => mcp.CallAsync("forget_everything", new { }), reply => reply.Is(200).Has("error.code", -32602));
        var reader = new McpClient(fixture.Client(address, (await fixture.NewKeyAsync("mcp reader", ["memories:read"])).Key), address);
        await checks.RunAsync("a reading key may not store", () => reader.CallAsync("store_memory", new { content = "x", bucket }), reply => reply.IsToolError("insufficient_scope"));
        var nobody = new McpClient(fixture.Client(address, null), address);
        await checks.RunAsync("no key is refused", nobody.InitializeAsync, reply => reply.Is(401).HasHeader("WWW-Authenticate", value => value.StartsWith("Bearer", StringComparison.Ordinal)));
    }
}
