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
    public async Task The_breakdown_of_a_window_tells_the_hops_of_a_series_by_step()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.GetJsonAsync("/router/buckets");
        using var last = await tenant.Http.GetAsync("/router/buckets");
        await WaitForAsync(tenant, last.Headers.GetValues("X-Request-Id").Single());

        var breakdown = await tenant.Http.GetJsonAsync("/account/latency/breakdown?series=floor&step_seconds=3600");

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
    [InlineData("/account/latency/breakdown", "series")]
    [InlineData("/account/latency/breakdown?series=fast", "series")]
    [InlineData("/account/latency?from=yesterday", "from")]
    [InlineData("/account/latency?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from")]
    [InlineData("/account/latency?from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from")]
    [InlineData("/account/latency?from=2026-01-01T00:00:00Z&to=2026-02-10T00:00:00Z&method=exact", "method")]
    [InlineData("/account/latency?method=guess", "method")]
    [InlineData("/account/latency?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&step_seconds=60", "step_seconds")]
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

    [Fact]
    public async Task A_long_window_says_that_it_is_a_sketch_with_its_error_and_a_short_one_that_it_is_exact()
    {
        var tenant = await fixture.NewTenantAsync();
        using var read = await tenant.Http.GetAsync("/router/buckets");
        await WaitForAsync(tenant, read.Headers.GetValues("X-Request-Id").Single());

        var exact = await tenant.Http.GetJsonAsync("/account/latency");
        var sketch = await tenant.Http.GetJsonAsync($"/account/latency?from={DateTimeOffset.UtcNow.AddDays(-30):yyyy-MM-dd'T'HH:mm:ss'Z'}&step_seconds=86400");

        Assert.Equal(("exact", 0.0), (Text(exact, "method"), exact.GetProperty("relative_error").GetDouble()));
        Assert.Equal(("sketch", 0.01, 86400), (Text(sketch, "method"), sketch.GetProperty("relative_error").GetDouble(), sketch.GetProperty("step_seconds").GetInt32()));
        Assert.Equal(TimeSpan.Zero, TimeSpan.FromTicks(sketch.GetProperty("from").GetDateTimeOffset().Ticks % TimeSpan.TicksPerHour));
        foreach (var latency in new[] { exact, sketch })
        {
            var floor = latency.GetProperty("series").EnumerateArray().Single(s => Text(s, "series") == "floor");
            Assert.Equal(1, floor.GetProperty("numbers").GetProperty("samples").GetInt64());
            Assert.Equal((3.0, true), (floor.GetProperty("tail_target").GetDouble(), floor.GetProperty("structurally_heavy").GetBoolean()));
            Assert.Equal(1.0, floor.GetProperty("hops").EnumerateArray().Sum(hop => hop.GetProperty("share").GetDouble()), 0.001);
            Assert.Contains("db-read", floor.GetProperty("hops").EnumerateArray().Select(hop => Text(hop, "hop")));
            Assert.NotEmpty(latency.GetProperty("deploys").EnumerateArray());
            var search = latency.GetProperty("series").EnumerateArray().Single(s => Text(s, "series") == "search");
            Assert.Equal((100.0, 200.0, 500.0, 1.5), (Number(search, "mean_budget_ms"), Number(search, "p95_budget_ms"), Number(search, "p99_budget_ms"), Number(search, "tail_target")));
        }
    }

    [Fact]
    public async Task Anybody_may_read_the_four_numbers_unless_the_deployment_keeps_them_to_itself()
    {
        using var nobody = fixture.Api.ClientWith(null);
        using var response = await nobody.GetAsync(new Uri("/public/latency", UriKind.Relative));
        var page = await response.JsonAsync();

        Assert.Equal("public, max-age=60", response.Headers.CacheControl!.ToString());
        var numbers = page.GetProperty("numbers").EnumerateArray().ToArray();
        Assert.Equal(["read", "mcp", "store", "query"], numbers.Select(n => Text(n, "class")));
        Assert.Equal([50.0, 200.0, 2000.0, 5000.0], numbers.Select(n => Number(n, "p95_budget_ms")));
        Assert.All(numbers, n => Assert.EndsWith(".", Text(n, "bounded_by"), StringComparison.Ordinal));
        Assert.DoesNotContain("tenant", page.GetProperty("numbers").EnumerateArray().SelectMany(n => n.EnumerateObject()).Select(p => p.Name));

        using var silent = fixture.Start(("Engram:Operations:PublicNumbers", "false")).ClientWith(null);
        await silent.GetAsync("/public/latency").ProblemAsync(404, "route_not_found");
    }

    [Theory]
    [InlineData(1.5, "on_target")]
    [InlineData(1.51, "healthy")]
    [InlineData(3, "healthy")]
    [InlineData(3.01, "watch")]
    [InlineData(5, "watch")]
    [InlineData(5.01, "tail_issue")]
    public void The_ratio_of_p99_to_p95_has_its_bands(double ratio, string band) => Assert.Equal(band, Engine.Latency.LatencyBudgets.TailOf(ratio));

    private static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();

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
