using Engram.Smoke.Run;
using Engram.Smoke.Wire;

namespace Engram.Smoke.Groups;

/// <summary>What keys may do, and that a key which is over is over.</summary>
internal static class KeysGroup
{
    public static async Task RunAsync(Fixture fixture, Checks checks)
    {
        var (api, address) = (fixture.Tenant.Api, fixture.Target.Api);
        var (open, hidden) = (fixture.NewBucket("open"), fixture.NewBucket("hidden"));
        await fixture.StoreAsync(open, new { content = "The open bucket holds this.", infer = false });
        await fixture.StoreAsync(hidden, new { content = "The hidden bucket holds that.", infer = false });
        var expiring = await fixture.NewKeyAsync("expiring", ["memories:read"], null, DateTimeOffset.UtcNow.AddSeconds(4));
        var expiringClient = fixture.Client(address, expiring.Key);
        await expiringClient.GetAsync("/router/buckets");

        var made = await checks.RunAsync("a new key is shown once", () => api.PostAsync("/account/keys", new { name = $"smoke {fixture.Mark} reader", scopes = new[] { "memories:read" } }), reply =>
            reply.Is(201).Where(reply.Text("key").StartsWith("eng_live_", StringComparison.Ordinal), "a key").Where(reply.Items("scopes").Single().GetString() == "memories:read", "its one scope").HasText("id"));
        if (made is null)
            return;
        fixture.RevokeLater(made.Text("id"));
        var (readerId, readerKey) = (made.Text("id"), made.Text("key"));
        var reader = fixture.Client(address, readerKey);
        await checks.RunAsync("a list of keys holds no key", () => api.GetAsync("/account/keys"), reply =>
            reply.Is(200).Without(readerKey).Where(reply.Items("keys").Single(key => key.Text("id") == readerId).Text("status") == "active", "the new key to be active"));
        await checks.RunAsync("a key does what its scope allows", () => reader.GetAsync($"/v1/buckets/{open}/memories"), reply => reply.Is(200).Has("total", 1));
        await checks.RunAsync("a reading key may not store", () => reader.PostAsync($"/v1/buckets/{open}/memories", new { content = "x" }), reply => reply.IsProblem(403, "insufficient_scope"));
        await checks.RunAsync("a reading key may not delete", () => reader.DeleteAsync($"/v1/buckets/{open}/memories?dry_run=true"), reply => reply.IsProblem(403, "insufficient_scope"));
        await checks.RunAsync("a reading key may not manage keys", () => reader.GetAsync("/account/keys"), reply => reply.IsProblem(403, "insufficient_scope"));

        var writer = fixture.Client(address, (await fixture.NewKeyAsync("writer", ["memories:write"])).Key);
        await checks.RunAsync("a writing key may not read", () => writer.GetAsync($"/v1/buckets/{open}/memories"), reply => reply.IsProblem(403, "insufficient_scope"));
        var usage = fixture.Client(address, (await fixture.NewKeyAsync("usage", ["usage:read"])).Key);
        await checks.RunAsync("a key for figures may not query", () => usage.PostAsync("/v1/query", new { query = "bucket", buckets = new[] { open } }), reply => reply.IsProblem(403, "insufficient_scope"));

        var restricted = fixture.Client(address, (await fixture.NewKeyAsync("restricted", ["memories:read", "account:admin"], [open])).Key);
        await checks.RunAsync("an allow-list hides other buckets from lists", () => restricted.GetAsync("/router/buckets"), reply =>
            reply.Is(200).HasSame([open], reply.Items("buckets").Select(bucket => bucket.Text("name")), "the buckets"));
        await checks.RunAsync("an allow-list hides other buckets by name", () => restricted.GetAsync($"/v1/buckets/{hidden}/memories"), reply => reply.IsProblem(404, "bucket_not_found"));
        await checks.RunAsync("a key makes no key that may more", () => restricted.PostAsync("/account/keys", new { name = "more", scopes = new[] { "memories:read", "memories:write" } }), reply =>
            reply.IsProblem(403, "insufficient_scope"));

        await OverAsync(fixture, checks, expiringClient);
    }

    private static async Task OverAsync(Fixture fixture, Checks checks, ApiClient expiring)
    {
        var (api, address) = (fixture.Tenant.Api, fixture.Target.Api);
        var old = await fixture.NewKeyAsync("rolled", ["memories:read"]);
        var oldClient = fixture.Client(address, old.Key);
        var rolled = await checks.RunAsync("a rolled key has a successor that works", () => api.PostAsync($"/account/keys/{old.Id}/roll", new { grace_seconds = 60 }), reply => reply.Is(201).HasText("key"));
        if (rolled is not null)
        {
            fixture.RevokeLater(rolled.Text("id"));
            await checks.RunAsync("a rolled key works until its grace is over", () => oldClient.GetAsync("/router/buckets"), reply => reply.Is(200));
        }

        // Used before, so that it is in the cache of both hosts: what is in a cache must not outlive the key.
        var revoked = await fixture.NewKeyAsync("revoked", ["memories:read"]);
        var client = fixture.Client(address, revoked.Key);
        (await client.GetAsync("/router/buckets")).Is(200);
        var mcp = fixture.Target.Mcp is { } mcpAddress ? new McpClient(fixture.Client(mcpAddress, revoked.Key), mcpAddress) : null;
        if (mcp is not null)
            (await mcp.CallAsync("list_buckets", new { })).Is(200);
        await checks.RunAsync("a key is revoked", () => api.DeleteAsync($"/account/keys/{revoked.Id}"), reply => reply.Is(204));
        await checks.RunAsync("a revoked key is refused at once", () => client.GetAsync("/router/buckets"), reply => reply.IsProblem(401, "unauthenticated"));
        if (mcp is null)
            checks.Skip("a revoked key is refused by the MCP server too", "no address of the MCP server given");
        else
            await checks.SoonAsync("a revoked key is refused by the MCP server too", () => mcp.CallAsync("list_buckets", new { }), reply => reply.Is(401));
        await checks.SoonAsync("an expired key is refused", () => expiring.GetAsync("/router/buckets"), reply => reply.IsProblem(401, "unauthenticated"));
    }
}
