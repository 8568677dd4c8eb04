using System.Net;
using Engram.Portal.Tests.StandIn;

namespace Engram.Portal.Tests;

public sealed class AccountPageTests
{
    [Fact]
    public async Task A_provider_is_shown_with_its_masked_key_its_model_and_its_last_error()
    {
        await using var portal = await PortalHost.StartAsync();
        portal.Api.Tenant.Providers.Add(new StandInProvider("Our account"));
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        var html = await browser.ReadAsync("/providers");

        Assert.Contains("Our account", html, StringComparison.Ordinal);
        Assert.Contains("...7f3a", html, StringComparison.Ordinal);
        Assert.Contains("rate limited", html, StringComparison.Ordinal);
        Assert.Contains("none: rules, on this machine", html, StringComparison.Ordinal);
        Assert.Contains("1,200 tokens, $0.50", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_failed_says_why_and_how_long_the_oldest_waits()
    {
        await using var portal = await PortalHost.StartAsync();
        portal.Api.Tenant.Jobs.AddRange([new("dead", "openai (gpt-x) auth: The key is wrong."), new("queued"), new("done")]);
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        var all = await browser.ReadAsync("/jobs");
        var dead = await browser.ReadAsync("/jobs?state=dead");

        Assert.Contains("openai (gpt-x) auth: The key is wrong.", all, StringComparison.Ordinal);
        Assert.Contains("1 h 35 min", all, StringComparison.Ordinal);
        Assert.Contains("4 triples", all, StringComparison.Ordinal);
        Assert.DoesNotContain("4 triples", dead, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Faults_are_filtered_by_the_Api_and_say_what_to_do()
    {
        await using var portal = await PortalHost.StartAsync();
        portal.Api.Tenant.Faults.AddRange([new("timeout", "Wait or raise the limit."), new("auth", "Set a new key.")]);
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        var html = await browser.ReadAsync("/faults?kind=timeout&range=30d");

        Assert.Contains("Wait or raise the limit.", html, StringComparison.Ordinal);
        Assert.DoesNotContain("Set a new key.", html, StringComparison.Ordinal);
        Assert.Contains("30.01 s", html, StringComparison.Ordinal);
        Assert.Contains("HTTP 504", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_export_is_the_Apis_own_answer_with_the_filter_of_the_page()
    {
        await using var portal = await PortalHost.StartAsync();
        portal.Api.Tenant.Audit.AddRange([new("ada@example.test", "key.create"), new("bob@example.test", "key.revoke")]);
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();
        var page = await browser.ReadAsync("/audit?actor=bob%40example.test");
        Assert.Contains("key.revoke", page, StringComparison.Ordinal);
        Assert.Contains("203.0.113.7", page, StringComparison.Ordinal);
        Assert.Contains("&quot;7f3a&quot;", page, StringComparison.Ordinal);

        using var file = await browser.GetAsync("/export/audit?actor=bob%40example.test&format=ndjson");
        var lines = (await file.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal("application/x-ndjson", file.Content.Headers.ContentType?.MediaType);
        Assert.Equal("attachment", file.Content.Headers.ContentDisposition?.DispositionType);
        Assert.Contains("bob@example.test", Assert.Single(lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ledger_goes_on_where_the_Api_says_and_nowhere_else()
    {
        await using var portal = await PortalHost.StartAsync();
        portal.Api.Tenant.Audit.AddRange(Enumerable.Repeat(new StandInAudit("ada@example.test", "key.create"), 51));
        portal.Api.Tenant.Faults.Add(new StandInFault("timeout", "Wait or raise the limit."));
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        Assert.Contains("/audit?cursor=the-51st\">Older", await browser.ReadAsync("/audit"), StringComparison.Ordinal);
        Assert.DoesNotContain(">Older", await browser.ReadAsync("/faults"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_session_there_is_no_export()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();

        using var file = await browser.GetAsync("/export/audit");

        Assert.Equal(HttpStatusCode.Redirect, file.StatusCode);
        Assert.DoesNotContain(portal.Api.Tenant.Requests, request => request.Contains("audit", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Usage_stands_against_its_limit_with_what_it_will_come_to_and_what_it_costs()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        var html = await browser.ReadAsync("/usage");

        Assert.Contains("over the limit", html, StringComparison.Ordinal);
        Assert.Contains("12,000", html, StringComparison.Ordinal);
        Assert.Contains("POST /v1/query", html, StringComparison.Ordinal);
        Assert.Contains("$0.01", html, StringComparison.Ordinal);
        Assert.Contains(">dev<", html, StringComparison.Ordinal);
        Assert.Contains("12 memories stored and 7 queries asked since ", html, StringComparison.Ordinal);
        Assert.Contains(portal.Api.Tenant.Requests, request => request.StartsWith($"GET /account/usage/daily?from={DateTime.UtcNow:yyyy-MM}-01&to=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_is_configured_with_the_addresses_of_this_deployment_and_never_with_a_session()
    {
        await using var portal = await PortalHost.StartAsync(settings: [("Engram:Portal:PublicMcpUrl", "https://memory.example.test/mcp"), ("Engram:Portal:PublicApiUrl", "https://memory.example.test")]);
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        foreach (var client in (string[])["claude-code", "vs-code", "cursor", "windsurf", "codex", "gemini", "curl", "csharp", "typescript", "python"])
        {
            var html = await browser.ReadAsync("/connect?client=" + client);
            Assert.Contains("https://memory.example.test", html, StringComparison.Ordinal);
            Assert.DoesNotContain(portal.Api.Tenant.Sessions.Keys.First(), html, StringComparison.Ordinal);
        }
    }
}
