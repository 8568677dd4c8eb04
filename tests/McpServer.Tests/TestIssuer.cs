using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Engram.McpServer.Tests;

/// <summary>
/// An OAuth issuer as far as a resource server sees one: metadata, published keys, and tokens. Tokens are put together by hand, so that a test
/// can make one that no decent issuer would.
/// </summary>
public sealed class TestIssuer : IAsyncDisposable
{
    public const string Resource = "https://memory.example.com/mcp";

    private readonly WebApplication _app;
    private readonly Func<DateTimeOffset> _now;
    private readonly ECDsa _curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private RSA _key = RSA.Create(2048);
    private readonly ConcurrentDictionary<string, (string Challenge, string Scope, string Resource)> _codes = new();
    private int _fetches;

    private TestIssuer(Func<DateTimeOffset> now)
    {
        _now = now;
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapGet("/.well-known/openid-configuration", () => Reply(Metadata()));
        _app.MapGet("/authorize", Authorize);
        _app.MapPost("/token", ExchangeAsync);
        _app.MapGet("/keys", () =>
        {
            Interlocked.Increment(ref _fetches);
            return Reply(new JsonObject { ["keys"] = new JsonArray(PublicKey, PublicCurveKey) });
        });
    }

    public string Url => _app.Urls.Single();

    public string KeyId { get; private set; } = "key-1";

    public int KeyFetches => Volatile.Read(ref _fetches);

    /// <summary>Answers 500 while set.</summary>
    public bool Down { get; set; }

    /// <summary>The issuer its metadata speaks for, where that is not itself.</summary>
    public string? Named { get; set; }

    public RSA Key => _key;

    /// <summary>Whose memories the person who signs in may open.</summary>
    public Guid TenantOfUser { get; set; }

    /// <summary>The scopes that clients asked for, in order.</summary>
    public ConcurrentQueue<string> ScopesAsked { get; } = new();

    private JsonObject PublicKey
    {
        get
        {
            var key = _key.ExportParameters(includePrivateParameters: false);
            return new JsonObject
            {
                ["kty"] = "RSA",
                ["use"] = "sig",
                ["kid"] = KeyId,
                ["n"] = Base64Url.EncodeToString(key.Modulus),
                ["e"] = Base64Url.EncodeToString(key.Exponent),
            };
        }
    }

    private JsonObject PublicCurveKey
    {
        get
        {
            var point = _curve.ExportParameters(includePrivateParameters: false).Q;
            return new JsonObject
            {
                ["kty"] = "EC",
                ["crv"] = "P-256",
                ["use"] = "sig",
                ["kid"] = "curve",
                ["x"] = Base64Url.EncodeToString(point.X),
                ["y"] = Base64Url.EncodeToString(point.Y),
            };
        }
    }

    public (string Key, string Value)[] Settings =>
    [
        ("Engram:Mcp:OAuth:Issuer", Url),
        ("Engram:Mcp:OAuth:Resource", Resource),
    ];

    public static async Task<TestIssuer> StartAsync(Func<DateTimeOffset>? now = null)
    {
        var issuer = new TestIssuer(now ?? (() => DateTimeOffset.UtcNow));
        await issuer._app.StartAsync();
        return issuer;
    }

    public void Rotate()
    {
        _key = RSA.Create(2048);
        KeyId = $"key-{Guid.NewGuid():N}";
    }

    /// <summary>What a good token of this issuer says.</summary>
    public JsonObject Claims(Guid tenant, string scope, string subject = "ada") => new()
    {
        ["iss"] = Url,
        ["aud"] = Resource,
        ["sub"] = subject,
        ["client_id"] = "test-agent",
        ["engram_tenant"] = tenant.ToString(),
        ["scope"] = scope,
        ["iat"] = _now().ToUnixTimeSeconds(),
        ["exp"] = _now().AddMinutes(5).ToUnixTimeSeconds(),
    };

    public JsonObject Header() => new() { ["alg"] = "RS256", ["typ"] = "at+jwt", ["kid"] = KeyId };

    public string Token(Guid tenant, string scope, string subject = "ada") => Sign(Header(), Claims(tenant, scope, subject));

    /// <summary>Signed as the header says, with the key it is said to be signed with.</summary>
    public string Sign(JsonObject header, JsonObject claims) => Sign(header, claims, text => (string?)header["alg"] switch
    {
        "ES256" => _curve.SignData(text, HashAlgorithmName.SHA256),
        "RS384" => _key.SignData(text, HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1),
        "PS256" => _key.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
        _ => _key.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
    });

    public static string Sign(JsonObject header, JsonObject claims, Func<byte[], byte[]> sign)
    {
        var text = $"{Encode(header)}.{Encode(claims)}";
        return $"{text}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(text)))}";
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _key.Dispose();
        _curve.Dispose();
    }

    private JsonObject Metadata() => new()
    {
        ["issuer"] = Named ?? Url,
        ["jwks_uri"] = $"{Url}/keys",
        ["authorization_endpoint"] = $"{Url}/authorize",
        ["token_endpoint"] = $"{Url}/token",
        ["response_types_supported"] = new JsonArray("code"),
        ["grant_types_supported"] = new JsonArray("authorization_code"),
        ["code_challenge_methods_supported"] = new JsonArray("S256"),
        ["token_endpoint_auth_methods_supported"] = new JsonArray("none"),
        ["authorization_response_iss_parameter_supported"] = true,
    };

    /// <summary>Everybody is signed in and consents to everything.</summary>
    private IResult Authorize(HttpRequest request)
    {
        string Asked(string name) => request.Query[name].ToString();
        var code = Guid.NewGuid().ToString("N");
        ScopesAsked.Enqueue(Asked("scope"));
        _codes[code] = (Asked("code_challenge"), Asked("scope"), Asked("resource"));
        return Asked("code_challenge_method") == "S256"
            ? Results.Redirect($"{Asked("redirect_uri")}?code={code}&state={Uri.EscapeDataString(Asked("state"))}&iss={Uri.EscapeDataString(Url)}")
            : Results.BadRequest();
    }

    private async Task<IResult> ExchangeAsync(HttpRequest request)
    {
        var form = await request.ReadFormAsync();
        var verified = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString())));
        if (!_codes.TryRemove(form["code"].ToString(), out var code) || code.Challenge != verified || form["resource"] != code.Resource)
        {
            return Results.BadRequest(new { error = "invalid_grant" });
        }

        var claims = Claims(TenantOfUser, code.Scope);
        claims["aud"] = code.Resource;
        return Results.Json(new { access_token = Sign(Header(), claims), token_type = "Bearer", expires_in = 300, scope = code.Scope });
    }

    private static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));

    private IResult Reply(JsonObject json) => Down ? Results.StatusCode(500) : Results.Text(json.ToJsonString(), "application/json");
}
