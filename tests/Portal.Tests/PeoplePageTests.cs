using System.Net;
using Engram.Portal.Tests.StandIn;

namespace Engram.Portal.Tests;

public sealed class PeoplePageTests
{
    private const string Link = "/join?token=" + StandInPeople.Invitation;

    [Fact]
    public async Task An_invitation_signs_its_person_in_with_the_password_they_choose()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();

        using var answer = await browser.SubmitAsync(Link, Link, ("Input.Password", StandInApi.Password));

        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.Contains(StandInApi.Email, await browser.ReadAsync("/"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Link, "short", "at least 10 characters")]
    [InlineData("/join?token=spent", StandInApi.Password, "used already")]
    public async Task A_short_password_or_a_spent_link_lets_nobody_in(string link, string password, string says)
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();

        using var answer = await browser.SubmitAsync(link, link, ("Input.Password", password));
        var html = await answer.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains(says, html, StringComparison.Ordinal);
        Assert.DoesNotContain(password, html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Going_to_another_tenant_puts_its_session_into_the_cookie()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        using var answer = await browser.SubmitAsync("/tenants", "/switch");

        Assert.Equal("/", answer.Headers.Location?.OriginalString);
        Assert.Contains("<strong>Another tenant</strong>", await browser.ReadAsync("/buckets"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_viewer_is_offered_nothing_that_changes_and_told_what_their_role_may_not()
    {
        await using var portal = await PortalHost.StartAsync();
        portal.Api.Tenant.Role = "viewer";
        portal.Api.Tenant.Providers.Add(new StandInProvider("Our account"));
        portal.Api.Tenant.Jobs.Add(new StandInJob("dead", "timeout"));
        portal.Api.Tenant.Buckets[0].Memories.Add(new StandInMemory("A memory"));
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        foreach (var page in (string[])["/buckets", "/buckets/default/memories/" + portal.Api.Tenant.Buckets[0].Memories[0].Id, "/keys", "/providers", "/jobs"])
        {
            var html = await browser.ReadAsync(page);
            foreach (var action in (string[])["Create a", "Delete", "Revoke", "Roll", "Add a provider", "Rotate", "Retry", "Edit"])
            {
                Assert.False(html.Contains($">{action}", StringComparison.Ordinal), $"{page} offers {action}");
            }
        }
        Assert.Contains("Your role may not do this.", await browser.ReadAsync("/members"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Members_invitations_and_sessions_are_listed()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        var members = await browser.ReadAsync("/members");
        var sessions = await browser.ReadAsync("/sessions");

        Assert.Contains("bob@example.test", members, StringComparison.Ordinal);
        Assert.Contains("Withdraw", members, StringComparison.Ordinal);
        Assert.Contains("Firefox on Linux", sessions, StringComparison.Ordinal);
        Assert.Contains("this one", sessions, StringComparison.Ordinal);
    }
}
