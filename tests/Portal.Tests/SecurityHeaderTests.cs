using System.Net;
using System.Text.RegularExpressions;

namespace Engram.Portal.Tests;

public sealed partial class SecurityHeaderTests(SharedPortal shared) : IClassFixture<SharedPortal>
{
    public static TheoryData<string> Pages { get; } = ["/", "/buckets", "/buckets/default", "/buckets/default/memories/none", "/keys", "/latency", "/latency?series=query", "/requests", "/requests/none", "/jobs", "/faults", "/providers", "/usage", "/audit", "/connect", "/query", "/members", "/sessions", "/tenants", "/join?token=x", "/status", "/nothing/here", "/sign-in", "/setup?token=x"];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Every_page_carries_a_policy_without_inline_or_foreign_scripts(string page)
    {
        using var browser = shared.Portal.Open();
        using var signedIn = await browser.SignInAsync();

        using var response = await browser.GetAsync(page);

        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("style-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("DENY", Assert.Single(response.Headers.GetValues("X-Frame-Options")));
        Assert.Equal("same-origin", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
        Assert.Equal("same-origin", Assert.Single(response.Headers.GetValues("Cross-Origin-Opener-Policy")));
        Assert.False(response.Headers.Contains("Server"));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task No_page_needs_what_the_policy_forbids(string page)
    {
        using var browser = shared.Portal.Open();
        using var signedIn = await browser.SignInAsync();

        using var response = await browser.GetAsync(page);
        var html = await response.Content.ReadAsStringAsync();

        Assert.DoesNotMatch(InlineScriptPattern(), html);
        Assert.DoesNotMatch(HandlerPattern(), html);
        Assert.DoesNotContain("<style", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("//fonts.", html, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_page_is_not_kept_by_a_cache_and_a_file_is()
    {
        using var browser = shared.Portal.Open();

        using var page = await browser.GetAsync("/sign-in");
        var stylesheet = StylesheetPattern().Match(await page.Content.ReadAsStringAsync()).Groups["path"].Value;
        using var file = await browser.GetAsync("/" + stylesheet);

        Assert.True(page.Headers.CacheControl?.NoStore);
        Assert.Equal(HttpStatusCode.OK, file.StatusCode);
        Assert.NotEqual(true, file.Headers.CacheControl?.NoStore);
        Assert.NotNull(file.Headers.ETag);
        Assert.True(file.Headers.Contains("Content-Security-Policy"));
    }

    [Fact]
    public async Task Every_script_and_stylesheet_of_a_page_is_served_by_the_portal()
    {
        using var browser = shared.Portal.Open();
        using var signedIn = await browser.SignInAsync();

        var files = FilePattern().Matches(await browser.ReadAsync("/")).Select(match => match.Groups["path"].Value).ToArray();

        Assert.Contains(files, file => file.Contains("blazor", StringComparison.Ordinal));
        foreach (var file in files)
        {
            using var response = await browser.GetAsync("/" + file);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.NotEmpty(await response.Content.ReadAsByteArrayAsync());
        }
    }

    [GeneratedRegex("""<script(?![^>]*\bsrc=)""", RegexOptions.IgnoreCase)]
    private static partial Regex InlineScriptPattern();

    [GeneratedRegex("""<[^>]+\son[a-z]+\s*=""", RegexOptions.IgnoreCase)]
    private static partial Regex HandlerPattern();

    [GeneratedRegex("""href="(?<path>portal\.[^"]*\.css)""")]
    private static partial Regex StylesheetPattern();

    [GeneratedRegex("""(?:<script src|rel="stylesheet" href)="(?<path>[^"]+)""")]
    private static partial Regex FilePattern();
}
