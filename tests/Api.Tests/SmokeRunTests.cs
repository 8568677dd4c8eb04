using System.Net;
using System.Text.Json;

namespace Engram.Api.Tests;

public class SmokeRunTests(ApiFixture fixture)
{
    [Fact]
    public async Task A_run_is_kept_with_its_checks_in_their_order_and_the_deployment_that_answered()
    {
        var tenant = await fixture.NewTenantAsync();

        var made = await tenant.Http.PostAsync("/account/smoke", Run("2026-02-01T10:00:00Z", "failed", ("dedup", "second", "failed", 7.5), ("auth", "first", "passed", 1.25), ("auth", "third", "skipped", null)))
            .JsonAsync(HttpStatusCode.Created);
        var found = await tenant.Http.GetJsonAsync($"/account/smoke/{made.Text("id")}");

        Assert.Equal((1, 1, 1), (made.GetProperty("passed").GetInt32(), made.GetProperty("failed").GetInt32(), made.GetProperty("skipped").GetInt32()));
        Assert.NotEmpty(made.Text("deploy_id"));
        Assert.Equal(made.Text("deploy_id"), found.Text("deploy_id"));
        Assert.Equal(2.5, found.GetProperty("floor_ratio").GetDouble());
        Assert.Equal(["second", "first", "third"], found.GetProperty("checks").EnumerateArray().Select(check => check.Text("name")));
        Assert.Equal(7.5, found.GetProperty("checks")[0].GetProperty("ms").GetDouble());
        Assert.Equal("because", found.GetProperty("checks")[2].Text("detail"));
    }

    [Fact]
    public async Task Runs_come_newest_first_in_pages_that_repeat_and_lose_none()
    {
        var tenant = await fixture.NewTenantAsync();
        for (var day = 1; day <= 5; day++)
            await tenant.Http.PostAsync("/account/smoke", Run($"2026-03-0{day}T10:00:00Z", "passed", ("auth", "first", "passed", day))).JsonAsync(HttpStatusCode.Created);

        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await tenant.Http.GetJsonAsync($"/account/smoke?limit=2{(cursor is null ? "" : $"&cursor={cursor}")}");
            seen.AddRange(page.GetProperty("runs").EnumerateArray().Select(run => run.Text("at")[..10]));
            cursor = page.TryGetProperty("next", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);

        Assert.Equal(["2026-03-05", "2026-03-04", "2026-03-03", "2026-03-02", "2026-03-01"], seen);
        var window = await tenant.Http.GetJsonAsync("/account/smoke?from=2026-03-02T00:00:00Z&to=2026-03-04T00:00:00Z");
        Assert.Equal(2, window.GetProperty("runs").GetArrayLength());
    }

    [Fact]
    public async Task Timings_of_one_check_come_oldest_first_from_the_newest_runs()
    {
        var tenant = await fixture.NewTenantAsync();
        for (var day = 1; day <= 4; day++)
            await tenant.Http.PostAsync("/account/smoke", Run($"2026-04-0{day}T10:00:00Z", "passed", ("auth", "first", "passed", day), ("keys", "first", "passed", 100 + day))).JsonAsync(HttpStatusCode.Created);

        var points = (await tenant.Http.GetJsonAsync("/account/smoke/timings?group=auth&check=first&runs=3")).GetProperty("points");

        Assert.Equal([2d, 3d, 4d], points.EnumerateArray().Select(point => point.GetProperty("ms").GetDouble()));
        Assert.Equal(6, (await tenant.Http.GetJsonAsync("/account/smoke/timings?check=first&runs=3")).GetProperty("points").GetArrayLength());
    }

    [Fact]
    public async Task Another_tenants_run_does_not_exist()
    {
        var (mine, other) = (await fixture.NewTenantAsync(), await fixture.NewTenantAsync());
        var theirs = await other.Http.PostAsync("/account/smoke", Run("2026-05-01T10:00:00Z", "passed", ("auth", "first", "passed", 1))).JsonAsync(HttpStatusCode.Created);

        await mine.Http.GetAsync($"/account/smoke/{theirs.Text("id")}").ProblemAsync(404, "smoke_run_not_found", "id");
        Assert.Equal(0, (await mine.Http.GetJsonAsync("/account/smoke")).GetProperty("runs").GetArrayLength());
        Assert.Equal(0, (await mine.Http.GetJsonAsync("/account/smoke/timings")).GetProperty("points").GetArrayLength());
    }

    [Theory]
    [InlineData("""{"at":"2026-01-01T00:00:00Z","verdict":"fine","duration_ms":1,"checks":[{"group":"a","name":"b","outcome":"passed"}]}""", "verdict")]
    [InlineData("""{"at":"2026-01-01T00:00:00Z","verdict":"passed","duration_ms":1,"checks":[{"group":"a","name":"b","outcome":"maybe"}]}""", "checks[0].outcome")]
    [InlineData("""{"at":"2026-01-01T00:00:00Z","verdict":"passed","duration_ms":1,"checks":[]}""", "checks")]
    [InlineData("""{"at":"2026-01-01T00:00:00Z","verdict":"passed","duration_ms":-1,"checks":[{"group":"a","name":"b","outcome":"passed"}]}""", "duration_ms")]
    public async Task A_run_that_makes_no_sense_names_its_field(string body, string field)
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.PostAsync("/account/smoke", body).ProblemAsync(400, "invalid_request", field);
    }

    private static string Run(string at, string verdict, params (string Group, string Name, string Outcome, double? Ms)[] checks) => JsonSerializer.Serialize(new
    {
        at,
        verdict,
        duration_ms = 1000.5,
        floor_ratio = 2.5,
        checks = checks.Select(check => new { group = check.Group, name = check.Name, outcome = check.Outcome, ms = check.Ms ?? 0, detail = check.Outcome == "skipped" ? "because" : "" }),
    });
}
