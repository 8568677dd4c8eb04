using Engram.Portal.Tests.StandIn;

namespace Engram.Portal.Tests;

public sealed class PageTests
{
    [Fact]
    public async Task A_stored_text_is_shown_as_text_wherever_it_appears()
    {
        const string Attack = "<img src=x onerror=alert(1)>";
        await using var portal = await PortalHost.StartAsync();
        var memory = new StandInMemory(Attack + " lives in Lisbon") { UserId = Attack, Categories = [Attack] };
        memory.Triples.Add(new { subject = Attack, predicate = Attack, @object = Attack, confidence = 0.5 });
        memory.History.Add(new { change = "edited", content = Attack, changed_at = DateTimeOffset.UtcNow });
        portal.Api.Tenant.Buckets[0].Memories.Add(memory);
        portal.Api.Tenant.Buckets.Add(new StandInBucket("b", Attack));
        portal.Api.Tenant.Keys.Add(new StandInKey(Attack, ["memories:read"]));
        portal.Api.Tenant.Name = Attack;
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        foreach (var page in (string[])["/", "/buckets", "/buckets/default", "/buckets/default?q=Lisbon", $"/buckets/default/memories/{memory.Id}", "/keys"])
        {
            var html = await browser.ReadAsync(page);
            Assert.Contains("&lt;img src=x onerror=alert(1)&gt;", html, StringComparison.Ordinal);
            Assert.DoesNotContain("<img", html, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task A_search_is_asked_of_the_Api_without_synthesis_and_shows_where_each_memory_ranked()
    {
        await using var portal = await PortalHost.StartAsync();
        portal.Api.Tenant.Buckets[0].Memories.AddRange([new("Ada lives in Lisbon"), new("Grace lives in Porto")]);
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        var html = await browser.ReadAsync("/buckets/default?q=Lisbon");

        Assert.Contains("Ada lives in Lisbon", html, StringComparison.Ordinal);
        Assert.DoesNotContain("Grace lives in Porto", html, StringComparison.Ordinal);
        Assert.Contains("keyword #1", html, StringComparison.Ordinal);
        Assert.Contains("POST /v1/query", portal.Api.Tenant.Requests);
    }

    [Fact]
    public async Task Memories_are_paged_and_filtered_by_the_Api()
    {
        await using var portal = await PortalHost.StartAsync();
        for (var i = 0; i < 45; i++)
        {
            portal.Api.Tenant.Buckets[0].Memories.Add(new StandInMemory($"memory number {i}.") { UserId = i % 2 == 0 ? "ann" : "bob" });
        }
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        var third = await browser.ReadAsync("/buckets/default?page=3");
        var ann = await browser.ReadAsync("/buckets/default?user=ann");

        Assert.Contains("memory number 4.", third, StringComparison.Ordinal);
        Assert.DoesNotContain("memory number 5.", third, StringComparison.Ordinal);
        Assert.Contains("memory number 44.", ann, StringComparison.Ordinal);
        Assert.DoesNotContain("memory number 43.", ann, StringComparison.Ordinal);
        Assert.Contains(portal.Api.Tenant.Requests, request => request.Contains("limit=20&offset=40", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_page_reads_its_data_once_per_load()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        await browser.ReadAsync("/buckets");

        Assert.Single(portal.Api.Tenant.Requests, "GET /v1/buckets");
    }

    [Fact]
    public async Task A_failure_of_the_Api_is_shown_with_its_code_and_request_id()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();
        portal.Api.Tenant.FailWith = ("/account/keys", 503, "not_ready", "The database is starting.");

        var html = await browser.ReadAsync("/keys");

        Assert.Contains("The database is starting.", html, StringComparison.Ordinal);
        Assert.Contains("not_ready", html, StringComparison.Ordinal);
        Assert.Contains("req-", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_bucket_shows_the_command_that_fills_it()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        var html = await browser.ReadAsync("/buckets/default");

        Assert.Contains("No memory in this bucket yet", html, StringComparison.Ordinal);
        Assert.Contains($"{portal.Api.Address}/v1/buckets/default/memories", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_overview_counts_what_is_stored_and_names_the_addresses_of_this_deployment()
    {
        await using var portal = await PortalHost.StartAsync(settings: ("Engram:Portal:PublicMcpUrl", "https://memory.example.test/mcp"));
        portal.Api.Tenant.Buckets[0].Memories.AddRange([new("one"), new("two"), new("three")]);
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        var html = await browser.ReadAsync("/");

        Assert.Contains("<span class=\"tile-figure\">3</span>", html, StringComparison.Ordinal);
        Assert.Contains("https://memory.example.test/mcp", html, StringComparison.Ordinal);
        Assert.Contains("3 of 10,000", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dark", "theme/dark.", "theme/light.")]
    [InlineData("light", "theme/light.", "theme/dark.")]
    public async Task A_chosen_theme_is_in_the_first_paint(string theme, string has, string hasNot)
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();

        using var answer = await browser.SubmitAsync("/sign-in", "/theme", ("theme", theme));
        var html = await browser.ReadAsync(answer.Headers.Location!.OriginalString);

        Assert.Contains($"data-theme=\"{theme}\"", html, StringComparison.Ordinal);
        Assert.Contains(has, html, StringComparison.Ordinal);
        Assert.DoesNotContain(hasNot, html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_choice_the_system_decides()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();

        var html = await browser.ReadAsync("/sign-in");

        Assert.Contains("media=\"(prefers-color-scheme: light)\"", html, StringComparison.Ordinal);
        Assert.Contains("media=\"(prefers-color-scheme: dark)\"", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Buckets_are_sorted_by_what_the_address_says()
    {
        await using var portal = await PortalHost.StartAsync();
        portal.Api.Tenant.Buckets.AddRange([new StandInBucket("zebras", null), new StandInBucket("aardvarks", null)]);
        portal.Api.Tenant.Buckets[0].Memories.Add(new("Ada lives in Lisbon"));
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        Assert.Matches("(?s)/buckets/aardvarks.*/buckets/default.*/buckets/zebras", await browser.ReadAsync("/buckets"));
        Assert.Matches("(?s)aria-sort=\"descending\".*/buckets/default.*/buckets/zebras.*/buckets/aardvarks", await browser.ReadAsync("/buckets?sort=-memories"));
    }
}
