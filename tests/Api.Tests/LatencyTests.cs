using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace Engram.Api.Tests;

public class LatencyTests(ApiFixture fixture)
{
    [Fact]
    public async Task A_request_is_followed_by_its_id_to_where_its_milliseconds_went()
    {
        var tenant = await fixture.NewTenantAsync();
        using var stored = await tenant.Http.PostAsJsonAsync("/v1/buckets/default/memories", new { content = "Ann prefers window seats." });
        using var asked = await tenant.Http.PostAsJsonAsync("/v1/query", new { query = "Which seat does Ann prefer?" });
        var id = asked.Headers.GetValues("X-Request-Id").Single();

        var record = await WaitForAsync(tenant, id);

        Assert.Equal(("POST /v1/query", "query", "search", "ok"), (Text(record, "operation"), Text(record, "class"), Text(record, "series"), Text(record, "outcome")));
        Assert.Equal(200, record.GetProperty("status").GetInt32());
        var hops = record.GetProperty("hops").EnumerateArray().Select(hop => Text(hop, "hop")).ToHashSet();
        Assert.Superset(new HashSet<string> { "auth-decode", "embed", "db-read", "retrieval-fuse", "serialize" }, hops);
        var stores = await tenant.Http.GetJsonAsync("/account/requests?class=store");
        Assert.Equal("store_accepted", Text(Assert.Single(stores.GetProperty("requests").EnumerateArray()), "series"));

        Assert.Single((await tenant.Http.GetJsonAsync("/account/requests?series=search")).GetProperty("requests").EnumerateArray());
        Assert.Empty((await tenant.Http.GetJsonAsync("/account/requests?series=query")).GetProperty("requests").EnumerateArray());

        // To another tenant it does not exist.
        var other = await fixture.NewTenantAsync();
        await other.Http.GetAsync($"/account/requests/{id}").ProblemAsync(404, "request_not_found");
    }

    [Fact]
    public async Task The_latency_of_a_window_has_every_budget_and_counts_refusals_beside_the_samples()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.GetJsonAsync("/router/buckets");
        using var refused = await tenant.Http.GetAsync("/v1/buckets/nowhere/profile");
        await WaitForAsync(tenant, refused.Headers.GetValues("X-Request-Id").Single());

        var latency = await tenant.Http.GetJsonAsync("/account/latency?step_seconds=60");

        var series = latency.GetProperty("series").EnumerateArray().ToDictionary(s => Text(s, "series"));
        Assert.Equal(["read", "mcp", "store", "query", "floor", "store_accepted", "search"], series.Keys);
        var floor = series["floor"].GetProperty("numbers");
        Assert.Equal(1, floor.GetProperty("samples").GetInt64());
        Assert.True(floor.GetProperty("p95_ms").GetDouble() > 0);
        Assert.True(series["read"].GetProperty("numbers").GetProperty("excluded").GetProperty("client_error").GetInt64() >= 1);
        var profile = latency.GetProperty("operations").EnumerateArray().Single(o => Text(o, "operation") == "GET /v1/buckets/{bucket}/profile");
        Assert.Equal((0, 1), (profile.GetProperty("samples").GetInt64(), profile.GetProperty("excluded").GetProperty("client_error").GetInt64()));
        Assert.False(series["mcp"].TryGetProperty("numbers", out _));
    }

    [Fact]
    public async Task The_breakdown_of_a_window_tells_its_deployment_its_cold_calls_and_the_hops_of_a_series()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.GetJsonAsync("/router/buckets");
        using var last = await tenant.Http.GetAsync("/router/buckets");
        await WaitForAsync(tenant, last.Headers.GetValues("X-Request-Id").Single());

        var breakdown = await tenant.Http.GetJsonAsync("/account/latency/breakdown?series=floor&step_seconds=3600");

        Assert.True(Assert.Single(breakdown.GetProperty("deploys").EnumerateArray()).GetProperty("operations").GetInt64() >= 2);
        var floor = breakdown.GetProperty("temperatures").EnumerateArray().Where(t => Text(t, "series") == "floor").ToArray();
        Assert.Equal(2, floor.Sum(t => t.GetProperty("samples").GetInt64()));
        var step = Assert.Single(breakdown.GetProperty("hops").EnumerateArray());
        Assert.Equal(2, step.GetProperty("operations").GetInt64());
        var parts = step.GetProperty("hops").EnumerateArray().ToDictionary(hop => Text(hop, "hop"), hop => hop.GetProperty("mean_ms").GetDouble());
        Assert.Superset(new HashSet<string> { "auth-decode", "db-read" }, parts.Keys.ToHashSet());
        Assert.InRange(parts["db-read"], 0.001, step.GetProperty("mean_ms").GetDouble());

        // Another tenant's window is empty.
        var other = await fixture.NewTenantAsync();
        Assert.Empty((await other.Http.GetJsonAsync("/account/latency/breakdown?series=floor")).GetProperty("hops").EnumerateArray());
    }

    [Theory]
    [InlineData("/account/latency/breakdown?series=fast", "series")]
    [InlineData("/account/latency?from=yesterday", "from")]
    [InlineData("/account/latency?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from")]
    [InlineData("/account/latency?from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from")]
    [InlineData("/account/latency?step_seconds=0", "step_seconds")]
    [InlineData("/account/latency?step_seconds=1&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", "step_seconds")]
    [InlineData("/account/requests?class=fast", "class")]
    [InlineData("/account/requests?outcome=good", "outcome")]
    [InlineData("/account/requests?series=fast", "series")]
    [InlineData("/account/requests?min_ms=-1", "min_ms")]
    [InlineData("/account/requests?cursor=7", "cursor")]
    public async Task A_wrong_question_names_the_parameter(string path, string field)
    {
        var tenant = await fixture.NewTenantAsync();
        var problem = await tenant.Http.GetAsync(path).ProblemAsync(400, "invalid_request");
        Assert.Equal(field, Text(problem, "field"));
    }

    private static async Task<JsonElement> WaitForAsync(TestTenant tenant, string id)
    {
        var until = DateTimeOffset.UtcNow.AddSeconds(20);
        while (true)
        {
            using var response = await tenant.Http.GetAsync($"/account/requests/{id}");
            if (response.IsSuccessStatusCode)
                return JsonElement.Parse(await response.Content.ReadAsStringAsync());
            Assert.True(DateTimeOffset.UtcNow < until, string.Create(CultureInfo.InvariantCulture, $"{id} was never recorded."));
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
