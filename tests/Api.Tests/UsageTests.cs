using System.Net;
using System.Text.Json;
using Engram.Engine.Usage;
using Engram.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.Api.Tests;

public class UsageTests(ApiFixture fixture)
{
    [Fact]
    public async Task A_repeated_store_counts_once_and_one_that_came_to_nothing_not_at_all()
    {
        // A day that does not end in the middle.
        var host = fixture.Start(new TickingClock());
        var tenant = await fixture.NewTenantAsync(host: host);
        for (var i = 0; i < 3; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/buckets/default/memories") { Content = Wire.Json("""{"content":"Ann takes the train."}""") };
            request.Headers.Add("Idempotency-Key", "once");
            using var stored = await tenant.Http.SendAsync(request);
            Assert.Equal(HttpStatusCode.Created, stored.StatusCode);
        }

        await tenant.Http.PostAsync("/v1/buckets/default/memories", """{"content":""}""").ProblemAsync(400, "invalid_request");
        using (var other = new HttpRequestMessage(HttpMethod.Post, "/v1/buckets/default/memories") { Content = Wire.Json("""{"content":"Something else."}""") })
        {
            other.Headers.Add("Idempotency-Key", "once");
            await tenant.Http.SendAsync(other).ProblemAsync(409, "idempotency_conflict");
        }

        await tenant.Http.PostAsync("/v1/query", """{"query":"train","options":{"skip_synthesis":true}}""").JsonAsync(HttpStatusCode.OK);
        await host.Services.GetRequiredService<UsageMeter>().FlushAsync(TestContext.Current.CancellationToken);

        var usage = await tenant.Http.GetJsonAsync("/account/plan_usage");
        Assert.Equal((1, 1, 1), (Used(usage, "writes"), Used(usage, "memories"), Used(usage, "queries")));
        var key = Assert.Single(usage.GetProperty("by_key").EnumerateArray());
        Assert.Equal((tenant.KeyId, 1, 1), (key.GetProperty("key_id").GetGuid(), key.GetProperty("writes").GetInt64(), key.GetProperty("queries").GetInt64()));

        var byKey = (await tenant.Http.GetJsonAsync("/account/usage/daily?by=key")).GetProperty("days").EnumerateArray().ToArray();
        Assert.Equal(["query 1", "store 1"], byKey.Select(day => $"{day.Text("operation")} {day.GetProperty("requests").GetInt64()}"));
        Assert.All(byKey, day => Assert.Equal(tenant.KeyId, day.GetProperty("key_id").GetGuid()));
        var byBucket = (await tenant.Http.GetJsonAsync("/account/usage/daily?by=bucket")).GetProperty("days").EnumerateArray().Single(day => day.Text("operation") == "store");
        Assert.Equal(usage.GetProperty("by_bucket")[0].GetProperty("bucket_id").GetGuid(), byBucket.GetProperty("bucket_id").GetGuid());
    }

    [Fact]
    public async Task Who_comes_near_a_limit_reads_it_in_the_response_in_the_plan_and_in_the_audit()
    {
        // What is read again while it is being counted may be one short: the clock stands, and it is read once.
        var host = fixture.Start(new TickingClock(), ("Engram:Plans:free:Queries", "5"));
        var tenant = await fixture.NewTenantAsync(host: host);
        await tenant.Http.StoreAsync("default", "One.");
        var told = new List<string?>();
        for (var i = 0; i < 5; i++)
        {
            using var asked = await tenant.Http.PostAsync("/v1/query", """{"query":"one","options":{"skip_synthesis":true}}""");
            told.Add(asked.Headers.TryGetValues("Engram-Usage-Warning", out var warning) ? warning.Single() : null);
        }

        Assert.Equal([null, null, null, "queries=80%", "queries=100%"], told);
        await tenant.Http.PostAsync("/v1/query", """{"query":"one","options":{"skip_synthesis":true}}""").ProblemAsync(429, "quota_exceeded");
        await host.Services.GetRequiredService<UsageMeter>().FlushAsync(TestContext.Current.CancellationToken);

        JsonElement usage;
        var until = DateTimeOffset.UtcNow.AddSeconds(20);
        do
        {
            Assert.True(DateTimeOffset.UtcNow < until, "The marks were never written.");
            usage = await tenant.Http.GetJsonAsync("/account/plan_usage");
        }
        while (usage.GetProperty("marks").GetArrayLength() < 2);

        var queries = usage.GetProperty("queries");
        Assert.Equal(("exhausted", 100, 5, 5), (queries.Text("mark"), queries.GetProperty("percent").GetInt64(), queries.GetProperty("limit").GetInt64(), queries.GetProperty("hard_limit").GetInt64()));
        Assert.Equal(["queries 80", "queries 100"], usage.GetProperty("marks").EnumerateArray().Select(mark => $"{mark.Text("quantity")} {mark.GetProperty("percent").GetInt32()}"));
        Assert.Equal(2, (await tenant.Http.GetJsonAsync("/account/audit?action=usage.mark")).GetProperty("entries").GetArrayLength());
    }

    [Theory]
    [InlineData("/account/usage/daily?from=today", "from")]
    [InlineData("/account/usage/daily?from=2026-01-02&to=2026-01-01", "from")]
    [InlineData("/account/usage/daily?from=2024-01-01&to=2026-01-01", "from")]
    [InlineData("/account/usage/daily?by=colour", "by")]
    public async Task A_wrong_question_names_the_parameter(string path, string field)
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.GetAsync(path).ProblemAsync(400, "invalid_request", field);
    }

    private static long Used(JsonElement usage, string quantity) => usage.GetProperty(quantity).GetProperty("used").GetInt64();
}
