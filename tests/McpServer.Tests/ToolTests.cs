using System.Text.Json;
using Engram.Engine.Keys;

namespace Engram.McpServer.Tests;

/// <summary>What the tools do, called one by one as an agent would.</summary>
public sealed class ToolTests(ToolFixture fixture) : IClassFixture<ToolFixture>
{
    private static readonly string[] Names =
    [
        "store_memory", "query_memory", "search_memories", "list_memories", "list_buckets", "get_memory", "update_memory", "delete_memory", "clear_memories",
        "get_profile",
    ];

    [Fact]
    public async Task The_tools_are_listed_in_a_fixed_order_with_all_that_a_client_or_model_needs()
    {
        var tenant = await fixture.NewTenantAsync();
        using var client = fixture.Server.Client(tenant.Key);

        var tools = (await client.PostAsync(Rpc.Request(1, "tools/list"))).Result.GetProperty("tools").EnumerateArray().ToList();

        Assert.Equal(Names, tools.Select(tool => tool.GetProperty("name").GetString()));
        Assert.All(tools, tool =>
        {
            Assert.False(string.IsNullOrEmpty(tool.GetProperty("title").GetString()));
            Assert.True(tool.GetProperty("description").GetString()!.Length > 150, "A model needs to know when to call it.");
            var annotations = tool.GetProperty("annotations");
            Assert.All(["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"], hint => Assert.True(annotations.TryGetProperty(hint, out _), hint));
            var input = tool.GetProperty("inputSchema");
            Assert.Equal("object", input.GetProperty("type").GetString());
            Assert.False(input.GetProperty("additionalProperties").GetBoolean());
            Assert.All(input.GetProperty("properties").EnumerateObject(), property => Assert.True(property.Value.TryGetProperty("description", out _), property.Name));
            Assert.Equal("object", tool.GetProperty("outputSchema").GetProperty("type").GetString());
        });
        Assert.Equal(["delete_memory", "clear_memories"], tools.Where(Destructive).Select(tool => tool.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task The_tool_that_does_nothing_is_there_for_benchmarks_only()
    {
        var tenant = await fixture.NewTenantAsync();
        await using var benchmarked = await fixture.StartAsync(_ => { }, ("Engram:Mcp:BenchmarkNoOpTool", "true"));
        using var there = benchmarked.Client(tenant.Key);
        using var usual = fixture.Server.Client(tenant.Key);

        var done = await there.PostAsync(Rpc.Call(1, "benchmark_noop"));
        var unknown = await usual.PostAsync(Rpc.Call(1, "benchmark_noop"));

        Assert.Equal("done", done.Result.GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal(-32602, unknown.ErrorCode);
    }

    [Fact]
    public async Task A_stored_memory_is_found_listed_and_read_and_gone_when_deleted()
    {
        var tenant = await fixture.NewTenantAsync();
        const string text = "Ann's dog Łukasz sleeps on the blue sofa. 你好";

        var stored = await tenant.CallAsync("store_memory", new { content = text, metadata = new { source = "chat" }, categories = new[] { "pets" } });
        var id = stored.Data.GetProperty("memory_id").GetString();
        Assert.Equal("stored", stored.Data.GetProperty("status").GetString());
        Assert.Equal("default", stored.Data.GetProperty("bucket_name").GetString());

        var found = await tenant.CallAsync("search_memories", new { query = "Where does the dog sleep?" });
        Assert.Equal(id, found.Data.GetProperty("memories")[0].GetProperty("memory_id").GetString());
        Assert.Contains(text, found.Text, StringComparison.Ordinal);
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(found.Text), found.Data));

        var listed = await tenant.CallAsync("list_memories");
        Assert.Equal(1, listed.Data.GetProperty("total").GetInt32());
        Assert.Equal("chat", listed.Data.GetProperty("memories")[0].GetProperty("metadata").GetProperty("source").GetString());

        var read = await tenant.CallAsync("get_memory", new { memory_id = id });
        Assert.Equal(text, read.Data.GetProperty("content").GetString());

        Assert.True((await tenant.CallAsync("delete_memory", new { memory_id = id })).Data.GetProperty("deleted").GetBoolean());
        Assert.Equal("memory_not_found", (await tenant.CallAsync("get_memory", new { memory_id = id })).ErrorCode);
        Assert.Equal("memory_not_found", (await tenant.CallAsync("delete_memory", new { memory_id = id })).ErrorCode);
        Assert.Equal(0, (await tenant.CallAsync("search_memories", new { query = "dog sofa" })).Data.GetProperty("memories_found").GetInt32());
    }

    [Fact]
    public async Task A_list_is_never_older_than_the_last_change_whoever_made_it()
    {
        var tenant = await fixture.NewTenantAsync();
        var first = await tenant.StoreAsync("Ann lives in Bern.");
        Assert.Equal(["Ann lives in Bern."], await ListedAsync(tenant));
        Assert.Equal(["Ann lives in Bern."], await ListedAsync(tenant));

        var second = await tenant.StoreAsync("Ben owns a tandem.");
        Assert.Equal(["Ben owns a tandem.", "Ann lives in Bern."], await ListedAsync(tenant));
        await tenant.CallAsync("update_memory", new { memory_id = first, content = "Ann lives in Basel." });
        Assert.Equal(["Ben owns a tandem.", "Ann lives in Basel."], await ListedAsync(tenant));

        await using (var replica = await fixture.StartAsync(_ => { }))
        {
            using var elsewhere = replica.Client(tenant.Key);
            await elsewhere.PostAsync(Rpc.Call(1, "delete_memory", JsonSerializer.Serialize(new { memory_id = second })));
        }

        Assert.Equal(["Ann lives in Basel."], await ListedAsync(tenant));
    }

    [Fact]
    public async Task A_list_that_one_caller_got_is_not_given_to_another_who_may_not_have_it()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.StoreAsync("Ann lives in Bern.", "private");
        Assert.False((await tenant.CallAsync("list_memories", new { bucket = "private" })).IsError);

        await tenant.UseAsync(Scopes.All, ["public"]);
        Assert.True((await tenant.CallAsync("list_memories", new { bucket = "private" })).IsError);
        var other = await fixture.NewTenantAsync();
        Assert.Equal("bucket_not_found", (await other.CallAsync("list_memories", new { bucket = "private" })).ErrorCode);
        await other.StoreAsync("Somebody else's.", "private");
        Assert.Equal(["Somebody else's."], await ListedAsync(other, "private"));
    }

    [Fact]
    public async Task A_question_is_answered_from_memory_with_citations_or_honestly_not()
    {
        var tenant = await fixture.NewTenantAsync();
        var id = await tenant.StoreAsync("Ann prefers window seats on trains.");
        await tenant.StoreAsync("The garden shed was painted green in 2024.");

        var known = await tenant.CallAsync("query_memory", new { question = "Which seats does Ann prefer on trains?" });
        var unknown = await tenant.CallAsync("query_memory", new { question = "What is the capital of Mongolia?" });
        var material = await tenant.CallAsync("query_memory", new { question = "Which seats does Ann prefer on trains?", synthesize = false });

        Assert.Equal("answered", known.Data.GetProperty("answer_status").GetString());
        Assert.Contains("window seats", known.Data.GetProperty("answer").GetString(), StringComparison.Ordinal);
        Assert.Equal(id, known.Data.GetProperty("citations")[0].GetProperty("memory_id").GetString());
        Assert.Equal("not_found", unknown.Data.GetProperty("answer_status").GetString());
        Assert.Empty(unknown.Data.GetProperty("citations").EnumerateArray());
        Assert.False(material.Data.TryGetProperty("answer", out _));
        Assert.Equal(id, material.Data.GetProperty("memories")[0].GetProperty("memory_id").GetString());
    }

    [Fact]
    public async Task A_bucket_tells_of_its_profile()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.StoreAsync("Ann lives in Bern.");

        var profile = await tenant.CallAsync("get_profile");

        Assert.False(profile.IsError, profile.Text);
        Assert.Contains(profile.Data.GetProperty("status").GetString(), new[] { "not_installed", "ready" });
        Assert.Equal("bucket_not_found", (await tenant.CallAsync("get_profile", new { bucket = "nowhere" })).ErrorCode);
    }

    [Fact]
    public async Task The_same_fact_stored_twice_is_merged()
    {
        var tenant = await fixture.NewTenantAsync();
        var first = await tenant.StoreAsync("Ann likes green tea.");

        var again = await tenant.CallAsync("store_memory", new { content = "Ann likes green tea." });
        var kept = await tenant.CallAsync("store_memory", new { content = "Ann likes green tea.", dedup = "off" });

        Assert.Equal("merged", again.Data.GetProperty("status").GetString());
        Assert.Equal(first, again.Data.GetProperty("deduped_into").GetString());
        Assert.Equal("content_hash", again.Data.GetProperty("merge_reason").GetString());
        Assert.Equal("stored", kept.Data.GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_list_pages_to_its_end_without_gaps_or_repeats()
    {
        var tenant = await fixture.NewTenantAsync();
        var stored = new List<string>();
        for (var i = 0; i < 7; i++)
        {
            stored.Add(await tenant.StoreAsync($"Fact number {i} about topic {i * 31}.", "pages"));
        }

        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await tenant.CallAsync("list_memories", cursor is null ? new { bucket = "pages", limit = 3 } : new { bucket = "pages", limit = 3, cursor });
            seen.AddRange(page.Data.GetProperty("memories").EnumerateArray().Select(m => m.GetProperty("memory_id").GetString()!));
            cursor = page.Data.TryGetProperty("next_cursor", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);

        stored.Reverse();
        Assert.Equal(stored, seen);
    }

    [Fact]
    public async Task An_update_changes_what_is_found_and_keeps_what_was()
    {
        var tenant = await fixture.NewTenantAsync();
        var id = await tenant.StoreAsync("Ann lives in Bern.");

        Assert.True((await tenant.CallAsync("update_memory", new { memory_id = id, content = "Ann lives in Basel." })).Data.GetProperty("updated").GetBoolean());

        var read = await tenant.CallAsync("get_memory", new { memory_id = id });
        Assert.Equal("Ann lives in Basel.", read.Data.GetProperty("content").GetString());
        Assert.Equal("Ann lives in Bern.", read.Data.GetProperty("history")[0].GetProperty("content").GetString());
        Assert.Equal(id, (await tenant.CallAsync("search_memories", new { query = "Basel" })).Data.GetProperty("memories")[0].GetProperty("memory_id").GetString());
    }

    [Fact]
    public async Task Clearing_first_only_counts_and_spares_the_other_buckets()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.StoreAsync("One thing about apples.", "old");
        await tenant.StoreAsync("Another about trains.", "old");
        await tenant.StoreAsync("Kept.", "new");

        var dry = await tenant.CallAsync("clear_memories", new { bucket = "old" });
        Assert.False(dry.Data.GetProperty("cleared").GetBoolean());
        Assert.Equal(2, dry.Data.GetProperty("memory_count").GetInt32());
        Assert.Equal(2, (await tenant.CallAsync("list_memories", new { bucket = "old" })).Data.GetProperty("total").GetInt32());

        var wet = await tenant.CallAsync("clear_memories", new { bucket = "old", confirm = true });
        Assert.True(wet.Data.GetProperty("cleared").GetBoolean());
        Assert.Equal(0, (await tenant.CallAsync("list_memories", new { bucket = "old" })).Data.GetProperty("total").GetInt32());
        Assert.Equal(1, (await tenant.CallAsync("list_memories", new { bucket = "new" })).Data.GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task Buckets_are_listed_page_by_page()
    {
        var tenant = await fixture.NewTenantAsync();
        foreach (var bucket in new[] { "a", "b", "c" })
        {
            await tenant.StoreAsync("Something.", bucket);
        }

        var first = await tenant.CallAsync("list_buckets", new { limit = 2 });
        var second = await tenant.CallAsync("list_buckets", new { limit = 2, offset = 2 });

        Assert.Equal(["a", "b"], first.Data.GetProperty("buckets").EnumerateArray().Select(b => b.GetProperty("name").GetString()));
        Assert.True(first.Data.GetProperty("more").GetBoolean());
        Assert.Equal("c", Assert.Single(second.Data.GetProperty("buckets").EnumerateArray()).GetProperty("name").GetString());
        Assert.False(second.Data.GetProperty("more").GetBoolean());
    }

    [Fact]
    public async Task Several_buckets_are_searched_at_once_and_filters_hold()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.CallAsync("store_memory", new { content = "Ann plays chess on Mondays.", bucket = "one", user_id = "ann" });
        await tenant.CallAsync("store_memory", new { content = "Bob plays chess on Fridays.", bucket = "two", user_id = "bob" });

        var both = await tenant.CallAsync("search_memories", new { query = "chess", buckets = new[] { "one", "two" } });
        var bobs = await tenant.CallAsync("search_memories", new { query = "chess", buckets = new[] { "one", "two" }, filters = new { user_id = "bob" } });

        Assert.Equal(2, both.Data.GetProperty("memories_found").GetInt32());
        Assert.Equal("two", Assert.Single(bobs.Data.GetProperty("memories").EnumerateArray()).GetProperty("bucket_name").GetString());
    }

    [Fact]
    public async Task Long_memories_are_cut_to_fit_a_context_and_can_be_read_in_full()
    {
        var tenant = await fixture.NewTenantAsync();
        for (var i = 0; i < 3; i++)
        {
            await tenant.StoreAsync($"Chapter {i}. {string.Concat(Enumerable.Repeat($"Volume {i} tells of whales. ", 500))}😀");
        }

        var listed = await tenant.CallAsync("list_memories");
        var memories = listed.Data.GetProperty("memories").EnumerateArray().ToList();
        var cut = memories.Where(m => m.TryGetProperty("truncated", out _)).ToList();
        var part = (await tenant.CallAsync("get_memory", new { memory_id = cut[^1].GetProperty("memory_id").GetString() })).Data;
        while (part.TryGetProperty("next_from", out var next))
        {
            part = (await tenant.CallAsync("get_memory", new { memory_id = cut[^1].GetProperty("memory_id").GetString(), from = next.GetInt32() })).Data;
        }

        Assert.NotEmpty(cut);
        Assert.True(listed.Text.Length < 30_000, $"{listed.Text.Length}");
        Assert.EndsWith("[...]", cut[^1].GetProperty("content").GetString(), StringComparison.Ordinal);
        Assert.EndsWith("😀", part.GetProperty("content").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_was_hung_up_on_is_there_whole_or_not_at_all()
    {
        var tenant = await fixture.NewTenantAsync();
        using var client = fixture.Server.Client(tenant.Key);
        var acknowledged = new List<string>();
        for (var i = 0; i < 30; i++)
        {
            using var hangUp = new CancellationTokenSource(TimeSpan.FromMilliseconds(i % 10));
            try
            {
                using var response = await client.OpenAsync(
                    HttpMethod.Post, Rpc.Call(1, "store_memory", $$"""{"content":"Interrupted fact number {{i}} of the river.","dedup":"off"}"""), hangUp.Token);
                var reply = await RawReply.ReadAsync(response).WaitAsync(hangUp.Token);
                acknowledged.Add(reply.Result.GetProperty("structuredContent").GetProperty("memory_id").GetString()!);
            }
            catch (Exception ex) when (ex is OperationCanceledException or HttpRequestException or IOException)
            {
            }
        }

        acknowledged.Add(await tenant.StoreAsync("The last one, uninterrupted."));
        var page = (await tenant.CallAsync("list_memories", new { limit = 100 })).Data;
        var there = page.GetProperty("memories").EnumerateArray().Select(m => m.GetProperty("memory_id").GetString()!).ToList();
        Assert.All(acknowledged, id => Assert.Contains(id, there));
        Assert.Equal(there.Count, page.GetProperty("total").GetInt32());
        foreach (var memory in page.GetProperty("memories").EnumerateArray())
        {
            var found = await tenant.CallAsync("search_memories", new { query = memory.GetProperty("content").GetString(), top_k = 100 });
            Assert.Contains(memory.GetProperty("memory_id").GetString()!, found.Text, StringComparison.Ordinal);
        }
    }

    private static bool Destructive(JsonElement tool) => tool.GetProperty("annotations").GetProperty("destructiveHint").GetBoolean();

    private static async Task<IEnumerable<string?>> ListedAsync(TestTenant tenant, string bucket = "default") =>
        (await tenant.CallAsync("list_memories", new { bucket })).Data.GetProperty("memories").EnumerateArray().Select(memory => memory.GetProperty("content").GetString());
}
