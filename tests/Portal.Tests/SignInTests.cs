using System.Net;
using Engram.Portal.Tests.StandIn;

namespace Engram.Portal.Tests;

public sealed class SignInTests
{
    [Fact]
    public async Task The_right_password_opens_the_overview()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();

        using var answer = await browser.SignInAsync();

        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.Equal("/", answer.Headers.Location?.PathAndQuery);
        Assert.Contains(StandInApi.Email, await browser.ReadAsync("/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_sets_no_cookie_and_is_not_repeated_in_the_page()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();

        using var answer = await browser.SignInAsync(password: "wrong password 123");
        var html = await answer.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("E-mail or password is wrong.", html, StringComparison.Ordinal);
        Assert.Contains("req-", html, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong password 123", html, StringComparison.Ordinal);
        Assert.DoesNotContain(Cookies(answer), cookie => cookie.StartsWith("engram-session", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_session_cookie_is_closed_to_scripts_and_to_other_sites_and_ends_with_the_session()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();

        using var answer = await browser.SignInAsync();

        var cookie = Assert.Single(Cookies(answer), cookie => cookie.StartsWith("engram-session=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("path=/", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("expires=", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("domain=", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(portal.Api.Tenant.Sessions.Keys.Single(), cookie, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_session_token_is_in_no_page()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();
        using var answer = await browser.SignInAsync();
        var token = portal.Api.Tenant.Sessions.Keys.Single();

        foreach (var page in (string[])["/", "/buckets", "/buckets/default", "/keys", "/status"])
        {
            Assert.DoesNotContain(token, await browser.ReadAsync(page), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/sign-out")]
    [InlineData("/theme")]
    [InlineData("/setup?token=x")]
    public async Task A_form_without_its_antiforgery_token_is_refused(string path)
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();
        var sessions = portal.Api.Tenant.Sessions.Count;

        using var answer = await browser.PostAsync(path,
            ("_handler", path.Trim('/').Split('?')[0]), ("Input.Email", StandInApi.Email), ("Input.Password", StandInApi.Password), ("confirm", "yes"), ("theme", "dark"));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("The form has expired", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(sessions, portal.Api.Tenant.Sessions.Count);
    }

    [Theory]
    [InlineData("/keys?all=true", "/keys?all=true")]
    [InlineData("https://evil.example/", "/")]
    [InlineData("//evil.example/", "/")]
    [InlineData("/\\evil.example/", "/")]
    [InlineData("/\t/evil.example/", "/")]
    [InlineData("javascript:alert(1)", "/")]
    public async Task A_return_url_is_followed_only_within_the_portal(string wanted, string followed)
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();

        using var answer = await browser.SignInAsync("/sign-in?return_url=" + Uri.EscapeDataString(wanted));

        Assert.Equal(portal.Address.GetLeftPart(UriPartial.Authority), answer.Headers.Location?.GetLeftPart(UriPartial.Authority));
        Assert.Equal(followed, answer.Headers.Location?.PathAndQuery);
    }

    [Fact]
    public async Task Signing_out_ends_the_session_at_the_Api_and_in_the_browser()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        using var answer = await browser.SubmitAsync("/", "/sign-out");

        Assert.Equal("/sign-in", answer.Headers.Location?.OriginalString);
        Assert.Empty(portal.Api.Tenant.Sessions);
        using var after = await browser.GetAsync("/keys");
        Assert.Equal(HttpStatusCode.Redirect, after.StatusCode);
    }

    [Fact]
    public async Task Attempts_from_one_address_are_limited()
    {
        await using var portal = await PortalHost.StartAsync(settings: ("Engram:Portal:SignInAttemptsPerMinute", "3"));
        using var browser = portal.Open();
        for (var attempt = 0; attempt < 3; attempt++)
        {
            using var refused = await browser.SignInAsync(password: "guess number " + attempt);
            Assert.Equal(HttpStatusCode.OK, refused.StatusCode);
        }

        using var answer = await browser.SignInAsync();

        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.Equal(TimeSpan.FromMinutes(1), answer.Headers.RetryAfter?.Delta);
        Assert.Contains("Too many attempts", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty(portal.Api.Tenant.Sessions);
    }

    [Fact]
    public async Task Whoever_is_signed_in_is_led_past_the_form()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        using var answer = await browser.GetAsync("/sign-in?return_url=%2Fbuckets");

        Assert.Equal("/buckets", answer.Headers.Location?.PathAndQuery);
    }

    [Fact]
    public async Task An_Api_that_is_down_is_said_and_signs_nobody_out()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();
        await portal.Api.DisposeAsync();

        var html = await browser.ReadAsync("/buckets");

        Assert.Contains("does not answer", html, StringComparison.Ordinal);
        Assert.Contains("api_unreachable", html, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Cookies(HttpResponseMessage answer) => answer.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies : [];
}
