using System.Globalization;
using Deque.AxeCore.Playwright;
using Engram.Portal.Components.Layout;
using Engram.Portal.Tests.StandIn;
using Microsoft.Playwright;

namespace Engram.Portal.Tests;

public sealed class BrowserTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 1280)]
    [InlineData(ColorScheme.Light, 390)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task Every_page_is_usable_by_everybody_and_fits_its_width(ColorScheme scheme, int width)
    {
        await using var portal = await FilledAsync();
        var page = await chromium.OpenAsync(portal, scheme, width);
        var faults = new List<string>();
        page.PageError += (_, error) => faults.Add(error);
        var memory = portal.Api.Tenant.Buckets[0].Memories[0].Id;
        string[] routes =
        [
            .. NavMap.Groups.SelectMany(group => group.Pages).Select(each => each.Href), "/buckets/default", "/buckets/default?q=Lisbon", $"/buckets/default/memories/{memory}",
            "/latency?series=query&view=on-call", "/latency?view=floor", "/requests/" + portal.Api.Tenant.Operations[0].Id, "/query?q=Lisbon", "/graph?hops=2", "/graph?as_of=2026-02-01&q=x", "/tenants", "/numbers", "/nothing/here",
        ];

        foreach (var route in routes)
        {
            await page.GotoAsync(route);
            try
            {
                await page.WaitForFunctionAsync(Chromium.Settled, null, new() { Timeout = 60_000 });
            }
            catch (TimeoutException)
            {
                faults.Add($"{route} never got to what it is going to show");
                continue;
            }
            var result = await page.RunAxe();
            if (result.Violations.Any(violation => violation.Id == "document-title"))
            {
                // The circuit draws the head anew when it takes over: for a moment there is no title.
                await page.WaitForFunctionAsync(Chromium.Settled, null, new() { Timeout = 60_000 });
                result = await page.RunAxe();
            }
            faults.AddRange(result.Violations.Where(violation => violation.Impact is "serious" or "critical")
                .Select(violation => $"{route}: {violation.Id} {violation.Nodes[0].Html}"));
            if (await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth > innerWidth + 1"))
            {
                faults.Add(string.Create(CultureInfo.InvariantCulture, $"{route} is wider than {width} px"));
            }
        }

        Assert.Empty(faults);
    }

    [Fact]
    public async Task A_key_is_made_with_the_keyboard_alone_and_the_focus_comes_back()
    {
        await using var portal = await FilledAsync();
        var page = await chromium.OpenAsync(portal);
        await Chromium.GoAsync(page, "/keys");

        var create = page.GetByRole(AriaRole.Button, new() { Name = "Create a key" });
        await create.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#key-name")).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("by keyboard");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".code-block.wrap code")).ToContainTextAsync("eng_live_");
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator(".code-block.wrap code")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "I have copied it" }).PressAsync("Enter");

        // First, for it stays only for some seconds.
        await Expect(page.Locator("[data-toaster]")).ToContainTextAsync("by keyboard created");
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "by keyboard" })).ToBeVisibleAsync();
        await Expect(create).ToBeFocusedAsync();
    }

    [Fact]
    public async Task The_small_theme_holds_every_rule_of_the_whole_one_that_the_pages_need()
    {
        await using var portal = await FilledAsync();
        var page = await chromium.OpenAsync(portal);
        var lost = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (route, button) in ((string, string)[])[("/keys", "Create a key"), ("/buckets", "Delete bucket default"), ("/providers", "Add a provider")])
        {
            await Chromium.GoAsync(page, route);
            await page.GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync();
            await Expect(page.Locator(".rz-dialog")).ToBeVisibleAsync();
            lost.UnionWith(await page.EvaluateAsync<string[]>("""
                async () => {
                    const read = async url => (await fetch(url)).text();
                    const whole = await read('_content/Radzen.Blazor/css/standard-base.css');
                    const small = await read(document.querySelector('link[href*="theme/light"]').href);
                    const selectors = css => {
                        const sheet = new CSSStyleSheet();
                        sheet.replaceSync(css);
                        const of = rules => [...rules].flatMap(rule => [...(rule.selectorText?.split(/,(?![^()]*\))/) ?? []).map(each => each.trim()), ...of(rule.cssRules ?? [])]);
                        return of(sheet.cssRules);
                    };
                    const used = new Set([...document.querySelectorAll('[class*="rz"]')].flatMap(element => [...element.classList]));
                    const kept = new Set(selectors(small));
                    return selectors(whole).filter(selector => {
                        const names = [...selector.matchAll(/\.([A-Za-z][\w-]*)/g)].map(match => match[1]);
                        return names.length > 0 && names.every(name => used.has(name)) && !kept.has(selector);
                    });
                }
                """));
        }

        Assert.Empty(lost);
    }

    [Fact]
    public async Task The_skip_link_comes_before_everything_else_and_leads_to_the_content()
    {
        await using var portal = await FilledAsync();
        var page = await chromium.OpenAsync(portal);
        await Chromium.GoAsync(page, "/buckets");

        // A page begins with the focus on its heading, so that a screen reader reads it; the link is for who goes back from there.
        Assert.Equal("skip-link", await page.EvaluateAsync<string>("() => document.querySelector('a, button, input, select').className"));
        await page.Locator(".skip-link").FocusAsync();
        await Expect(page.Locator(".skip-link")).ToBeInViewportAsync();
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.Locator("#content")).ToBeFocusedAsync();
    }

    [Fact]
    public async Task A_point_of_a_chart_leads_to_its_requests_and_one_of_them_to_its_waterfall()
    {
        await using var portal = await FilledAsync();
        var page = await chromium.OpenAsync(portal);
        await Chromium.GoAsync(page, "/latency");

        await page.Locator(".plot-point").First.ClickAsync();
        await page.WaitForURLAsync("**/requests?from=**series=query**min_ms=**");
        await page.Locator("tbody a").First.ClickAsync();

        await Expect(page.GetByText("longest was llm-call (synthesize)")).ToBeVisibleAsync();
        await page.GoBackAsync();
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("series=query"));
    }

    [Fact]
    public async Task An_answer_streams_in_and_its_citation_leads_to_the_memory()
    {
        await using var portal = await FilledAsync();
        var page = await chromium.OpenAsync(portal);
        await Chromium.GoAsync(page, "/query");

        await page.FillAsync("#q", "Lisbon");
        await page.GetByRole(AriaRole.Button, new() { Name = "Run" }).ClickAsync();

        await Expect(page.Locator(".answer")).ToContainTextAsync("Ada lives in Lisbon [1]");
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("q=Lisbon"));
        await Expect(page.Locator(".waterfall-table")).ToBeVisibleAsync();
        await page.Locator(".cite").ClickAsync();
        await Expect(page.Locator(".memory-text").First).ToHaveTextAsync("Ada lives in Lisbon");
    }

    [Fact]
    public async Task The_JSON_behind_a_page_is_asked_for_when_it_is_opened()
    {
        await using var portal = await FilledAsync();
        var page = await chromium.OpenAsync(portal);
        await Chromium.GoAsync(page, "/buckets/default?user=ada");
        var before = portal.Api.Tenant.Requests.Count;

        await page.GetByText("Show as JSON").First.ClickAsync();

        await Expect(page.GetByLabel("the JSON", new() { Exact = true })).ToContainTextAsync("\"content\": \"Ada lives in Lisbon\"");
        Assert.Contains(portal.Api.Tenant.Requests.Skip(before), request => request.Contains("user_id", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_matches_a_filter_is_counted_and_deleted_and_nothing_else()
    {
        await using var portal = await FilledAsync();
        var page = await chromium.OpenAsync(portal);
        await Chromium.GoAsync(page, "/buckets/default?user=ada");

        await page.GetByRole(AriaRole.Button, new() { Name = "Delete what matches" }).ClickAsync();
        await Expect(page.GetByText("This deletes 1 memory that matches")).ToBeVisibleAsync();
        await page.FillAsync("#confirm-typed", "default");
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete 1", Exact = true }).ClickAsync();

        await Expect(page.GetByText("Nothing matches")).ToBeVisibleAsync();
        Assert.Equal("Grace lives in Porto", Assert.Single(portal.Api.Tenant.Buckets[0].Memories).Content);
    }

    [Fact]
    public async Task An_edit_can_be_undone_and_a_bucket_described()
    {
        await using var portal = await FilledAsync();
        var page = await chromium.OpenAsync(portal);
        var memory = portal.Api.Tenant.Buckets[0].Memories[0];
        await Chromium.GoAsync(page, $"/buckets/default/memories/{memory.Id}");

        await page.GetByRole(AriaRole.Button, new() { Name = "Edit", Exact = true }).ClickAsync();
        await page.FillAsync("#edit-content", "Ada lives in Faro");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Expect(page.Locator(".memory-text").First).ToHaveTextAsync("Ada lives in Faro");
        await page.GetByRole(AriaRole.Button, new() { Name = "Undo the edit" }).ClickAsync();
        await Expect(page.Locator(".memory-text").First).ToHaveTextAsync("Ada lives in Lisbon");

        await Chromium.GoAsync(page, "/buckets");
        await page.GetByRole(AriaRole.Button, new() { Name = "Describe bucket default" }).ClickAsync();
        await page.FillAsync("#bucket-description", "What Ada says");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "default" })).ToContainTextAsync("What Ada says");
    }

    [Fact]
    public async Task The_graph_is_walked_with_the_keyboard_and_Back_goes_back()
    {
        await using var portal = await FilledAsync();
        var page = await chromium.OpenAsync(portal);
        await Chromium.GoAsync(page, "/graph?hops=2");

        var lisbon = page.Locator(".graph-figure .wide-only a[aria-label^='Lisbon:']");
        await lisbon.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("entity="));
        await page.GoBackAsync();
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/graph\\?hops=2$"));

        await page.Locator("#as-of").FocusAsync();
        await page.Keyboard.PressAsync("Home");
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("as_of=2026-01-01"));
        await Expect(page.Locator("figcaption")).ToContainTextAsync("as it was on 2026-01-01");
    }

    [Fact]
    public async Task A_chosen_theme_stays()
    {
        await using var portal = await FilledAsync();
        var page = await chromium.OpenAsync(portal);

        await Chromium.GoAsync(page, "/");

        await page.GetByTitle("Dark").ClickAsync();
        // Else the next page is asked for before the choice has arrived.
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        await page.GotoAsync("/buckets");

        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
    }

    [Fact]
    public async Task On_a_phone_the_navigation_opens_and_Escape_closes_it()
    {
        await using var portal = await FilledAsync();
        var page = await chromium.OpenAsync(portal, width: 390);
        await Chromium.GoAsync(page, "/buckets");

        await Expect(page.Locator("#navigation")).ToBeHiddenAsync();
        await page.ClickAsync("[data-nav-toggle]");
        await Expect(page.Locator("#navigation")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator("#navigation")).ToBeHiddenAsync();
        await Expect(page.Locator("[data-nav-toggle]")).ToBeFocusedAsync();
    }

    private static ILocatorAssertions Expect(ILocator locator) => Assertions.Expect(locator);

    private static IPageAssertions Expect(IPage page) => Assertions.Expect(page);

    private static async Task<PortalHost> FilledAsync()
    {
        var portal = await PortalHost.StartAsync();
        var tenant = portal.Api.Tenant;
        var memory = new StandInMemory("Ada lives in Lisbon") { UserId = "ada", Categories = ["profile"] };
        memory.Triples.Add(new { subject = "Ada", predicate = "lives in", @object = "Lisbon", confidence = 0.9 });
        memory.History.Add(new { change = "edited", content = "Ada lives in Porto", changed_at = DateTimeOffset.UtcNow });
        tenant.Buckets[0].Memories.AddRange([memory, new("Grace lives in Porto")]);
        tenant.Operations.AddRange([new("POST /v1/query"), new("GET /v1/buckets", "client_error")]);
        tenant.Providers.Add(new StandInProvider("Our account"));
        tenant.Jobs.AddRange([new("dead", "openai (gpt-x) auth: The key is wrong."), new("queued"), new("running"), new("done")]);
        tenant.Faults.Add(new StandInFault("timeout", "Wait or raise the limit."));
        tenant.Audit.Add(new StandInAudit(StandInApi.Email, "key.create"));
        return portal;
    }
}
