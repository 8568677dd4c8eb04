using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Engram.Tests.Shared;
using Microsoft.Playwright;

namespace Engram.AppHost.Tests;

/// <summary>What a person does with the portal on the first day, in a browser, on the real platform: nothing stands in for anything but the model provider.</summary>
public sealed class JourneyTests(RunningPlatform platform) : IClassFixture<RunningPlatform>
{
    private const string Email = "ada@example.test";
    private const string Password = "a sentence nobody would guess";
    private const string Sentence = "Ada Lovelace lives in Lisbon. Ada Lovelace works at Acme.";

    private static readonly string[] Routes =
        ["/", "/buckets", "/buckets/journey", "/query", "/graph", "/connect", "/latency", "/requests", "/jobs", "/faults", "/status", "/keys", "/providers", "/usage", "/audit", "/members", "/sessions"];

    private IPage page = null!;

    [Fact]
    public async Task From_the_set_up_link_to_a_providers_fault_and_the_latency_of_it_all()
    {
        Assert.SkipWhen(ChromiumPath.Found is null, ChromiumPath.Missing);
        using var playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(60_000);
        await using var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = ChromiumPath.Found, Args = ["--no-sandbox", "--disable-gpu"] });
        await using var context = await browser.NewContextAsync(new() { BaseURL = platform.Endpoints["portal"], ViewportSize = new() { Width = 1280, Height = 900 } });
        context.SetDefaultTimeout(60_000);
        page = await context.NewPageAsync();
        var faults = new List<string>();
        page.PageError += (_, error) => faults.Add(error);

        await SetUpAndSignInAsync();
        var key = await CreateKeyAsync();
        await StoreAsync(key);
        await FindAsync();
        await AskAsync("Ada Lovelace");
        await SeeTheGraphAsync();
        await AddAProviderAsync("fake-answer");
        await AskAsync("Ada Lovelace");
        await BreakTheProviderAsync();
        await SeeTheLatenciesAsync();
        await ChangeTheColoursAsync();
        await UseAPhoneAsync();
        Assert.Empty(faults);
    }

    private async Task SetUpAndSignInAsync()
    {
        await page.GotoAsync(platform.Endpoints["portal_login"]);
        await page.FillAsync("#email", Email);
        await page.FillAsync("#password", Password);
        await page.FillAsync("#repeat", Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the account" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Overview");
        await InteractiveAsync();

        await page.GetByTitle("Sign out").ClickAsync();
        await page.FillAsync("#email", Email);
        await page.FillAsync("#password", Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Expect(page.Locator(".who-mail")).ToHaveTextAsync($"{Email} (owner)");
    }

    private async Task<string> CreateKeyAsync()
    {
        await GoAsync("/keys");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create a key" }).ClickAsync();
        await page.FillAsync("#key-name", "journey");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create", Exact = true }).ClickAsync();
        var shown = page.Locator(".code-block.wrap code");
        await Expect(shown).ToContainTextAsync("eng_live_");
        var key = await shown.InnerTextAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "I have copied it" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "journey" })).ToBeVisibleAsync();
        return key.Trim();
    }

    /// <summary>As an agent would, with the key that the browser was just shown.</summary>
    private async Task StoreAsync(string key)
    {
        using var http = new HttpClient { BaseAddress = new Uri(platform.Endpoints["api"]) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var stored = await http.PostAsJsonAsync("/v1/buckets/journey/memories?wait=extracted", new { content = Sentence, user_id = "ada", agent_id = "scribe" });
        var receipt = await stored.Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(stored.IsSuccessStatusCode, receipt.GetRawText());
        Assert.Equal("done", receipt.GetProperty("extraction").GetProperty("state").GetString());
    }

    private async Task FindAsync()
    {
        await GoAsync("/buckets/journey");
        await Expect(page.Locator(".who-cell")).ToContainTextAsync("key journey");
        await page.FillAsync("#q", "Where does Ada live?");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show", Exact = true }).ClickAsync();
        await Expect(page).ToHaveURLAsync(new Regex("q=Where"));
        await page.Locator(".row-link").First.ClickAsync();
        await Expect(page.Locator(".memory-text").First).ToHaveTextAsync(Sentence);
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "Lisbon" })).ToBeVisibleAsync();
    }

    private async Task AskAsync(string words)
    {
        await GoAsync("/query?bucket=journey");
        await page.FillAsync("#q", "Where does Ada Lovelace work?");
        await page.GetByRole(AriaRole.Button, new() { Name = "Run" }).ClickAsync();
        await Expect(page.Locator(".answer")).ToContainTextAsync(words);
        await Expect(page.Locator(".cite").First).ToBeVisibleAsync();
        await Expect(page.Locator(".waterfall-table")).ToBeVisibleAsync();
    }

    private async Task SeeTheGraphAsync()
    {
        await GoAsync("/graph?bucket=journey&entity=Ada%20Lovelace");
        await Expect(page.Locator(".graph-figure figcaption")).ToContainTextAsync("Ada Lovelace is connected to");
        await page.Locator(".graph-figure .wide-only a", new() { HasText = "Lisbon" }).ClickAsync();
        await Expect(page.Locator("#graph-title")).ToContainTextAsync("Around Lisbon");
        await page.GoBackAsync();
        await Expect(page.Locator("#graph-title")).ToContainTextAsync("Around Ada Lovelace");
    }

    private async Task AddAProviderAsync(string model)
    {
        await GoAsync("/providers");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a provider" }).ClickAsync();
        await page.SelectOptionAsync("#provider", "openai-compatible");
        await page.FillAsync("#provider-label", "The fake one");
        await page.FillAsync("#provider-url", platform.Endpoints["fake-provider"] + "/v1");
        await page.FillAsync("#provider-key", "sk-any-key-will-do-7f3a");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "The fake one" }).First).ToBeVisibleAsync();
        await SetModelAsync("Choose", model);
    }

    private async Task SetModelAsync(string button, string model)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = $"{button} the model for Answers" }).ClickAsync();
        await page.FillAsync("#model-name", model);
        await page.GetByRole(AriaRole.Button, new() { Name = "Use it" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "Answers" })).ToContainTextAsync(model);
    }

    private async Task BreakTheProviderAsync()
    {
        await GoAsync("/providers");
        await SetModelAsync("Change", "fault-503");
        await GoAsync("/query?bucket=journey");
        await page.FillAsync("#q", "Where does Ada Lovelace work?");
        await page.GetByRole(AriaRole.Button, new() { Name = "Run" }).ClickAsync();
        await Expect(page.Locator(".lab-run .problem, .lab-run .notice").First).ToBeVisibleAsync();

        await UntilAsync("/faults", page.Locator("tbody tr", new() { HasText = "fault-503" }).First);
        await Expect(page.Locator("tbody tr").First).ToContainTextAsync("HTTP 503");
    }

    private async Task SeeTheLatenciesAsync()
    {
        await UntilAsync("/latency", page.Locator(".plot-point").First);
        await Expect(page.Locator("figure").First).ToBeVisibleAsync();
        await Expect(page.Locator(".chart-summary").First).Not.ToBeEmptyAsync();
        await page.Locator(".plot-point").First.ClickAsync();
        await page.Locator("tbody a").First.ClickAsync();
        await Expect(page.GetByText("longest was")).ToBeVisibleAsync();
    }

    private async Task ChangeTheColoursAsync()
    {
        await page.GetByTitle("Dark").ClickAsync();
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        await GoAsync("/");
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
    }

    private async Task UseAPhoneAsync()
    {
        await page.SetViewportSizeAsync(390, 844);
        foreach (var route in Routes)
        {
            await GoAsync(route);
            Assert.False(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth > innerWidth + 1"), $"{route} is wider than a phone");
        }

        await page.ClickAsync("[data-nav-toggle]");
        await page.Locator("#navigation").GetByRole(AriaRole.Link, new() { Name = "Graph" }).ClickAsync();
        await Expect(page).ToHaveURLAsync(new Regex("/graph$"));
    }

    /// <summary>Records are written down within seconds of what they tell of.</summary>
    private async Task UntilAsync(string route, ILocator there)
    {
        for (var until = DateTimeOffset.UtcNow.AddSeconds(60); ; await Task.Delay(500))
        {
            await GoAsync(route);
            if (await there.IsVisibleAsync())
                return;
            Assert.True(DateTimeOffset.UtcNow < until, $"{route} never showed it:\n{await page.InnerTextAsync("main")}");
        }
    }

    private async Task GoAsync(string route)
    {
        await page.GotoAsync(route);
        await InteractiveAsync();
        await page.WaitForFunctionAsync("() => !document.querySelector('main .loading')");
    }

    /// <summary>A page is drawn by the server first: what is pressed before the circuit stands is lost.</summary>
    private async Task InteractiveAsync() => await page.WaitForSelectorAsync("[data-interactive]", new() { State = WaitForSelectorState.Attached });

    private static ILocatorAssertions Expect(ILocator locator) => Assertions.Expect(locator);

    private static IPageAssertions Expect(IPage page) => Assertions.Expect(page);
}
