using Engram.Smoke.Run;
using Engram.Smoke.Wire;

namespace Engram.Smoke.Groups;

/// <summary>What another tenant, another bucket and a wrong request get: nothing, in the same words as what does not exist.</summary>
internal static class IsolationGroup
{
    private const string Secret = "The vault of the other one opens with plumbago.";

    public static async Task RunAsync(Fixture fixture, Checks checks)
    {
        var api = fixture.Tenant.Api;
        var (first, second) = (fixture.NewBucket("first"), fixture.NewBucket("second"));
        await fixture.StoreAsync(first, new { content = "The first bucket knows of larkspur.", infer = false });
        var inSecond = await fixture.StoreAsync(second, new { content = "Marjoram, and a vault of its own, is known to the second bucket.", infer = false });
        await checks.RunAsync("a memory is not found under another bucket", () => api.GetAsync($"/v1/buckets/{first}/memories/{inSecond}"), reply => reply.IsProblem(404, "memory_not_found"));
        await checks.RunAsync("a list holds no other bucket's memories", () => api.GetAsync($"/v1/buckets/{first}/memories?limit=100"), reply => reply.Is(200).Has("total", 1).Without("Marjoram"));
        await checks.RunAsync("a query finds no other bucket's memories", () => SearchAsync(api, "Who knows of marjoram and the vault?", first), reply => reply.Is(200).Without("Marjoram,"));
        await checks.RunAsync("a memory is not deleted under another bucket", () => api.DeleteAsync($"/v1/buckets/{first}/memories/{inSecond}"), reply => reply.IsProblem(404, "memory_not_found"));
        if (fixture.Other is { } other)
            await TenantsAsync(fixture, checks, api, other, first);
        else
            checks.Skip("every check with a second tenant", fixture.NoOwnTenant!);
        await ErrorsAsync(fixture, checks, api, first);
    }

    private static async Task TenantsAsync(Fixture fixture, Checks checks, ApiClient api, SmokeTenant other, string bucket)
    {
        var theirs = (await other.Api.PostAsync($"/v1/buckets/{bucket}/memories", new { content = Secret, infer = false })).Is(201);
        var (memory, theirBucket) = (theirs.Text("id"), theirs.Text("bucket_id"));
        var theirRequest = theirs.Header("X-Request-Id")!;
        var theirKey = (await other.Api.GetAsync("/account/me")).Is(200).Text("key.id");
        var theirProvider = (await other.Api.PostAsync("/account/providers", new { provider = "openai", api_key = "sk-of-the-other-tenant-0000" })).Is(201).Text("id");
        (await other.Api.GetAsync($"/v1/buckets/{theirBucket}/memories/{memory}")).Is(200);

        await checks.RunAsync("a bucket of the same name is another tenant's own", () => api.GetAsync($"/v1/buckets/{bucket}/memories"), reply => reply.Is(200).Has("total", 1).Without("plumbago"));
        await checks.RunAsync("another tenant's memory is not found", () => api.GetAsync($"/v1/buckets/{bucket}/memories/{memory}"), reply => reply.IsProblem(404, "memory_not_found"));
        await checks.RunAsync("another tenant's bucket is not found", () => api.GetAsync($"/v1/buckets/{theirBucket}/memories"), reply => reply.IsProblem(404, "bucket_not_found").Without("plumbago"));
        await checks.RunAsync("another tenant's bucket is not queried", () => SearchAsync(api, "vault plumbago", theirBucket), reply => reply.IsProblem(404, "bucket_not_found"));
        await checks.RunAsync("a query finds nothing of another tenant", () => SearchAsync(api, "The vault of the other one opens with plumbago.", bucket), reply => reply.Is(200).Without("plumbago"));
        await checks.RunAsync("another tenant's memory is not edited", () => api.PatchAsync($"/v1/buckets/{bucket}/memories/{memory}", new { content = "Overwritten." }), reply => reply.IsProblem(404, "memory_not_found"));
        await checks.RunAsync("another tenant's store is not taken back", () => api.PostAsync($"/v1/buckets/{bucket}/memories/undo", new { undo_token = theirs.Text("undo_token") }), reply => reply.Where(reply.Status is 400 or 404, "a refusal"));
        await checks.RunAsync("another tenant's key is not revoked", () => api.DeleteAsync($"/account/keys/{theirKey}"), reply => reply.IsProblem(404, "key_not_found"));
        await checks.RunAsync("another tenant's provider is not found", () => api.GetAsync($"/account/providers/{theirProvider}"), reply => reply.IsProblem(404, "provider_not_found"));
        await checks.SoonAsync("another tenant's request is recorded for that tenant", () => other.Api.GetAsync($"/account/requests/{theirRequest}"), reply => reply.Is(200));
        await checks.RunAsync("another tenant's request is not found", () => api.GetAsync($"/account/requests/{theirRequest}"), reply => reply.IsProblem(404, "request_not_found"));
        await checks.RunAsync("what was tried on the other tenant changed nothing", () => other.Api.GetAsync($"/v1/buckets/{bucket}/memories/{memory}"), reply => reply.Is(200).Has("content", Secret).Has("version", 1));
        await checks.RunAsync("a tenant's key makes no tenants", () => api.PostAsync("/admin/tenants", new { name = "x" }), reply => reply.IsProblem(401, "unauthenticated"));
        if (fixture.Target.Mcp is not { } address)
            return;
        var mine = new McpClient(fixture.Client(address, fixture.Tenant.Key), address);
        await checks.RunAsync("another tenant's memory is not found over MCP", () => mine.CallAsync("get_memory", new { memory_id = memory, bucket }), reply => reply.IsToolError("memory_not_found"));
        var theirSession = new McpClient(fixture.Client(address, other.Key), address);
        (await theirSession.InitializeAsync()).Is(200);
        mine.Take(theirSession.Session ?? "");
        await checks.RunAsync("another tenant's session is not found", () => mine.CallAsync("list_buckets", new { }), reply => reply.Is(404));
        await theirSession.EndAsync();
    }

    private static async Task ErrorsAsync(Fixture fixture, Checks checks, ApiClient api, string bucket)
    {
        await checks.RunAsync("every answer has its request id", () => api.GetAsync("/account/me"), reply => reply.Is(200).HasHeader("X-Request-Id", id => Guid.TryParse(id, out _)));
        await checks.RunAsync("every refusal has its request id and its times", () => api.GetAsync($"/v1/buckets/{bucket}-none/memories"), reply =>
            reply.IsProblem(404, "bucket_not_found").HasHeader("X-Request-Id", id => Guid.TryParse(id, out _)).HasHeader("Server-Timing", timing => timing.Contains("total;dur=", StringComparison.Ordinal)));
        await checks.RunAsync("a refusal repeats its detail for older clients", () => api.GetAsync($"/v1/buckets/{bucket}-none/memories"), reply => reply.Has("error", reply.Text("detail")));
        await checks.RunAsync("broken JSON is refused with its place", () => api.PostAsync("/v1/query", "{\"query\": \"x\","), reply => reply.IsProblem(400, "invalid_request", "body"));
        await checks.RunAsync("an unknown field is named", () => api.PostAsync("/v1/query", new { query = "x", bucket }), reply => reply.IsProblem(400, "invalid_request", "bucket"));
        await checks.RunAsync("an unknown query parameter is named", () => api.DeleteAsync($"/v1/buckets/{bucket}/memories?dryrun=true"), reply => reply.IsProblem(400, "invalid_request", "dryrun"));
        await checks.RunAsync("a page that is too long is refused", () => api.GetAsync($"/v1/buckets/{bucket}/memories?limit=101"), reply => reply.IsProblem(400, "invalid_request", "limit"));
        await checks.RunAsync("another content type is refused", () => api.PostAsync("/v1/query", "query=x", ("Content-Type", "text/plain")), reply => reply.IsProblem(415, "unsupported_media_type", "Content-Type"));
        await checks.RunAsync("a route there is not is said to be none", () => api.GetAsync("/v1/nothing"), reply => reply.IsProblem(404, "not_found"));
        await checks.RunAsync("a wrong method is told the right ones", () => api.PutAsync("/router/buckets", new { }), reply => reply.IsProblem(405, "method_not_allowed").HasHeader("Allow", allow => allow.Contains("GET", StringComparison.Ordinal)));
    }

    private static Task<Reply> SearchAsync(ApiClient api, string query, string bucket) =>
        api.PostAsync("/v1/query", new { query, buckets = new[] { bucket }, options = new { skip_synthesis = true } });
}
