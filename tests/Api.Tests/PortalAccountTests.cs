using System.Net;

namespace Engram.Api.Tests;

public class PortalAccountTests(ApiFixture fixture)
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task The_one_time_link_makes_the_owner_a_session_and_a_first_key()
    {
        var (_, token, email) = await fixture.NewSetupAsync();
        using var client = fixture.Api.ClientWith(null);

        var made = await SetUpAsync(client, token, email).JsonAsync(HttpStatusCode.Created);

        Assert.Equal((email, "owner"), (made.GetProperty("user").Text("email"), made.GetProperty("user").Text("role")));
        using var session = fixture.Api.ClientWith(made.Text("session_token"));
        var me = await session.GetJsonAsync("/account/me");
        Assert.Equal(email, me.GetProperty("user").Text("email"));
        using var agent = fixture.Api.ClientWith(made.GetProperty("first_key").Text("key"));
        Assert.False((await agent.GetJsonAsync("/account/me")).TryGetProperty("user", out _));
        await agent.StoreAsync("default", "The first memory.");

        // A session is no key: lists of keys do not show it.
        var keys = await session.GetJsonAsync("/account/keys");
        Assert.Equal("First key", Assert.Single(keys.GetProperty("keys").EnumerateArray()).Text("name"));
    }

    [Fact]
    public async Task The_link_works_once_even_when_it_is_used_at_the_same_time()
    {
        var (_, token, email) = await fixture.NewSetupAsync();
        using var client = fixture.Api.ClientWith(null);

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => SetUpAsync(client, token, $"{i}.{email}")));

        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.Created);
        Assert.Equal(4, answers.Count(answer => answer.StatusCode == HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task A_refused_setup_leaves_the_link_usable()
    {
        var (_, firstToken, taken) = await fixture.NewSetupAsync();
        var (_, token, email) = await fixture.NewSetupAsync();
        using var client = fixture.Api.ClientWith(null);
        await SetUpAsync(client, firstToken, taken).JsonAsync(HttpStatusCode.Created);

        await SetUpAsync(client, token, email, "short").ProblemAsync(400, "invalid_request", "password");
        await SetUpAsync(client, token, "nobody").ProblemAsync(400, "invalid_request", "email");
        await SetUpAsync(client, token, taken.ToUpperInvariant()).ProblemAsync(409, "conflict", "email");

        await SetUpAsync(client, token, email).JsonAsync(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Signing_in_and_out_opens_and_ends_a_session()
    {
        var (_, token, email) = await fixture.NewSetupAsync();
        using var client = fixture.Api.ClientWith(null);
        await SetUpAsync(client, token, email).JsonAsync(HttpStatusCode.Created);

        var opened = await SignInAsync(client, email.ToUpperInvariant(), Password).JsonAsync(HttpStatusCode.Created);
        using var session = fixture.Api.ClientWith(opened.Text("session_token"));
        Assert.InRange(opened.GetProperty("expires_at").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddHours(11.9), DateTimeOffset.UtcNow.AddHours(12.1));
        await session.GetJsonAsync("/v1/buckets");
        await session.PostAsync("/account/portal/sign-out", "{}").JsonAsync(HttpStatusCode.NoContent);
        await session.GetAsync("/account/me").ProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task A_wrong_password_and_an_unknown_address_get_the_same_answer()
    {
        var (_, token, email) = await fixture.NewSetupAsync();
        using var client = fixture.Api.ClientWith(null);
        await SetUpAsync(client, token, email).JsonAsync(HttpStatusCode.Created);

        var wrong = await SignInAsync(client, email, "not the password").ProblemAsync(401, "unauthenticated");
        var unknown = await SignInAsync(client, "nobody." + email, Password).ProblemAsync(401, "unauthenticated");

        Assert.Equal(wrong.Text("detail"), unknown.Text("detail"));
    }

    [Fact]
    public async Task Guessing_passwords_is_slowed_down()
    {
        var (_, token, email) = await fixture.NewSetupAsync();
        var host = fixture.Start(("Engram:Limits:SignInsPerMinute", "3"));
        using var client = host.ClientWith(null);
        await SetUpAsync(client, token, email).JsonAsync(HttpStatusCode.Created);

        await SignInAsync(client, email, "guess one").ProblemAsync(401, "unauthenticated");
        // Each in letters of its own, and all at once: one after the other, a slow machine has them come no faster than they may.
        var guesses = await Task.WhenAll(Enumerable.Range(0, email.Length).Select(i => SignInAsync(client, email[..^i] + email[^i..].ToUpperInvariant(), Password)));

        using var refused = guesses.First(guess => guess.StatusCode != HttpStatusCode.Created);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        await SignInAsync(client, "somebody.else@example.org", Password).ProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task A_person_who_is_no_longer_a_member_is_refused_and_a_viewer_only_reads()
    {
        var (tenantId, token, email) = await fixture.NewSetupAsync();
        using var client = fixture.Api.ClientWith(null);
        await SetUpAsync(client, token, email).JsonAsync(HttpStatusCode.Created);
        await fixture.ExecuteAsync("update engram.memberships set role = 'viewer' where tenant_id = $1", tenantId);
        var opened = await SignInAsync(client, email, Password).JsonAsync(HttpStatusCode.Created);
        using var viewer = fixture.Api.ClientWith(opened.Text("session_token"));
        await viewer.GetJsonAsync("/router/buckets");
        await viewer.PostAsync("/v1/buckets", """{"name":"x"}""").ProblemAsync(403, "insufficient_scope");

        await fixture.ExecuteAsync("delete from engram.memberships where tenant_id = $1", tenantId);
        var other = fixture.Start();
        using var elsewhere = other.ClientWith(opened.Text("session_token"));
        await elsewhere.GetAsync("/account/me").ProblemAsync(401, "unauthenticated");
    }

    private static Task<HttpResponseMessage> SetUpAsync(HttpClient client, string token, string email, string password = Password) =>
        client.PostAsync("/account/portal/setup", $$"""{"token":"{{token}}","email":"{{email}}","password":"{{password}}"}""");

    private static Task<HttpResponseMessage> SignInAsync(HttpClient client, string email, string password) =>
        client.PostAsync("/account/portal/sign-in", $$"""{"email":"{{email}}","password":"{{password}}"}""");
}
