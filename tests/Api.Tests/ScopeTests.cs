using System.Net;
using Engram.Engine.Keys;

namespace Engram.Api.Tests;

public class ScopeTests(ApiFixture fixture)
{
    [Fact]
    public async Task Every_route_refuses_a_key_that_has_every_scope_but_the_one_it_needs()
    {
        var tenant = await fixture.NewTenantAsync();
        foreach (var byScope in RouteCatalogue.BehindKey(fixture.Api).Where(route => route.Scope != "").GroupBy(route => route.Scope!))
        {
            Assert.True(ScopeNames.TryParse([byScope.Key], out var needed, out _), byScope.Key);
            await tenant.UseNewKeyAsync(Scopes.All & ~needed);
            foreach (var route in byScope)
            {
                var sent = tenant.Http.SendAsync(RouteCatalogue.RequestFor(route, "default", Guid.CreateVersion7().ToString()));
                var problem = await sent.ProblemAsync(403, "insufficient_scope");
                Assert.Contains(byScope.Key, problem.Text("detail"), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Every_route_takes_a_key_that_has_only_the_scope_it_needs()
    {
        var tenant = await fixture.NewTenantAsync();
        foreach (var route in RouteCatalogue.BehindKey(fixture.Api))
        {
            Assert.True(ScopeNames.TryParse(route.Scope == "" ? [] : [route.Scope!], out var needed, out _));
            await tenant.UseNewKeyAsync(needed);
            using var response = await tenant.Http.SendAsync(RouteCatalogue.RequestFor(route, "default", Guid.CreateVersion7().ToString()));
            var text = await response.Content.ReadAsStringAsync();

            Assert.NotEqual(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.False(text.Contains("needs a key with the scope", StringComparison.Ordinal), $"{route}: {text}");
        }
    }

    [Fact]
    public async Task Every_route_behind_a_key_refuses_a_request_without_one()
    {
        using var client = fixture.Api.ClientWith(null);
        foreach (var route in RouteCatalogue.BehindKey(fixture.Api))
            await client.SendAsync(RouteCatalogue.RequestFor(route, "default", "x")).ProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public void Only_these_routes_are_open()
    {
        var open = RouteCatalogue.Of(fixture.Api).Where(route => route.Scope is null).Select(route => route.ToString()).Order(StringComparer.Ordinal);

        Assert.Equal(
            [
                "DELETE /admin/tenants/{id}", "GET /admin/tenants", "GET /alive", "GET /health", "GET /openapi/{documentName}.json",
                "GET /public/latency",
                "POST /account/portal/accept", "POST /account/portal/setup", "POST /account/portal/sign-in", "POST /account/portal/sign-in/oidc", "POST /admin/tenants",
            ],
            open);
    }

    [Fact]
    public async Task An_allow_list_hides_every_other_bucket_on_every_route()
    {
        var tenant = await fixture.NewTenantAsync();
        var hiddenMemory = await tenant.Http.StoreAsync("hidden", "The word is plumbago.");
        await tenant.Http.StoreAsync("open", "The word is larkspur.");
        var buckets = await tenant.Http.GetJsonAsync("/v1/buckets");
        var hiddenId = buckets.GetProperty("buckets").EnumerateArray().Single(bucket => bucket.Text("name") == "hidden").Text("id");
        await tenant.UseNewKeyAsync(Scopes.All, ["open"]);

        foreach (var route in RouteCatalogue.BehindKey(fixture.Api).Where(route => route.Pattern.Contains("{bucket}", StringComparison.Ordinal)))
        {
            foreach (var name in (string[])["hidden", hiddenId])
            {
                var id = route.Pattern.Contains("{id}", StringComparison.Ordinal) ? hiddenMemory : "";
                await tenant.Http.SendAsync(RouteCatalogue.RequestFor(route, name, id)).ProblemAsync(404, "bucket_not_found", "bucket");
            }
        }

        foreach (var name in (string[])["hidden", hiddenId])
            await tenant.Http.PostAsync("/v1/query", $$"""{"query":"word","buckets":["open","{{name}}"]}""").ProblemAsync(404, "bucket_not_found");
        foreach (var path in (string[])["/v1/buckets", "/router/buckets", "/account/plan_usage"])
        {
            var text = (await tenant.Http.GetJsonAsync(path)).GetRawText();
            Assert.Contains("open", text, StringComparison.Ordinal);
            Assert.DoesNotContain("hidden", text, StringComparison.Ordinal);
        }

        await tenant.Http.PostAsync("/v1/buckets", """{"name":"another"}""").ProblemAsync(404, "bucket_not_found");
    }

    [Fact]
    public async Task A_bucket_inside_the_allow_list_can_be_used_by_name_and_by_id()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.StoreAsync("open", "The word is larkspur.");
        var id = (await tenant.Http.GetJsonAsync("/v1/buckets")).GetProperty("buckets")[0].Text("id");
        await tenant.UseNewKeyAsync(Scopes.All, ["open"]);

        foreach (var name in (string[])["open", id])
            Assert.Equal(1, (await tenant.Http.GetJsonAsync($"/v1/buckets/{name}/memories")).GetProperty("total").GetInt32());
    }
}
