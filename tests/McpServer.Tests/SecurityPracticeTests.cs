using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Engram.McpServer.Transport;

namespace Engram.McpServer.Tests;

/// <summary>
/// The security practices of the specification, each as the attack it forbids. The confused deputy is none of them: this server passes no
/// token on and registers no clients with anyone.
/// </summary>
public sealed class SecurityPracticeTests(ToolFixture fixture) : IClassFixture<ToolFixture>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    /// <summary>A token the issuer signed, with one thing about it wrong.</summary>
    public static TheoryData<string> WrongTokens => new(Wrong.Keys);

    private static readonly Dictionary<string, Action<JsonObject, JsonObject>> Wrong = new()
    {
        // Token passthrough: a token that was made for somebody else's server.
        ["audience of another service"] = (_, claims) => claims["aud"] = "https://calendar.example.com/mcp",
        ["several audiences, none this one"] = (_, claims) => claims["aud"] = new JsonArray("https://a.example.com", "https://memory.example.com"),
        ["no audience"] = (_, claims) => claims.Remove("aud"),
        ["another issuer"] = (_, claims) => claims["iss"] = "https://login.evil.example",
        ["no issuer"] = (_, claims) => claims.Remove("iss"),
        ["expired"] = (_, claims) => claims["exp"] = DateTimeOffset.UtcNow.AddMinutes(-2).ToUnixTimeSeconds(),
        ["no end"] = (_, claims) => claims.Remove("exp"),
        ["not yet valid"] = (_, claims) => claims["nbf"] = DateTimeOffset.UtcNow.AddMinutes(5).ToUnixTimeSeconds(),
        ["no subject"] = (_, claims) => claims.Remove("sub"),
        ["no tenant"] = (_, claims) => claims.Remove("engram_tenant"),
        ["a tenant that is no id"] = (_, claims) => claims["engram_tenant"] = "acme",
        ["a tenant that does not exist"] = (_, claims) => claims["engram_tenant"] = Guid.CreateVersion7().ToString(),
        ["the tenant of the warm-up"] = (_, claims) => claims["engram_tenant"] = Engine.Keys.WarmUpCaller.Tenant.Id.ToString(),
        ["a token of another kind"] = (header, _) => header["typ"] = "logout+jwt",
        ["an algorithm that is not on the list"] = (header, _) => header["alg"] = "RS384",
        ["an extension nobody here understands"] = (header, _) => header["crit"] = new JsonArray("b64"),
        ["a key the issuer does not have"] = (header, _) => header["kid"] = "no-such-key",
    };

    [Theory]
    [MemberData(nameof(WrongTokens))]
    public async Task A_token_with_one_thing_wrong_is_refused(string what)
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var server = await StartAsync(issuer);
        var tenant = await fixture.NewTenantAsync();
        var (header, claims) = (issuer.Header(), issuer.Claims(tenant.Tenant.Id, "memories:read"));
        using var good = server.Client(issuer.Sign(header, claims));
        Assert.Equal(HttpStatusCode.OK, (await good.PostAsync(Rpc.Request(1, "tools/list"))).Status);

        Wrong[what](header, claims);
        using var client = server.Client(issuer.Sign(header, claims));
        var reply = await client.PostAsync(Rpc.Request(1, "tools/list"));

        Assert.Equal(HttpStatusCode.Unauthorized, reply.Status);
        var challenge = reply.Headers.WwwAuthenticate.ToString();
        Assert.Contains("error=\"invalid_token\"", challenge, StringComparison.Ordinal);
        // Only a token that ended is told why: its client can do something about it.
        Assert.Equal(what is "expired", challenge.Contains("expired", StringComparison.Ordinal));
    }

    public static TheoryData<string> Forgeries => new(Forged.Keys);

    private static readonly Dictionary<string, Func<TestIssuer, JsonObject, string>> Forged = new()
    {
        ["no signature at all"] = (issuer, claims) => TestIssuer.Sign(With(issuer, "alg", "none"), claims, _ => []),
        ["alg none in another spelling"] = (issuer, claims) => TestIssuer.Sign(With(issuer, "alg", "nOnE"), claims, _ => []),
        ["the public key as a shared secret (PEM)"] = (issuer, claims) =>
            TestIssuer.Sign(With(issuer, "alg", "HS256"), claims, text => HMACSHA256.HashData(Encoding.ASCII.GetBytes(issuer.Key.ExportSubjectPublicKeyInfoPem()), text)),
        ["the public key as a shared secret (DER)"] = (issuer, claims) =>
            TestIssuer.Sign(With(issuer, "alg", "HS256"), claims, text => HMACSHA256.HashData(issuer.Key.ExportSubjectPublicKeyInfo(), text)),
        ["the public key as a shared secret (modulus)"] = (issuer, claims) =>
            TestIssuer.Sign(With(issuer, "alg", "HS256"), claims, text => HMACSHA256.HashData(issuer.Key.ExportParameters(false).Modulus!, text)),
        ["another key under the issuer's key id"] = (issuer, claims) => SignWithOwnKey(issuer.Header(), claims),
        ["a key that the token brings along"] = (issuer, claims) =>
        {
            using var own = RSA.Create(2048);
            var key = own.ExportParameters(includePrivateParameters: false);
            var header = issuer.Header();
            header["jwk"] = new JsonObject
            {
                ["kty"] = "RSA",
                ["n"] = Base64Url.EncodeToString(key.Modulus),
                ["e"] = Base64Url.EncodeToString(key.Exponent),
            };
            return TestIssuer.Sign(header, claims, text => own.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        },
        ["no key id, another key"] = (issuer, claims) =>
        {
            var header = issuer.Header();
            header.Remove("kid");
            return SignWithOwnKey(header, claims);
        },
        ["claims changed after signing"] = (issuer, claims) =>
        {
            var parts = issuer.Sign(issuer.Header(), claims).Split('.');
            claims["engram_tenant"] = Guid.CreateVersion7().ToString();
            return $"{parts[0]}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims.ToJsonString()))}.{parts[2]}";
        },
        ["the signature cut off"] = (issuer, claims) => issuer.Sign(issuer.Header(), claims)[..^20],
        ["nothing but dots"] = (_, _) => "..",
        ["no JSON inside"] = (_, _) => "bm9u.bm9u.bm9u",
    };

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task A_forged_token_is_refused(string how)
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var server = await StartAsync(issuer);
        var tenant = await fixture.NewTenantAsync();
        using var client = server.Client(Forged[how](issuer, issuer.Claims(tenant.Tenant.Id, "memories:read")));

        var reply = await client.PostAsync(Rpc.Request(1, "tools/list"));

        Assert.Equal(HttpStatusCode.Unauthorized, reply.Status);
        Assert.Contains("error=\"invalid_token\"", reply.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_ID_token_typed_JWT_is_refused_where_access_tokens_must_say_so()
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var strict = await fixture.StartAsync(_ => { }, [.. issuer.Settings, ("Engram:Mcp:OAuth:RequireAccessTokenType", "true")]);
        await using var lenient = await StartAsync(issuer);
        var header = issuer.Header();
        header["typ"] = "JWT";
        var token = issuer.Sign(header, issuer.Claims((await fixture.NewTenantAsync()).Tenant.Id, "memories:read"));

        using var atStrict = strict.Client(token);
        using var atLenient = lenient.Client(token);

        Assert.Equal(HttpStatusCode.Unauthorized, (await atStrict.PostAsync(Rpc.Request(1, "tools/list"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await atLenient.PostAsync(Rpc.Request(1, "tools/list"))).Status);
    }

    [Theory]
    [InlineData("?access_token=")]
    [InlineData("?api_key=")]
    [InlineData("?key=")]
    public async Task A_credential_in_the_URL_is_not_read(string query)
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var server = await StartAsync(issuer);
        var tenant = await fixture.NewTenantAsync();
        foreach (var credential in new[] { tenant.Key, issuer.Token(tenant.Tenant.Id, "memories:read") })
        {
            using var client = new RawMcpClient(new Uri($"{server.Url}{query}{credential}"), key: null);

            Assert.Equal(HttpStatusCode.Unauthorized, (await client.PostAsync(Rpc.Request(1, "tools/list"))).Status);
        }
    }

    [Fact]
    public async Task A_session_serves_its_principal_with_any_of_its_tokens_and_nobody_else()
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var server = await StartAsync(issuer);
        var (tenant, other) = (await fixture.NewTenantAsync(), await fixture.NewTenantAsync());
        using var opener = server.Client(issuer.Token(tenant.Tenant.Id, "memories:read"));
        var session = await opener.InitializeAsync();

        async Task<HttpStatusCode> UseAsync(string credential)
        {
            using var client = server.Client(credential);
            return (await client.PostAsync(Rpc.Request(2, "tools/list"), ("Mcp-Session-Id", session))).Status;
        }

        Assert.Equal(HttpStatusCode.OK, await UseAsync(issuer.Token(tenant.Tenant.Id, "memories:read memories:write")));
        Assert.Equal(HttpStatusCode.NotFound, await UseAsync(issuer.Token(tenant.Tenant.Id, "memories:read", "mallory")));
        Assert.Equal(HttpStatusCode.NotFound, await UseAsync(issuer.Token(other.Tenant.Id, "memories:read")));
        Assert.Equal(HttpStatusCode.NotFound, await UseAsync(tenant.Key));
        // A session is no authentication: without a credential it is worth nothing.
        using var anonymous = server.Client(null);
        Assert.Equal(HttpStatusCode.Unauthorized, (await anonymous.PostAsync(Rpc.Request(2, "tools/list"), ("Mcp-Session-Id", session))).Status);
    }

    [Fact]
    public async Task What_a_session_may_do_is_what_the_token_of_the_request_allows()
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var server = await StartAsync(issuer);
        var tenant = await fixture.NewTenantAsync();
        using var wide = server.Client(issuer.Token(tenant.Tenant.Id, "memories:read memories:write"));
        using var narrow = server.Client(issuer.Token(tenant.Tenant.Id, "memories:read"));
        var session = await wide.InitializeAsync();
        var store = Rpc.Call(2, "store_memory", """{"content":"Ada lives in Lisbon."}""");

        Assert.Equal(HttpStatusCode.OK, (await wide.PostAsync(store, ("Mcp-Session-Id", session))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await narrow.PostAsync(store, ("Mcp-Session-Id", session))).Status);
    }

    [Fact]
    public void Session_ids_cannot_be_guessed()
    {
        var ids = Enumerable.Range(0, 10_000).Select(_ => SessionTable.NewId()).ToList();

        Assert.Equal(ids.Count, ids.Distinct(StringComparer.Ordinal).Count());
        // 128 bits at least, none of them fixed: every character of the alphabet turns up at every place.
        Assert.All(ids, id => Assert.True(Base64Url.DecodeFromChars(id).Length >= 16));
        for (var place = 0; place < ids[0].Length; place++)
        {
            Assert.Equal(64, ids.Select(id => id[place]).Distinct().Count());
        }
    }

    private static JsonObject With(TestIssuer issuer, string name, string value)
    {
        var header = issuer.Header();
        header[name] = value;
        return header;
    }

    private static string SignWithOwnKey(JsonObject header, JsonObject claims)
    {
        using var own = RSA.Create(2048);
        return TestIssuer.Sign(header, claims, text => own.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    private Task<McpTestServer> StartAsync(TestIssuer issuer) => fixture.StartAsync(_ => { }, issuer.Settings);
}
