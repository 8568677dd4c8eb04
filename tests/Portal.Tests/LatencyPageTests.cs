using Engram.Portal.Tests.StandIn;

namespace Engram.Portal.Tests;

public sealed class LatencyPageTests
{
    [Fact]
    public async Task Before_the_first_call_the_page_says_how_to_make_one()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        var html = await browser.ReadAsync("/latency");

        Assert.Contains("Nothing was measured in the last 24 hours", html, StringComparison.Ordinal);
        Assert.Contains($"{portal.Api.Address}/v1/buckets/default/memories", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_class_over_budget_says_so_in_words_with_its_tail_and_what_was_not_counted()
    {
        await using var portal = await PortalHost.StartAsync();
        portal.Api.Tenant.Operations.Add(new StandInOperation("POST /v1/query"));
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        var html = await browser.ReadAsync("/latency?range=1h");

        Assert.Contains("over budget", html, StringComparison.Ordinal);
        Assert.Contains("p99/p95 6.56: tail issue", html, StringComparison.Ordinal);
        Assert.Contains("1 refused, 2 cut off", html, StringComparison.Ordinal);
        Assert.Contains("p95 6.1 s of 5 s over 20 operations; 1 of 1 step over budget.", html, StringComparison.Ordinal);
        Assert.Contains("openai (gpt-x)", html, StringComparison.Ordinal);
        Assert.Contains(portal.Api.Tenant.Requests, request => request.StartsWith("GET /account/latency?from=", StringComparison.Ordinal) && request.Contains("&to=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_median_is_drawn_in_the_view_of_the_floor_only()
    {
        await using var portal = await PortalHost.StartAsync();
        portal.Api.Tenant.Operations.Add(new StandInOperation("POST /v1/query"));
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        Assert.DoesNotContain("UTC: p50", await browser.ReadAsync("/latency"), StringComparison.Ordinal);
        Assert.DoesNotContain("UTC: p50", await browser.ReadAsync("/latency?view=on-call"), StringComparison.Ordinal);
        Assert.Contains("UTC: p50", await browser.ReadAsync("/latency?view=floor"), StringComparison.Ordinal);
        Assert.Contains("UTC: p99", await browser.ReadAsync("/latency?view=on-call"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_are_filtered_and_paged_by_the_Api_and_each_leads_to_its_waterfall()
    {
        await using var portal = await PortalHost.StartAsync();
        portal.Api.Tenant.Operations.AddRange([new("POST /v1/query"), new("GET /v1/buckets"), new("GET /fails", "server_error")]);
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        var first = await browser.ReadAsync("/requests?series=query&min_ms=12.5");
        var older = await browser.ReadAsync("/requests?cursor=older");
        var failed = await browser.ReadAsync("/requests?outcome=server_error");
        var one = await browser.ReadAsync("/requests/" + portal.Api.Tenant.Operations[0].Id);

        Assert.Contains("/requests?series=query&amp;min_ms=12.5&amp;cursor=older", first, StringComparison.Ordinal);
        Assert.Contains("GET /v1/buckets", older, StringComparison.Ordinal);
        Assert.Contains("GET /fails", failed, StringComparison.Ordinal);
        Assert.DoesNotContain("POST /v1/query</code>", failed, StringComparison.Ordinal);
        Assert.Contains("1.5 s in all; longest was llm-call (synthesize) with 1.49 s.", one, StringComparison.Ordinal);
        Assert.Contains("$0.00042", one, StringComparison.Ordinal);
        Assert.Contains(portal.Api.Tenant.Requests, request => request.Contains("limit=50&series=query&min_ms=12.5", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_four_numbers_are_there_for_anybody()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();

        var html = await browser.ReadAsync("/numbers");

        Assert.Contains("4.2 s", html, StringComparison.Ordinal);
        Assert.Contains("12 requests, 3 not counted, 1 of them cut off.", html, StringComparison.Ordinal);
        Assert.Equal(4, html.Split("Synthesis: the provider.").Length - 1);
    }

    [Fact]
    public async Task The_overview_shows_each_class_against_its_budget_and_the_last_smoke()
    {
        await using var portal = await PortalHost.StartAsync();
        portal.Api.Tenant.Operations.Add(new StandInOperation("POST /v1/query"));
        portal.Api.Tenant.Jobs.AddRange([new("queued"), new("dead")]);
        portal.Api.Tenant.Providers.Add(new StandInProvider("Our account"));
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        var html = await browser.ReadAsync("/");

        Assert.Contains("<span class=\"tile-figure\">6.1 s</span>", html, StringComparison.Ordinal);
        Assert.Contains("20 operations, 3 not counted", html, StringComparison.Ordinal);
        Assert.Contains("101 passed, 2 skipped in 21.4 s", html, StringComparison.Ordinal);
        Assert.Contains("provider, 1 failing", html, StringComparison.Ordinal);
        Assert.Contains("jobs failed for good", html, StringComparison.Ordinal);
    }
}
