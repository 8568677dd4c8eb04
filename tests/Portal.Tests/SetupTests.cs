using System.Net;
using Engram.Portal.Tests.StandIn;

namespace Engram.Portal.Tests;

public sealed class SetupTests
{
    private const string Link = "/setup?token=" + StandInApi.SetupToken;

    [Fact]
    public async Task The_one_time_link_creates_the_account_and_shows_the_first_key_exactly_once()
    {
        await using var portal = await PortalHost.StartAsync(isSetUp: false);
        using var browser = portal.Open();

        using var answer = await SubmitAsync(browser);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        var first = await browser.ReadAsync(answer.Headers.Location!.PathAndQuery);
        var second = await browser.ReadAsync("/");

        Assert.Contains(StandInApi.FirstKey, first, StringComparison.Ordinal);
        Assert.DoesNotContain(StandInApi.FirstKey, second, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_used_link_says_so_and_offers_the_sign_in()
    {
        await using var portal = await PortalHost.StartAsync(isSetUp: true);
        using var browser = portal.Open();

        using var answer = await SubmitAsync(browser);
        var html = await answer.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("used already", html, StringComparison.Ordinal);
        Assert.Contains("href=\"/sign-in\"", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("short", "short", "at least")]
    [InlineData("correct horse battery", "correct horse batterx", "differ")]
    public async Task A_password_is_checked_before_anything_is_sent(string password, string repeat, string says)
    {
        await using var portal = await PortalHost.StartAsync(isSetUp: false);
        using var browser = portal.Open();

        using var answer = await SubmitAsync(browser, password, repeat);
        var html = await answer.Content.ReadAsStringAsync();

        Assert.Contains(says, html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(password, html, StringComparison.Ordinal);
        Assert.DoesNotContain(portal.Api.Tenant.Requests, request => request.Contains("setup", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_token_there_is_no_form()
    {
        await using var portal = await PortalHost.StartAsync(isSetUp: false);
        using var browser = portal.Open();

        Assert.DoesNotContain("type=\"password\"", await browser.ReadAsync("/setup"), StringComparison.Ordinal);
    }

    private static Task<HttpResponseMessage> SubmitAsync(Browser browser, string password = StandInApi.Password, string? repeat = null) =>
        browser.SubmitAsync(Link, Link, ("Input.Email", StandInApi.Email), ("Input.Password", password), ("Input.Repeat", repeat ?? password));
}
