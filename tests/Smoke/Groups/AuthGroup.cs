using Engram.Engine.Keys;
using Engram.Smoke.Run;
using Engram.Smoke.Wire;

namespace Engram.Smoke.Groups;

/// <summary>Who is let in, and whether everything is up.</summary>
internal static class AuthGroup
{
    public static async Task RunAsync(Fixture fixture, Checks checks)
    {
        var (target, tenant) = (fixture.Target, fixture.Tenant);
        var nobody = fixture.Client(target.Api, null);

        await checks.RunAsync("the Api is ready", () => nobody.GetAsync("/health"), reply => reply.Is(200).Has("status", "healthy"));
        await HealthyAsync("the MCP server is ready", target.Mcp);
        await HealthyAsync("the portal is ready", target.Portal);
        await HealthyAsync("the Worker is ready", target.Worker);
        await checks.RunAsync("the OpenAPI document is served without a key", () => nobody.GetAsync("/openapi/v1.json"), reply => reply.Is(200).At("paths./v1/query.post.operationId"));

        await checks.RunAsync("a key as bearer says whose it is", () => tenant.Api.GetAsync("/account/me"), reply =>
            reply.Is(200).Has("tenant.id", tenant.Id).Has("key.prefix", tenant.Key[..15]).Where(reply.Items("key.scopes").Length == 6, "all six scopes"));
        await checks.RunAsync("a key in X-API-Key is the same", () => nobody.GetAsync("/account/me", ("X-API-Key", tenant.Key)), reply => reply.Is(200).Has("tenant.id", tenant.Id));
        await checks.RunAsync("no key is refused", () => nobody.GetAsync("/router/buckets"), reply => reply.IsProblem(401, "unauthenticated"));
        await checks.RunAsync("a mistyped key is refused", () => nobody.GetAsync("/router/buckets", ("X-API-Key", Mistyped(tenant.Key))), reply => reply.IsProblem(401, "unauthenticated"));
        await checks.RunAsync("a key nobody issued is refused", () => nobody.GetAsync("/router/buckets", ("X-API-Key", ApiKeyFormat.Generate())), reply => reply.IsProblem(401, "unauthenticated"));
        await checks.RunAsync("two different keys at once are refused", () => tenant.Api.GetAsync("/router/buckets", ("X-API-Key", ApiKeyFormat.Generate())), reply => reply.IsProblem(401, "unauthenticated"));
        await checks.RunAsync("the key's part of the time is told", () => tenant.Api.GetAsync("/router/buckets"), reply =>
            reply.Is(200).HasHeader("Server-Timing", timing => timing.Contains("auth-decode;dur=", StringComparison.Ordinal) && timing.Contains("total;dur=", StringComparison.Ordinal)));

        async Task HealthyAsync(string name, Uri? address)
        {
            if (address is null)
                checks.Skip(name, "no address given");
            else
                await checks.RunAsync(name, () => fixture.Client(new Uri(address.GetLeftPart(UriPartial.Authority)), null).GetAsync("/health"), reply => reply.Is(200));
        }
    }

    private static string Mistyped(string key) => key[..^1] + (key[^1] == 'a' ? 'b' : 'a');
}
