using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ModelContextProtocol.Authentication;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tests;

/// <summary>The server as a protected resource: how a client finds its issuer, what its tokens open, and how it asks for more.</summary>
public sealed class OAuthTests(ToolFixture fixture) : IClassFixture<ToolFixture>
{
    private const string MetadataUrl = "resource_metadata=\"https://memory.example.com/.well-known/oauth-protected-resource/mcp\"";

    [Theory]
    [InlineData("/.well-known/oauth-protected-resource/mcp")]
    [InlineData("/.well-known/oauth-protected-resource")]
    public async Task The_metadata_names_the_resource_its_issuer_and_its_scopes_whatever_the_Host_header_says(string path)
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var server = await StartAsync(issuer);
        using var client = new RawMcpClient(new Uri(server.Url, path), key: null);

        var reply = await client.SendAsync(HttpMethod.Get, null, ("Host", "evil.example"), ("Accept", "application/json"));

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("application/json", reply.ContentType);
        var metadata = JsonElement.Parse(reply.Body);
        Assert.Equal(TestIssuer.Resource, metadata.GetProperty("resource").GetString());
        Assert.Equal([issuer.Url], metadata.GetProperty("authorization_servers").EnumerateArray().Select(url => url.GetString()));
        Assert.Equal(["memories:read", "memories:write", "memories:delete"], metadata.GetProperty("scopes_supported").EnumerateArray().Select(s => s.GetString()));
        Assert.Equal(["header"], metadata.GetProperty("bearer_methods_supported").EnumerateArray().Select(m => m.GetString()));
    }

    [Fact]
    public async Task Without_an_issuer_there_is_no_metadata_and_no_token_is_accepted()
    {
        await using var issuer = await TestIssuer.StartAsync();
        var tenant = await fixture.NewTenantAsync();
        using var metadata = new RawMcpClient(new Uri(fixture.Server.Url, "/.well-known/oauth-protected-resource"), key: null);
        using var client = fixture.Server.Client(issuer.Token(tenant.Tenant.Id, "memories:read"));

        Assert.Equal(HttpStatusCode.NotFound, (await metadata.SendAsync(HttpMethod.Get, null)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.PostAsync(Rpc.Request(1, "tools/list"))).Status);
        Assert.Equal(0, issuer.KeyFetches);
    }

    [Fact]
    public async Task A_client_without_credentials_is_led_to_the_metadata_and_told_the_least_scope()
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var server = await StartAsync(issuer);
        using var client = server.Client(null);

        foreach (var method in new[] { HttpMethod.Post, HttpMethod.Get, HttpMethod.Delete })
        {
            var reply = await client.SendAsync(method, method == HttpMethod.Post ? Rpc.Initialize("2025-11-25") : null);

            Assert.Equal(HttpStatusCode.Unauthorized, reply.Status);
            Assert.Equal($"Bearer realm=\"engram\", scope=\"memories:read\", {MetadataUrl}", reply.Headers.WwwAuthenticate.ToString());
        }
    }

    [Fact]
    public async Task A_token_opens_its_tenants_memories_and_no_others()
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var server = await StartAsync(issuer);
        var (mine, theirs) = (await fixture.NewTenantAsync(), await fixture.NewTenantAsync());
        await theirs.StoreAsync("Zebulon keeps the amber key under the third stone.");
        using var client = server.Client(issuer.Token(mine.Tenant.Id, "memories:read memories:write"));

        var stored = await client.PostAsync(Rpc.Call(1, "store_memory", """{"content":"Ada lives in Lisbon."}"""));
        var listed = await client.PostAsync(Rpc.Call(2, "list_memories"));
        var byKey = await mine.CallAsync("list_memories");

        Assert.Equal("stored", stored.Result.GetProperty("structuredContent").GetProperty("status").GetString());
        Assert.Contains("Lisbon", listed.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("Zebulon", listed.Body, StringComparison.Ordinal);
        Assert.Contains("Lisbon", byKey.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("store_memory", """{"content":"x"}""", "memories:read memories:write")]
    [InlineData("delete_memory", """{"memory_id":"x"}""", "memories:read memories:delete")]
    [InlineData("clear_memories", """{"bucket":"x"}""", "memories:read memories:delete")]
    public async Task A_token_that_allows_too_little_is_told_what_to_ask_for(string tool, string arguments, string scope)
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var server = await StartAsync(issuer);
        var tenant = await fixture.NewTenantAsync();
        using var client = server.Client(issuer.Token(tenant.Tenant.Id, "memories:read openid"));

        var refused = await client.PostAsync(Rpc.Call(7, tool, arguments));
        using var wider = server.Client(issuer.Token(tenant.Tenant.Id, scope));
        var allowed = await wider.PostAsync(Rpc.Call(8, tool, arguments));

        Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
        Assert.Equal(7, refused.Messages[0].GetProperty("id").GetInt32());
        var challenge = refused.Headers.WwwAuthenticate.ToString();
        Assert.Contains("error=\"insufficient_scope\"", challenge, StringComparison.Ordinal);
        Assert.Contains($"scope=\"{scope}\"", challenge, StringComparison.Ordinal);
        Assert.Contains(MetadataUrl, challenge, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, allowed.Status);
    }

    [Fact]
    public async Task A_token_without_any_known_scope_may_list_tools_but_not_call_them()
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var server = await StartAsync(issuer);
        var tenant = await fixture.NewTenantAsync();
        using var client = server.Client(issuer.Token(tenant.Tenant.Id, "openid profile"));

        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync(Rpc.Request(1, "tools/list"))).Status);
        foreach (var tool in (await client.PostAsync(Rpc.Request(2, "tools/list"))).Result.GetProperty("tools").EnumerateArray())
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await client.PostAsync(Rpc.Call(3, tool.GetProperty("name").GetString()!))).Status);
        }
    }

    [Fact]
    public async Task Scopes_and_tenants_of_the_issuers_own_making_are_mapped()
    {
        await using var issuer = await TestIssuer.StartAsync();
        var tenant = await fixture.NewTenantAsync();
        await using var server = await StartAsync(issuer,
            ("Engram:Mcp:OAuth:Scopes:0:Name", "urn:memory:view"), ("Engram:Mcp:OAuth:Scopes:0:Grants:0", "memories:read"),
            ("Engram:Mcp:OAuth:Scopes:1:Name", "urn:memory:all"), ("Engram:Mcp:OAuth:Scopes:1:Grants:0", "memories:read"),
            ("Engram:Mcp:OAuth:Scopes:1:Grants:1", "memories:write"), ("Engram:Mcp:OAuth:Scopes:1:Grants:2", "memories:delete"),
            ("Engram:Mcp:OAuth:TenantClaim", "org"), ("Engram:Mcp:OAuth:Tenants:0:Value", "acme"),
            ("Engram:Mcp:OAuth:Tenants:0:Tenant", tenant.Tenant.Id.ToString()), ("Engram:Mcp:OAuth:ScopeClaims:0", "permissions"));
        var claims = issuer.Claims(Guid.NewGuid(), "memories:read memories:write");
        claims["org"] = "acme";
        claims["permissions"] = new System.Text.Json.Nodes.JsonArray("urn:memory:view");
        using var client = server.Client(issuer.Sign(issuer.Header(), claims));
        claims["org"] = tenant.Tenant.Id.ToString();
        using var unmapped = server.Client(issuer.Sign(issuer.Header(), claims));

        var read = await client.PostAsync(Rpc.Call(1, "list_memories"));
        var write = await client.PostAsync(Rpc.Call(2, "store_memory", """{"content":"x"}"""));

        Assert.Equal(HttpStatusCode.OK, read.Status);
        Assert.Equal(HttpStatusCode.Forbidden, write.Status);
        Assert.Contains("scope=\"urn:memory:view urn:memory:all\"", write.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await unmapped.PostAsync(Rpc.Call(1, "list_memories"))).Status);
    }

    [Theory]
    [InlineData("RS256", "key-1", HttpStatusCode.OK)]
    [InlineData("PS256", "key-1", HttpStatusCode.OK)]
    [InlineData("ES256", "curve", HttpStatusCode.OK)]
    [InlineData("ES256", "key-1", HttpStatusCode.Unauthorized)]
    [InlineData("RS384", "key-1", HttpStatusCode.Unauthorized)]
    public async Task Signatures_hold_by_the_algorithms_on_the_list_and_the_key_that_is_named(string algorithm, string key, HttpStatusCode status)
    {
        await using var issuer = await TestIssuer.StartAsync();
        await using var server = await StartAsync(issuer);
        var tenant = await fixture.NewTenantAsync();
        var header = issuer.Header();
        (header["alg"], header["kid"]) = (algorithm, key);
        using var client = server.Client(issuer.Sign(header, issuer.Claims(tenant.Tenant.Id, "memories:read")));

        Assert.Equal(status, (await client.PostAsync(Rpc.Request(1, "tools/list"))).Status);
    }

    [Fact]
    public async Task A_new_key_of_the_issuers_is_found_and_invented_key_ids_do_not_become_requests()
    {
        var clock = new ManualClock();
        await using var issuer = await TestIssuer.StartAsync(clock.GetUtcNow);
        await using var server = await StartAsync(issuer, clock);
        var tenant = await fixture.NewTenantAsync();

        async Task<HttpStatusCode> ListAsync(string token)
        {
            using var client = server.Client(token);
            return (await client.PostAsync(Rpc.Request(1, "tools/list"))).Status;
        }

        Assert.Equal(HttpStatusCode.OK, await ListAsync(issuer.Token(tenant.Tenant.Id, "memories:read")));
        Assert.Equal(HttpStatusCode.OK, await ListAsync(issuer.Token(tenant.Tenant.Id, "memories:read", "grace")));
        Assert.Equal(1, issuer.KeyFetches);

        clock.Advance(TimeSpan.FromMinutes(1));
        issuer.Rotate();
        Assert.Equal(HttpStatusCode.OK, await ListAsync(issuer.Token(tenant.Tenant.Id, "memories:read")));
        Assert.Equal(2, issuer.KeyFetches);

        for (var i = 0; i < 20; i++)
        {
            var header = issuer.Header();
            header["kid"] = $"invented-{i}";
            Assert.Equal(HttpStatusCode.Unauthorized, await ListAsync(issuer.Sign(header, issuer.Claims(tenant.Tenant.Id, "memories:read"))));
        }

        Assert.Equal(2, issuer.KeyFetches);
    }

    [Fact]
    public async Task An_issuer_that_does_not_answer_is_a_503_until_it_does_and_no_matter_once_its_keys_are_known()
    {
        var clock = new ManualClock();
        await using var issuer = await TestIssuer.StartAsync(clock.GetUtcNow);
        await using var server = await StartAsync(issuer, clock);
        var tenant = await fixture.NewTenantAsync();
        using var client = server.Client(issuer.Token(tenant.Tenant.Id, "memories:read"));
        issuer.Down = true;

        var down = await client.PostAsync(Rpc.Request(1, "tools/list"));
        issuer.Down = false;
        clock.Advance(TimeSpan.FromSeconds(3));
        var up = await client.PostAsync(Rpc.Request(1, "tools/list"));
        issuer.Down = true;
        clock.Advance(TimeSpan.FromHours(2));
        using var later = server.Client(issuer.Token(tenant.Tenant.Id, "memories:read"));
        var stale = await later.PostAsync(Rpc.Request(1, "tools/list"));
        clock.Advance(TimeSpan.FromHours(23));
        using var tomorrow = server.Client(issuer.Token(tenant.Tenant.Id, "memories:read"));
        var tooStale = await tomorrow.PostAsync(Rpc.Request(1, "tools/list"));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, down.Status);
        Assert.NotEmpty(down.Headers.GetValues("Retry-After"));
        Assert.Equal(HttpStatusCode.OK, up.Status);
        Assert.Equal(HttpStatusCode.OK, stale.Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, tooStale.Status);
    }

    [Fact]
    public async Task Metadata_that_speaks_for_another_issuer_is_not_used()
    {
        await using var issuer = await TestIssuer.StartAsync();
        issuer.Named = "https://other.example.com";
        await using var server = await StartAsync(issuer);
        using var client = server.Client(issuer.Token((await fixture.NewTenantAsync()).Tenant.Id, "memories:read"));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.PostAsync(Rpc.Request(1, "tools/list"))).Status);
        Assert.Equal(0, issuer.KeyFetches);
    }

    [Theory]
    [InlineData("Issuer", "http://login.example.com")]
    [InlineData("Issuer", "not a url")]
    [InlineData("Resource", "http://memory.example.com/mcp")]
    [InlineData("JwksUri", "http://login.example.com/keys")]
    [InlineData("Algorithms:0", "HS256")]
    [InlineData("Algorithms:0", "none")]
    [InlineData("Scopes:0:Name", "with \"quote")]
    [InlineData("Tenants:0:Value", "acme")]
    public async Task An_unsafe_setting_keeps_the_server_from_starting_and_is_named(string key, string value)
    {
        await using var issuer = await TestIssuer.StartAsync();

        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(issuer, ($"Engram:Mcp:OAuth:{key}", value)));

        Assert.Contains($"Engram:Mcp:OAuth:{key.Split(':')[0]}", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>The whole way, by a client that knows nothing but the server's URL and its own id.</summary>
    [Fact]
    public async Task The_CSharp_client_finds_the_issuer_signs_in_and_steps_up_when_it_has_to_write()
    {
        await using var issuer = await TestIssuer.StartAsync();
        var tenant = await fixture.NewTenantAsync();
        await tenant.StoreAsync("Grace lives in Porto.");
        issuer.TenantOfUser = tenant.Tenant.Id;
        // Clients compare the resource with the URL they use, so it must be known before the server is.
        var url = $"http://127.0.0.1:{FreePort()}";
        await using var server = await StartAsync(issuer, ("urls", url), ("Engram:Mcp:OAuth:Resource", $"{url}/mcp"));
        using var browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        await using var transport = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = server.Url,
            TransportMode = HttpTransportMode.StreamableHttp,
            OAuth = new ClientOAuthOptions
            {
                ClientId = "test-agent",
                RedirectUri = new Uri("http://127.0.0.1:1/callback"),
                AuthorizationCallbackHandler = async (asked, ct) =>
                {
                    using var response = await browser.GetAsync(asked.AuthorizationUri, ct);
                    var answer = System.Web.HttpUtility.ParseQueryString(response.Headers.Location!.Query);
                    return new AuthorizationResult { Code = answer["code"], State = answer["state"], Iss = answer["iss"] };
                },
            },
        });
        await using var client = await McpClient.CreateAsync(transport);

        var listed = await client.CallToolAsync("list_memories");
        var stored = await client.CallToolAsync("store_memory", new Dictionary<string, object?> { ["content"] = "Ada lives in Lisbon." });

        Assert.True(listed.IsError is not true, Said(listed));
        Assert.True(stored.IsError is not true, Said(stored));
        Assert.Contains("Lisbon", (await tenant.CallAsync("list_memories")).Text, StringComparison.Ordinal);
        Assert.Equal(["memories:read", "memories:read memories:write"], issuer.ScopesAsked);
    }

    private static string Said(CallToolResult result) => ((TextContentBlock)result.Content[0]).Text;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private Task<McpTestServer> StartAsync(TestIssuer issuer, params (string Key, string Value)[] settings) =>
        fixture.StartAsync(_ => { }, [.. issuer.Settings, .. settings]);

    private Task<McpTestServer> StartAsync(TestIssuer issuer, ManualClock clock) => fixture.StartAsync(
        services =>
        {
            services.RemoveAll<TimeProvider>();
            services.AddSingleton<TimeProvider>(clock);
        },
        issuer.Settings);
}
