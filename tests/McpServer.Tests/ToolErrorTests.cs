using Engram.Engine.Keys;

namespace Engram.McpServer.Tests;

/// <summary>Errors a model can act on: what was wrong, by name, and what to send instead; and nothing is done.</summary>
public sealed class ToolErrorTests(ToolFixture fixture) : IClassFixture<ToolFixture>
{
    private const string AnId = "0198c0de-7a11-7000-8000-000000000000";

    [Theory]
    [InlineData("store_memory", "{}", "'content' is required")]
    [InlineData("store_memory", """{"content":""}""", "'content'")]
    [InlineData("store_memory", """{"content":"  \n"}""", "'content'")]
    [InlineData("store_memory", """{"content":5}""", "'content' must be a string, not a number")]
    [InlineData("store_memory", """{"content":"a\u0000b"}""", "NUL")]
    [InlineData("store_memory", """{"content":"x","contnet":"y"}""", "'contnet' is not an argument")]
    [InlineData("store_memory", """{"content":"x","dedup":"maybe"}""", "off, loose, strict")]
    [InlineData("store_memory", """{"content":"x","metadata":[1]}""", "'metadata' must be a JSON object, not an array")]
    [InlineData("store_memory", """{"content":"x","metadata":{"a":"\u0000"}}""", "metadata")]
    [InlineData("store_memory", """{"content":"x","wait":"yes"}""", "'wait' must be true or false")]
    [InlineData("store_memory", """{"content":"x","occurred_at":"yesterday"}""", "'occurred_at'")]
    [InlineData("store_memory", """{"content":"x","categories":[1]}""", "'categories'")]
    [InlineData("store_memory", """{"content":"x","bucket":""}""", "'bucket'")]
    [InlineData("store_memory", """{"content":"x","bucket":"a/b"}""", "slashes")]
    [InlineData("query_memory", "{}", "'question' is required")]
    [InlineData("query_memory", """{"question":"x","bucket":"nowhere"}""", "no bucket 'nowhere'")]
    [InlineData("get_profile", """{"bucket":"nowhere"}""", "no bucket 'nowhere'")]
    [InlineData("search_memories", "{}", "'query' is required")]
    [InlineData("search_memories", """{"query":"x","top_k":0}""", "'top_k' must be an integer from 1 to 100, not 0")]
    [InlineData("search_memories", """{"query":"x","top_k":1.5}""", "'top_k'")]
    [InlineData("search_memories", """{"query":"x","top_k":"8"}""", "'top_k' must be an integer from 1 to 100, not a string")]
    [InlineData("search_memories", """{"query":"x","buckets":[]}""", "'buckets'")]
    [InlineData("search_memories", """{"query":"x","bucket":"a","buckets":["b"]}""", "not both")]
    [InlineData("search_memories", """{"query":"x","filters":{"colour":"red"}}""", "colour")]
    [InlineData("search_memories", """{"query":"x","bucket":"nowhere"}""", "no bucket 'nowhere'")]
    [InlineData("list_memories", """{"limit":101}""", "'limit'")]
    [InlineData("list_memories", """{"bucket":"nowhere"}""", "list_buckets")]
    [InlineData("list_memories", """{"bucket":"there","cursor":"made up"}""", "cursor")]
    [InlineData("list_buckets", """{"offset":-1}""", "'offset'")]
    [InlineData("get_memory", """{"memory_id":"7"}""", "UUID")]
    [InlineData("get_memory", $$"""{"memory_id":"{{AnId}}","bucket":"there"}""", "no memory with this id")]
    [InlineData("update_memory", $$"""{"memory_id":"{{AnId}}","bucket":"there"}""", "Nothing to change")]
    [InlineData("update_memory", $$"""{"memory_id":"{{AnId}}","bucket":"there","content":"x"}""", "no memory with this id")]
    [InlineData("delete_memory", "{}", "'memory_id' is required")]
    [InlineData("delete_memory", $$"""{"memory_id":"{{AnId}}","bucket":"there"}""", "no memory with this id")]
    [InlineData("clear_memories", """{"confirm":true}""", "'bucket' is required")]
    [InlineData("clear_memories", """{"bucket":"nowhere"}""", "no bucket 'nowhere'")]
    public async Task A_wrong_call_is_answered_with_what_was_wrong(string tool, string arguments, string says)
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.StoreAsync("Something.", "there");

        var reply = await tenant.CallAsync(tool, arguments);

        Assert.True(reply.IsError, reply.Text);
        Assert.Contains(says, reply.Text, StringComparison.Ordinal);
        Assert.NotNull(reply.ErrorCode);
        Assert.NotEqual("internal_error", reply.ErrorCode);
        Assert.False(reply.Result.TryGetProperty("structuredContent", out _));
        var buckets = await tenant.CallAsync("list_buckets");
        Assert.Equal(1, Assert.Single(buckets.Data.GetProperty("buckets").EnumerateArray()).GetProperty("memory_count").GetInt32());
    }

    [Fact]
    public async Task Everything_wrong_is_told_at_once()
    {
        var tenant = await fixture.NewTenantAsync();

        var reply = await tenant.CallAsync("search_memories", """{"top_k":1000,"colour":"red","filters":3}""");

        Assert.All(["'query'", "'top_k'", "'colour'", "'filters'"], name => Assert.Contains(name, reply.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_text_over_the_limit_is_refused_by_size()
    {
        var tenant = await fixture.NewTenantAsync();

        var characters = await tenant.CallAsync("store_memory", new { content = new string('x', 70_000) });
        var bytes = await tenant.CallAsync("store_memory", new { content = new string('你', 30_000) });

        Assert.Contains("65536", characters.Text, StringComparison.Ordinal);
        Assert.Equal("payload_too_large", bytes.ErrorCode);
    }

    [Theory]
    [InlineData("store_memory", Scopes.MemoriesWrite)]
    [InlineData("query_memory", Scopes.MemoriesRead)]
    [InlineData("get_profile", Scopes.MemoriesRead)]
    [InlineData("search_memories", Scopes.MemoriesRead)]
    [InlineData("list_memories", Scopes.MemoriesRead)]
    [InlineData("list_buckets", Scopes.MemoriesRead)]
    [InlineData("get_memory", Scopes.MemoriesRead)]
    [InlineData("update_memory", Scopes.MemoriesWrite)]
    [InlineData("delete_memory", Scopes.MemoriesDelete)]
    [InlineData("clear_memories", Scopes.MemoriesDelete)]
    public async Task A_tool_needs_its_scope_and_no_other(string tool, Scopes needed)
    {
        var tenant = await fixture.NewTenantAsync(Scopes.All & ~needed);
        var without = await tenant.CallAsync(tool);
        await tenant.UseAsync(needed);
        var with = await tenant.CallAsync(tool);

        Assert.Equal("insufficient_scope", without.ErrorCode);
        Assert.Contains(ScopeNames.Of(needed)[0], without.Text, StringComparison.Ordinal);
        Assert.NotEqual("insufficient_scope", with.ErrorCode);
    }

    [Fact]
    public async Task A_key_for_some_buckets_sees_no_others_by_name_or_id()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.StoreAsync("Open.", "open");
        var hiddenId = await tenant.StoreAsync("Hidden.", "hidden");
        var all = (await tenant.CallAsync("list_buckets")).Data.GetProperty("buckets").EnumerateArray().ToList();
        var hiddenBucket = all.Single(b => b.GetProperty("name").GetString() == "hidden").GetProperty("id").GetString();

        await tenant.UseAsync(Scopes.All, ["open"]);

        Assert.Equal("open", Assert.Single((await tenant.CallAsync("list_buckets")).Data.GetProperty("buckets").EnumerateArray()).GetProperty("name").GetString());
        Assert.False((await tenant.CallAsync("list_memories", new { bucket = "open" })).IsError);
        foreach (var bucket in new[] { "hidden", hiddenBucket, "default" })
        {
            Assert.All(
                [
                    await tenant.CallAsync("list_memories", new { bucket }),
                    await tenant.CallAsync("search_memories", new { query = "Hidden", buckets = new[] { "open", bucket } }),
                    await tenant.CallAsync("get_memory", new { memory_id = hiddenId, bucket }),
                    await tenant.CallAsync("store_memory", new { content = "x", bucket }),
                    await tenant.CallAsync("delete_memory", new { memory_id = hiddenId, bucket }),
                    await tenant.CallAsync("clear_memories", new { bucket, confirm = true }),
                ],
                reply => Assert.True(reply.IsError, reply.Text));
        }

        Assert.Equal("memory_not_found", (await tenant.CallAsync("get_memory", new { memory_id = hiddenId, bucket = "open" })).ErrorCode);
    }
}
