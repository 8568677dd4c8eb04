using System.Net;

namespace Engram.Api.Tests;

public class StoreTests(ApiFixture fixture)
{
    private const string Store = "/v1/buckets/default/memories";

    [Fact]
    public async Task A_receipt_says_where_the_memory_can_be_found_and_it_can()
    {
        var tenant = await fixture.NewTenantAsync();
        using var response = await tenant.Http.PostAsync(Store, """{"content":"Ann keeps bees on the roof.","user_id":"ann","metadata":{"n":1}}""");
        var receipt = await response.JsonAsync();

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("stored", receipt.Text("status"));
        Assert.Equal(receipt.Text("id"), receipt.Text("memory_id"));
        Assert.Equal("default", receipt.Text("bucket_name"));
        Assert.Equal(("ready", "ready", "pending"), (receipt.GetProperty("indexes").Text("keyword"), receipt.GetProperty("indexes").Text("vector"), receipt.GetProperty("indexes").Text("graph")));
        var memory = await tenant.Http.GetJsonAsync(response.Headers.Location!.ToString());
        Assert.Equal("Ann keeps bees on the roof.", memory.Text("content"));
        Assert.Equal(1, memory.GetProperty("metadata").GetProperty("n").GetInt32());
        var found = await tenant.Http.PostAsync("/v1/query", """{"query":"who keeps bees?","options":{"skip_synthesis":true}}""").JsonAsync(HttpStatusCode.OK);
        Assert.Equal(receipt.Text("id"), found.GetProperty("explanation").GetProperty("retrieved_memories")[0].Text("memory_id"));
    }

    [Fact]
    public async Task An_equal_text_is_merged_unless_that_is_off()
    {
        var tenant = await fixture.NewTenantAsync();
        var first = await tenant.Http.StoreAsync("default", "The same text.");

        var merged = await tenant.Http.PostAsync(Store, """{"content":"The same text."}""").JsonAsync(HttpStatusCode.Created);
        Assert.Equal(("merged", first, "content_hash"), (merged.Text("status"), merged.Text("deduped_into"), merged.Text("merge_reason")));

        var again = await tenant.Http.PostAsync(Store, """{"content":"The same text.","dedup":"off"}""").JsonAsync(HttpStatusCode.Created);
        Assert.Equal("stored", again.Text("status"));
        Assert.NotEqual(first, again.Text("id"));
    }

    [Fact]
    public async Task A_repeat_with_the_same_idempotency_key_stores_nothing_twice()
    {
        var tenant = await fixture.NewTenantAsync();
        Task<HttpResponseMessage> Send(string body)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, Store) { Content = Wire.Json(body) };
            request.Headers.Add("Idempotency-Key", "one");
            return tenant.Http.SendAsync(request);
        }

        const string Body = """{"content":"Once only.","dedup":"off"}""";
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Send(Body).JsonAsync(HttpStatusCode.Created)));

        Assert.Single(answers.Select(answer => answer.Text("id")).Distinct());
        Assert.Equal(1, (await tenant.Http.GetJsonAsync(Store)).GetProperty("total").GetInt32());
        await Send("""{"content":"Something else."}""").ProblemAsync(409, "idempotency_conflict", "Idempotency-Key");
    }

    [Fact]
    public async Task A_batch_answers_each_memory_in_its_place()
    {
        var tenant = await fixture.NewTenantAsync();
        var answer = await tenant.Http.PostAsync(Store, """{"memories":[{"content":"First."},{"content":" "},{"content":"Third."}]}""").JsonAsync(HttpStatusCode.Created);
        var items = answer.GetProperty("memories").EnumerateArray().ToArray();

        Assert.Equal(3, items.Length);
        Assert.Equal("stored", items[0].Text("status"));
        Assert.Equal(("invalid_request", "memories[1].content"), (items[1].GetProperty("error").Text("code"), items[1].GetProperty("error").Text("field")));
        Assert.Equal("stored", items[2].Text("status"));
        Assert.Equal(2, (await tenant.Http.GetJsonAsync(Store)).GetProperty("total").GetInt32());

        var none = await tenant.Http.PostAsync(Store, """{"memories":[{"content":" "},{}]}""").ProblemAsync(400, "invalid_request", "memories[0].content");
        Assert.Equal(2, none.GetProperty("errors").GetArrayLength());
    }

    [Fact]
    public async Task A_dry_run_says_what_would_happen_and_does_nothing()
    {
        var tenant = await fixture.NewTenantAsync();
        var answer = await tenant.Http.PostAsync(Store + "?dry_run=true", """{"content":"Not yet."}""").JsonAsync(HttpStatusCode.OK);

        Assert.True(answer.GetProperty("dry_run").GetBoolean());
        Assert.False(answer.TryGetProperty("undo_token", out _));
        Assert.Empty((await tenant.Http.GetJsonAsync("/v1/buckets")).GetProperty("buckets").EnumerateArray());
    }

    [Fact]
    public async Task A_store_can_be_taken_back_once()
    {
        var tenant = await fixture.NewTenantAsync();
        var receipt = await tenant.Http.PostAsync(Store, """{"content":"A slip."}""").JsonAsync(HttpStatusCode.Created);
        var undo = $$"""{"undo_token":"{{receipt.Text("undo_token")}}"}""";

        await tenant.Http.PostAsync(Store + "/undo", undo).JsonAsync(HttpStatusCode.NoContent);
        await tenant.Http.PostAsync(Store + "/undo", undo).ProblemAsync(404, "memory_not_found");
        Assert.Equal(0, (await tenant.Http.GetJsonAsync(Store)).GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task Waiting_for_the_triples_of_a_memory_without_any_does_not_wait()
    {
        var tenant = await fixture.NewTenantAsync();
        var receipt = await tenant.Http.PostAsync(Store + "?wait=extracted", """{"content":"No triples, please.","infer":false}""").JsonAsync(HttpStatusCode.Created);
        Assert.Equal("skipped", receipt.GetProperty("indexes").Text("graph"));
        await tenant.Http.PostAsync(Store + "?wait=forever", """{"content":"x"}""").ProblemAsync(400, "invalid_request", "wait");
    }

    [Fact]
    public async Task Memories_page_through_without_loss_and_newest_first()
    {
        var tenant = await fixture.NewTenantAsync();
        for (var i = 0; i < 7; i++)
            await tenant.Http.StoreAsync("default", $"Memory number {i}.");

        var seen = new List<string>();
        var next = "";
        do
        {
            var page = await tenant.Http.GetJsonAsync($"{Store}?limit=3{next}");
            seen.AddRange(page.GetProperty("memories").EnumerateArray().Select(memory => memory.Text("content")));
            Assert.Equal(7, page.GetProperty("total").GetInt32());
            next = page.TryGetProperty("next", out var cursor) ? $"&cursor={cursor.GetString()}" : "";
        }
        while (next.Length > 0);

        Assert.Equal(Enumerable.Range(0, 7).Reverse().Select(i => $"Memory number {i}."), seen);
        var offset = await tenant.Http.GetJsonAsync($"{Store}?limit=3&offset=5");
        Assert.Equal(seen[5..], offset.GetProperty("memories").EnumerateArray().Select(memory => memory.Text("content")));
    }

    [Fact]
    public async Task An_edit_keeps_what_was_and_a_clear_leaves_the_bucket()
    {
        var tenant = await fixture.NewTenantAsync();
        var id = await tenant.Http.StoreAsync("default", "Ann lives in Lisbon.");

        var edited = await tenant.Http.PatchAsync($"{Store}/{id}", Wire.Json("""{"content":"Ann lives in Porto.","categories":["places"]}""")).JsonAsync(HttpStatusCode.OK);
        Assert.Equal(("Ann lives in Porto.", 2), (edited.Text("content"), edited.GetProperty("version").GetInt32()));
        Assert.Equal("Ann lives in Lisbon.", edited.GetProperty("history")[0].Text("content"));
        await tenant.Http.PatchAsync($"{Store}/{id}", Wire.Json("{}")).ProblemAsync(400, "invalid_request", "content");

        var dry = await tenant.Http.DeleteAsync(Store + "?dry_run=true").JsonAsync(HttpStatusCode.OK);
        Assert.Equal(1, dry.GetProperty("cleared_count").GetInt32());
        var cleared = await tenant.Http.DeleteAsync(Store).JsonAsync(HttpStatusCode.OK);
        Assert.Equal(1, cleared.GetProperty("cleared_count").GetInt32());
        Assert.Equal(0, (await tenant.Http.GetJsonAsync(Store)).GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task Usage_counts_what_was_stored_and_asked()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.PostAsync(Store, """{"memories":[{"content":"One."},{"content":"Two."}]}""").JsonAsync(HttpStatusCode.Created);
        await tenant.Http.PostAsync("/v1/query", """{"query":"one"}""").JsonAsync(HttpStatusCode.OK);

        var until = DateTimeOffset.UtcNow.AddSeconds(15);
        while (true)
        {
            var usage = await tenant.Http.GetJsonAsync("/account/plan_usage");
            Assert.Equal(2, usage.GetProperty("memories").GetProperty("used").GetInt32());
            if ((usage.GetProperty("writes").GetProperty("used").GetInt32(), usage.GetProperty("queries").GetProperty("used").GetInt32()) == (2, 1))
            {
                Assert.Equal(tenant.KeyId.ToString(), usage.GetProperty("by_key")[0].Text("key_id"));
                return;
            }

            Assert.True(DateTimeOffset.UtcNow < until, usage.GetRawText());
            await Task.Delay(50);
        }
    }
}
