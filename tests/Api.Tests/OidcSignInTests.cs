using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Engram.Tests.Shared;

namespace Engram.Api.Tests;

/// <summary>The Api believes the issuer and nobody else, the portal included.</summary>
public sealed class OidcSignInTests(ApiFixture fixture) : IAsyncLifetime
{
    private const string Nonce = "nonce-of-this-sign-in";

    private TestIssuer issuer = null!;
    private ApiHost api = null!;

    public async ValueTask InitializeAsync()
    {
        issuer = await TestIssuer.StartAsync();
        issuer.Email = $"{Guid.NewGuid():N}@example.org";
        api = fixture.Start(("Engram:Oidc:Authority", issuer.Address), ("Engram:Oidc:ClientId", TestIssuer.ClientId));
    }

    public ValueTask DisposeAsync() => issuer.DisposeAsync();

    [Fact]
    public async Task A_member_is_known_by_the_verified_address_in_whatever_case()
    {
        using var owner = await OwnerAsync();
        issuer.Email = issuer.Email.ToUpperInvariant();

        var session = await SignInAsync(issuer.Token(Nonce)).JsonAsync(HttpStatusCode.Created);

        Assert.Equal("owner", session.GetProperty("user").Text("role"));
        using var client = api.ClientWith(session.Text("session_token"));
        await client.GetJsonAsync("/account/members");
    }

    [Fact]
    public async Task Nobody_joins_without_an_invitation_and_an_invitation_gives_its_role()
    {
        var guest = issuer.Email;
        using var owner = await OwnerAsync($"{Guid.NewGuid():N}@example.org");
        await SignInAsync(issuer.Token(Nonce)).ProblemAsync(403, "not_invited");

        await owner.PostAsync("/account/members/invite", JsonSerializer.Serialize(new { email = guest, role = "viewer" })).JsonAsync(HttpStatusCode.Created);
        var joined = await SignInAsync(issuer.Token(Nonce)).JsonAsync(HttpStatusCode.Created);
        var again = await SignInAsync(issuer.Token(Nonce)).JsonAsync(HttpStatusCode.Created);

        Assert.Equal((guest, "viewer"), (joined.GetProperty("user").Text("email"), again.GetProperty("user").Text("role")));
        using var client = api.ClientWith(null);
        await client.PostAsync("/account/portal/sign-in", JsonSerializer.Serialize(new { email = guest, password = "a password nobody chose" })).ProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task An_invitation_is_only_for_the_address_it_names()
    {
        using var owner = await OwnerAsync($"{Guid.NewGuid():N}@example.org");
        var invited = await owner.PostAsync("/account/members/invite", JsonSerializer.Serialize(new { email = $"{Guid.NewGuid():N}@example.org", role = "owner" })).JsonAsync(HttpStatusCode.Created);

        await SignInAsync(issuer.Token(Nonce), invitation: invited.Text("token")).ProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task What_is_not_the_issuers_fresh_word_for_this_sign_in_is_refused()
    {
        using var owner = await OwnerAsync();
        using var stranger = RSA.Create(2048);
        string[] bad =
        [
            issuer.Token("another nonce, of another sign-in"),
            issuer.Token(Nonce, audience: "another client"),
            issuer.Token(Nonce, issuer: "https://elsewhere.example"),
            issuer.Token(Nonce, issuedAt: DateTimeOffset.UtcNow.AddMinutes(-30)),
            issuer.Token(Nonce, issuedAt: DateTimeOffset.UtcNow.AddHours(-3)),
            issuer.Token(Nonce, signWith: stranger),
            issuer.Token(Nonce, algorithm: "none"),
            "not a token at all",
        ];
        foreach (var token in bad)
            await SignInAsync(token).ProblemAsync(401, "unauthenticated");

        foreach (var verified in (object[])[false, "false", "no"])
        {
            issuer.EmailVerified = verified;
            await SignInAsync(issuer.Token(Nonce)).ProblemAsync(401, "unauthenticated");
        }

        issuer.EmailVerified = "true";
        var good = issuer.Token(Nonce);
        await SignInAsync(good).JsonAsync(HttpStatusCode.Created);
        await SignInAsync(good).ProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task A_deployment_without_an_issuer_has_no_such_route()
    {
        using var client = fixture.Api.ClientWith(null);
        await client.PostAsync("/account/portal/sign-in/oidc", JsonSerializer.Serialize(new { id_token = issuer.Token(Nonce), nonce = Nonce })).ProblemAsync(404, "not_found");
    }

    private Task<HttpResponseMessage> SignInAsync(string token, string? invitation = null)
    {
        var client = api.ClientWith(null);
        return client.PostAsync("/account/portal/sign-in/oidc", invitation is null
            ? JsonSerializer.Serialize(new { id_token = token, nonce = Nonce })
            : JsonSerializer.Serialize(new { id_token = token, nonce = Nonce, invitation_token = invitation }));
    }

    private async Task<HttpClient> OwnerAsync(string? email = null)
    {
        var (_, token, _) = await fixture.NewSetupAsync();
        using var client = api.ClientWith(null);
        var made = await client.PostAsync("/account/portal/setup", JsonSerializer.Serialize(new { token, email = email ?? issuer.Email, password = "correct horse battery" })).JsonAsync(HttpStatusCode.Created);
        return api.ClientWith(made.Text("session_token"));
    }
}
