using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Engram.Tests.Shared;

/// <summary>
/// An OpenID Connect issuer in the process of the tests: discovery, keys, a sign-in that asks nobody, and a token endpoint that is as strict as a real one about the
/// client, the code, the redirect address and PKCE. It issues what it is told to, also what no honest issuer would.
/// </summary>
public sealed class TestIssuer : IAsyncDisposable
{
    public const string ClientId = "the-portal";
    public const string ClientSecret = "a secret: of the client";

    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, (string Nonce, string Challenge, string RedirectUri)> codes = new();
    private RSA key = RSA.Create(2048);
    private string keyId = "first";

    private TestIssuer(WebApplication app) => this.app = app;

    public string Address => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    /// <summary>Who signs in at the issuer.</summary>
    public string Email { get; set; } = "ada@example.test";

    public object EmailVerified { get; set; } = true;

    /// <summary>What the issuer says instead of signing in; null to sign in.</summary>
    public string? Error { get; set; }

    public static async Task<TestIssuer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var issuer = new TestIssuer(app);
        app.MapGet("/.well-known/openid-configuration", () => Results.Json(new
        {
            issuer = issuer.Address,
            authorization_endpoint = issuer.Address + "/authorize",
            token_endpoint = issuer.Address + "/token",
            jwks_uri = issuer.Address + "/keys",
        }));
        app.MapGet("/keys", () => Results.Text(issuer.Keys(), "application/json"));
        app.MapGet("/authorize", issuer.Authorize);
        app.MapPost("/token", issuer.TradeAsync);
        await app.StartAsync();
        return issuer;
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        key.Dispose();
    }

    /// <summary>Signs with another key from now on.</summary>
    public void ChangeKey() => (key, keyId) = (RSA.Create(2048), "another");

    public string Token(string nonce, string? audience = null, string? issuer = null, DateTimeOffset? issuedAt = null, RSA? signWith = null, string algorithm = "RS256")
    {
        var at = issuedAt ?? DateTimeOffset.UtcNow;
        var header = JsonSerializer.Serialize(new { alg = algorithm, kid = keyId, typ = "JWT" });
        var payload = JsonSerializer.Serialize(new
        {
            iss = issuer ?? Address,
            aud = audience ?? ClientId,
            sub = Email,
            email = Email,
            email_verified = EmailVerified,
            nonce,
            iat = at.ToUnixTimeSeconds(),
            exp = at.AddHours(1).ToUnixTimeSeconds(),
            jti = Guid.NewGuid(),
        });
        var signed = $"{Encode(Encoding.UTF8.GetBytes(header))}.{Encode(Encoding.UTF8.GetBytes(payload))}";
        var signature = algorithm == "none" ? [] : (signWith ?? key).SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{signed}.{Encode(signature)}";
    }

    private static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);

    private string Keys()
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        return JsonSerializer.Serialize(new { keys = new[] { new { kty = "RSA", use = "sig", kid = keyId, n = Encode(parameters.Modulus!), e = Encode(parameters.Exponent!) } } });
    }

    private IResult Authorize(HttpRequest request)
    {
        var query = request.Query;
        if (query["client_id"] != ClientId || query["response_type"] != "code" || query["code_challenge_method"] != "S256" || !query["scope"].ToString().Contains("openid", StringComparison.Ordinal))
        {
            return Results.BadRequest();
        }
        var back = query["redirect_uri"].ToString();
        if (Error is { } error)
        {
            return Results.Redirect($"{back}?error={error}&state={Uri.EscapeDataString(query["state"]!)}");
        }
        var code = Guid.NewGuid().ToString("N");
        codes[code] = (query["nonce"]!, query["code_challenge"]!, back);
        return Results.Redirect($"{back}?code={code}&state={Uri.EscapeDataString(query["state"]!)}");
    }

    private async Task<IResult> TradeAsync(HttpRequest request)
    {
        var form = await request.ReadFormAsync();
        var basic = $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{ClientId}:{Uri.EscapeDataString(ClientSecret)}"))}";
        if (request.Headers.Authorization != basic || form["grant_type"] != "authorization_code" || !codes.TryRemove(form["code"].ToString(), out var begun)
            || begun.RedirectUri != form["redirect_uri"] || begun.Challenge != Encode(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))))
        {
            return Results.Json(new { error = "invalid_grant" }, statusCode: 400);
        }
        return Results.Json(new { access_token = "unused", token_type = "Bearer", id_token = Token(begun.Nonce) });
    }
}
