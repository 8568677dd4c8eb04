using Engram.Portal.Tests.StandIn;
using Engram.Tests.Shared;
using Microsoft.Playwright;

namespace Engram.Portal.Tests;

/// <summary>The machine's own Chromium, once for the tests that need a browser with scripts.</summary>
public sealed class Chromium : IAsyncLifetime
{
    /// <summary>True when a page, interactive or plain, has what it is going to show.</summary>
    public const string Settled = "() => document.title && document.querySelector('h1') && !document.querySelector('main .loading')" +
        " && (document.querySelector('[data-interactive]') || !document.querySelector('script[src*=\"blazor.web\"]'))";

    private IPlaywright? playwright;
    private IBrowser? browser;

    public async ValueTask InitializeAsync()
    {
        if (ChromiumPath.Found is null)
        {
            return;
        }
        playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(30_000);
        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = ChromiumPath.Found, Args = ["--no-sandbox", "--disable-gpu"] });
    }

    /// <summary>A signed-in page.</summary>
    public async Task<IPage> OpenAsync(PortalHost portal, ColorScheme scheme = ColorScheme.Light, int width = 1280)
    {
        Assert.SkipWhen(browser is null, ChromiumPath.Missing);
        var context = await browser!.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = portal.Address.ToString(),
            ColorScheme = scheme,
            ViewportSize = new ViewportSize { Width = width, Height = 800 },
        });
        var page = await context.NewPageAsync();
        await page.GotoAsync("/sign-in");
        await page.FillAsync("#email", StandInApi.Email);
        await page.FillAsync("#password", StandInApi.Password);
        await page.ClickAsync("button.primary");
        await page.WaitForURLAsync(portal.Address.ToString());
        return page;
    }

    /// <summary>Goes to a page and waits until its circuit answers: before that, buttons do nothing.</summary>
    public static async Task GoAsync(IPage page, string path)
    {
        await page.GotoAsync(path);
        // Drawn by the server first: what is pressed before the circuit stands is lost. Under load that takes its time.
        await page.WaitForSelectorAsync("[data-interactive]", new() { State = WaitForSelectorState.Attached, Timeout = 60_000 });
        await page.WaitForFunctionAsync("() => !document.querySelector('main .loading')", null, new() { Timeout = 60_000 });
        // The circuit gives the heading the focus once it has drawn the page: later, it would take it from where a test has put it.
        await page.WaitForFunctionAsync("() => document.activeElement === document.querySelector('h1')", null, new() { Timeout = 60_000 });
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
        {
            await browser.DisposeAsync();
        }
        playwright?.Dispose();
    }
}
