using System.Net;

namespace Engram.Api.Tests;

public class BulkTests(ApiFixture fixture)
{
    [Fact]
    public async Task A_bulk_delete_counts_first_then_takes_what_matches_and_nothing_else()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.PostAsync(
            "/v1/buckets/notes/memories",
            """{"memories":[{"content":"Bees of Ann.","user_id":"ann"},{"content":"Clocks of Ann.","user_id":"ann"},{"content":"Bees of Ben.","user_id":"ben"}]}""").JsonAsync(HttpStatusCode.Created);
        var path = $"/v1/buckets/notes/memories?filter={Uri.EscapeDataString("""{"user_id":"ann"}""")}";

        Assert.Equal(2, (await DeleteAsync(tenant, path + "&dry_run=true")).GetProperty("cleared_count").GetInt64());
        Assert.Equal(3, await CountAsync(tenant));
        Assert.Equal(2, (await DeleteAsync(tenant, path)).GetProperty("cleared_count").GetInt64());

        Assert.Equal(1, await CountAsync(tenant));
        Assert.Equal(0, (await DeleteAsync(tenant, path)).GetProperty("cleared_count").GetInt64());
        var found = await tenant.Http.PostAsync("/v1/query", """{"query":"bees","buckets":["notes"],"options":{"skip_synthesis":true}}""").JsonAsync(HttpStatusCode.OK);
        Assert.Equal("Bees of Ben.", Assert.Single(found.GetProperty("explanation").GetProperty("retrieved_memories").EnumerateArray()).Text("content"));
    }

    [Theory]
    [InlineData("%7B%7D")]
    [InlineData("")]
    [InlineData("%7B%22AND%22%3A%5B%5D%7D")]
    public async Task A_filter_that_filters_nothing_does_not_clear_the_bucket(string filter)
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.StoreAsync("notes", "To be kept.");

        await tenant.Http.DeleteAsync(new Uri($"/v1/buckets/notes/memories?filter={filter}", UriKind.Relative)).ProblemAsync(400, "invalid_request");

        Assert.Equal(1, await CountAsync(tenant));
    }

    [Fact]
    public async Task A_bucket_can_be_described_and_the_change_is_in_the_audit()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.StoreAsync("notes", "Something.");

        var described = await PatchAsync(tenant, """{"description":" Meeting notes "}""").JsonAsync(HttpStatusCode.OK);
        await PatchAsync(tenant, $$"""{"description":"{{new string('x', 1001)}}"}""").ProblemAsync(400, "invalid_request", "description");

        Assert.Equal("Meeting notes", described.Text("description"));
        Assert.Equal("Meeting notes", (await tenant.Http.GetJsonAsync("/v1/buckets")).GetProperty("buckets")[0].Text("description"));
        Assert.Equal("bucket.describe", (await tenant.Http.GetJsonAsync("/account/audit")).GetProperty("entries")[0].Text("action"));
        await PatchAsync(tenant, """{"description":""}""").JsonAsync(HttpStatusCode.OK);
        Assert.False((await tenant.Http.GetJsonAsync("/v1/buckets")).GetProperty("buckets")[0].TryGetProperty("description", out _));
    }

    [Fact]
    public async Task A_list_with_details_tells_who_stored_a_memory_and_how_often_it_was_retrieved()
    {
        var tenant = await fixture.NewTenantAsync();
        var memory = await tenant.Http.StoreAsync("notes", "Ann keeps bees on the roof.");
        for (var i = 0; i < 2; i++)
            await tenant.Http.PostAsync("/v1/query", """{"query":"Who keeps bees?","buckets":["notes"],"options":{"skip_synthesis":true}}""").JsonAsync(HttpStatusCode.OK);
        await fixture.WaitUntilAsync($"select exists (select from engram.memory_retrievals where memory_id = '{memory}' and retrievals = 2)");

        var traces = (await tenant.Http.GetJsonAsync("/v1/buckets/notes/memories?details=true")).GetProperty("memories")[0].GetProperty("traces");
        var plain = (await tenant.Http.GetJsonAsync("/v1/buckets/notes/memories")).GetProperty("memories")[0];

        Assert.Equal(("test", "api", 2), (traces.Text("stored_by"), traces.Text("stored_with"), traces.GetProperty("retrievals").GetInt64()));
        Assert.False(plain.TryGetProperty("traces", out _));
        Assert.Equal(2, (await tenant.Http.GetJsonAsync($"/v1/buckets/notes/memories/{memory}")).GetProperty("traces").GetProperty("retrievals").GetInt64());
        // Deleted with the memory it counts.
        await tenant.Http.DeleteAsync(new Uri($"/v1/buckets/notes/memories/{memory}", UriKind.Relative)).JsonAsync(HttpStatusCode.NoContent);
        await fixture.WaitUntilAsync($"select not exists (select from engram.memory_retrievals where memory_id = '{memory}')");
    }

    private static Task<System.Text.Json.JsonElement> DeleteAsync(TestTenant tenant, string path) =>
        tenant.Http.DeleteAsync(new Uri(path, UriKind.Relative)).JsonAsync(HttpStatusCode.OK);

    private static Task<HttpResponseMessage> PatchAsync(TestTenant tenant, string body) =>
        tenant.Http.PatchAsync(new Uri("/v1/buckets/notes", UriKind.Relative), Wire.Json(body));

    private static async Task<int> CountAsync(TestTenant tenant) => (await tenant.Http.GetJsonAsync("/v1/buckets/notes/memories")).GetProperty("total").GetInt32();
}
