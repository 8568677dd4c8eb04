using System.Net;
using Engram.Portal.Tests.StandIn;
using Engram.Tests.Shared;

namespace Engram.Portal.Tests;

/// <summary>The portal's half of the sign-in at an identity provider. That tokens are checked, and how, is tested with the Api.</summary>
public sealed class OidcTests
{
    [Fact]
    public async Task The_sign_in_goes_to_the_issuer_and_comes_back_to_where_it_was_begun()
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var portal = await StartAsync(issuer);
        using var browser = portal.Open();

        var html = await browser.ReadAsync("/sign-in?return_url=%2Fkeys");
        Assert.Contains("Sign in with Example SSO", html, StringComparison.Ordinal);
        using var end = await FollowAsync(browser, "/sign-in/oidc?return_url=%2Fkeys");

        Assert.Equal("/keys", end.Headers.Location?.OriginalString.TrimStart('~'));
        Assert.Contains(StandInApi.Email, await browser.ReadAsync("/keys"), StringComparison.Ordinal);
        Assert.NotNull(portal.Api.Tenant.LastIdToken);
    }

    [Fact]
    public async Task An_answer_without_the_cookie_of_its_beginning_signs_nobody_in()
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var portal = await StartAsync(issuer);
        using var attacker = portal.Open();
        using var victim = portal.Open();
        using var begun = await attacker.GetAsync("/sign-in/oidc");
        using var issued = await attacker.GetAsync(begun.Headers.Location!.ToString());

        // The attacker's own code, pressed on somebody else.
        using var forced = await victim.GetAsync(issued.Headers.Location!.ToString());

        Assert.Equal("/sign-in?refused=expired", forced.Headers.Location?.OriginalString.TrimStart('~'));
        Assert.Null(portal.Api.Tenant.LastIdToken);
        using var closed = await victim.GetAsync("/keys");
        Assert.Equal(HttpStatusCode.Redirect, closed.StatusCode);
    }

    [Fact]
    public async Task A_code_is_taken_once()
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var portal = await StartAsync(issuer);
        using var browser = portal.Open();
        using var begun = await browser.GetAsync("/sign-in/oidc");
        using var issued = await browser.GetAsync(begun.Headers.Location!.ToString());
        using var first = await browser.GetAsync(issued.Headers.Location!.ToString());

        using var second = await browser.GetAsync(issued.Headers.Location!.ToString());

        Assert.Equal("/sign-in?refused=expired", second.Headers.Location?.OriginalString.TrimStart('~'));
    }

    [Theory]
    [InlineData(403, "not_invited", "nobody with your e-mail address is a member")]
    [InlineData(401, "unauthenticated", "must be verified there")]
    public async Task What_the_Api_does_not_take_is_said_and_opens_nothing(int status, string code, string words)
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var portal = await StartAsync(issuer);
        portal.Api.Tenant.FailWith = ("/sign-in/oidc", status, code, "No.");
        using var browser = portal.Open();

        using var end = await FollowAsync(browser, "/sign-in/oidc");

        Assert.Contains(words, await browser.ReadAsync(end.Headers.Location!.OriginalString.TrimStart('~')), StringComparison.Ordinal);
        using var closed = await browser.GetAsync("/keys");
        Assert.Equal(HttpStatusCode.Redirect, closed.StatusCode);
    }

    [Fact]
    public async Task Somebody_who_turns_back_at_the_issuer_is_told_so_and_an_issuer_that_is_away_too()
    {
        var issuer = await TestIssuer.StartAsync();
        await using var portal = await StartAsync(issuer);
        using var browser = portal.Open();
        issuer.Error = "access_denied";
        using (var end = await FollowAsync(browser, "/sign-in/oidc"))
        {
            Assert.Equal("/sign-in?refused=cancelled", end.Headers.Location?.OriginalString.TrimStart('~'));
        }
        issuer.Error = null;
        using var begun = await browser.GetAsync("/sign-in/oidc");
        using var issued = await browser.GetAsync(begun.Headers.Location!.ToString());
        await issuer.DisposeAsync();

        using var away = await browser.GetAsync(issued.Headers.Location!.ToString());

        Assert.Equal("/sign-in?refused=unreachable", away.Headers.Location?.OriginalString.TrimStart('~'));
    }

    [Fact]
    public async Task An_invitations_page_offers_it_and_hands_the_token_on()
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var portal = await StartAsync(issuer);
        using var browser = portal.Open();

        Assert.Contains("Join with Example SSO", await browser.ReadAsync("/join?token=abc"), StringComparison.Ordinal);
        using var end = await FollowAsync(browser, "/sign-in/oidc?return_url=%2F&invitation=abc");

        Assert.Equal("abc", portal.Api.Tenant.LastInvitationToken);
    }

    [Fact]
    public async Task Without_configuration_there_is_no_such_way_in()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();

        Assert.DoesNotContain("/sign-in/oidc", await browser.ReadAsync("/sign-in"), StringComparison.Ordinal);
        using var missing = await browser.GetAsync("/sign-in/oidc");
        Assert.NotEqual(HttpStatusCode.OK, missing.StatusCode);
    }

    [Fact]
    public async Task Plain_http_to_another_machine_is_refused_at_the_start()
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => PortalHost.StartAsync(
            true, ("Engram:Portal:Oidc:Authority", "http://login.example.org"), ("Engram:Portal:Oidc:ClientId", "x")));

        Assert.Contains("Engram:Portal:Oidc:Authority must be an https address.", refused.ToString(), StringComparison.Ordinal);
    }

    private static Task<PortalHost> StartAsync(TestIssuer issuer) => PortalHost.StartAsync(
        true,
        ("Engram:Portal:Oidc:Authority", issuer.Address),
        ("Engram:Portal:Oidc:ClientId", TestIssuer.ClientId),
        ("Engram:Portal:Oidc:ClientSecret", TestIssuer.ClientSecret),
        ("Engram:Portal:Oidc:Name", "Example SSO"));

    /// <summary>To the issuer, back to the portal, and to the portal's last word.</summary>
    private static async Task<HttpResponseMessage> FollowAsync(Browser browser, string path)
    {
        using var begun = await browser.GetAsync(path);
        using var issued = await browser.GetAsync(begun.Headers.Location!.ToString());
        return await browser.GetAsync(issued.Headers.Location!.ToString());
    }
}
