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
}
