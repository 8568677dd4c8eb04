using System.Net;
using System.Text.RegularExpressions;
using Engram.Portal.Components.Layout;

namespace Engram.Portal.Tests;

public sealed partial class AccessTests
{
    public static TheoryData<string> Closed { get; } = [.. NavMap.Groups.SelectMany(group => group.Pages).Select(page => page.Href), "/buckets/default?q=secret", "/buckets/default/memories/1"];

    [Theory]
    [MemberData(nameof(Closed))]
    public async Task Without_a_session_a_page_leads_to_the_sign_in_and_remembers_itself(string page)
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();

        using var response = await browser.GetAsync(page);

        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        Assert.Equal("/sign-in?return_url=" + Uri.EscapeDataString(page), response.Headers.Location?.PathAndQuery);
        Assert.DoesNotContain(portal.Api.Tenant.Requests, request => request.Contains("/v1/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_session_no_circuit_can_be_opened()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();

        using var response = await browser.PostAsync("/_blazor/negotiate?negotiateVersion=1");

        Assert.Contains(response.StatusCode, new[] { HttpStatusCode.Redirect, HttpStatusCode.Unauthorized });
    }

    [Fact]
    public async Task A_session_that_the_Api_has_ended_leads_to_the_sign_in()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();
        portal.Api.Tenant.Sessions.Clear();

        using var response = await browser.GetAsync("/keys");

        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        Assert.StartsWith("/sign-in?return_url=%2Fkeys", response.Headers.Location?.PathAndQuery, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(400)]
    public async Task A_session_that_ends_while_it_is_still_trusted_is_noticed_by_the_page_itself(int slownessMs)
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();
        await browser.ReadAsync("/status");
        portal.Api.Tenant.Sessions.Clear();
        portal.Api.Tenant.Slowness = TimeSpan.FromMilliseconds(slownessMs);

        using var response = await browser.GetAsync("/keys");

        // Once the answer has begun to stream, a redirect is an element in it that blazor.web.js follows.
        var streamed = RedirectionPattern().Match(await response.Content.ReadAsStringAsync());
        using var followed = streamed.Success ? await browser.GetAsync("/" + WebUtility.HtmlDecode(streamed.Groups["url"].Value)) : null;
        var signIn = (followed ?? response).Headers.Location?.PathAndQuery;
        Assert.Equal("/sign-in?return_url=%2Fkeys&ended=true", signIn);
        Assert.Contains("Your session has ended", await browser.ReadAsync(signIn!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_forged_cookie_is_no_session()
    {
        await using var portal = await PortalHost.StartAsync();
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = portal.Address };
        http.DefaultRequestHeaders.Add("Cookie", "engram-session=CfDJ8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

        using var response = await http.GetAsync("/keys");

        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
    }

    [Fact]
    public async Task Health_is_open_to_the_app_host()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();

        Assert.Contains("healthy", await browser.ReadAsync("/health"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("healthy", await browser.ReadAsync("/alive"), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Every_page_of_the_navigation_exists()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        foreach (var page in NavMap.Groups.SelectMany(group => group.Pages))
        {
            Assert.Contains($"<h1 tabindex=\"-1\">", await browser.ReadAsync(page.Href), StringComparison.Ordinal);
        }
    }

    [GeneratedRegex("""<template type="redirection">(?<url>[^<]+)</template>""")]
    private static partial Regex RedirectionPattern();
}
