using System.Net;
using System.Net.Http.Json;
using Engram.Engine.Latency;
using Engram.Engine.Usage;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.Api.Tests;

public class OperatorTests(ApiFixture fixture)
{
    private const string Secret = "the operator's secret in these tests";

    [Fact]
    public async Task A_tenant_that_the_operator_makes_works_at_once_and_is_gone_with_everything_when_it_is_deleted()
    {
        var host = fixture.Start(("Engram:Operator:Secret", Secret));
        using var operates = host.ClientWith(Secret);
        var made = await operates.PostAsync("/admin/tenants", """{"name":"Acme"}""").JsonAsync(HttpStatusCode.Created);
        var id = made.Text("id");
        using var tenant = host.ClientWith(made.Text("key"));
        await tenant.StoreAsync("default", "Ann keeps bees on the roof of the library.");
        await tenant.PostAsync("/v1/query", """{"query":"bees"}""").JsonAsync(HttpStatusCode.OK);
        var session = await tenant.PostAsync("/account/portal/setup", $$"""{"token":"{{made.Text("setup_token")}}","email":"{{id}}@example.org","password":"at least ten"}""").JsonAsync(HttpStatusCode.Created);
        Assert.Equal(id, session.GetProperty("tenant").Text("id"));
        Assert.Contains(id, (await operates.GetJsonAsync("/admin/tenants")).GetRawText(), StringComparison.Ordinal);
        using var elsewhere = fixture.Api.ClientWith(made.Text("key"));
        await elsewhere.GetJsonAsync("/router/buckets");
        // What waits in memory of either host is written before: what is looked for below must have been there, and nothing of it may come while
        // the tenant is being deleted.
        string[] routes = ["POST /v1/buckets/{bucket}/memories", "POST /v1/query", "GET /router/buckets"];
        await PollAsync(async () =>
        {
            foreach (var each in (ApiHost[])[host, fixture.Api])
            {
                await each.Services.GetRequiredService<OperationLog>().FlushAsync(TestContext.Current.CancellationToken);
                await each.Services.GetRequiredService<UsageMeter>().FlushAsync(TestContext.Current.CancellationToken);
            }

            var rows = await RowsAsync(id);
            return Array.TrueForAll(routes, route => rows.Any(row => row.StartsWith("operations", StringComparison.Ordinal) && row.Contains(route, StringComparison.Ordinal)));
        });

        using (var deleted = await operates.DeleteAsync($"/admin/tenants/{id}"))
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);

        await tenant.GetAsync("/router/buckets").ProblemAsync(401, "unauthenticated");
        // Another process had the key in its cache and hears of it, long before the half minute that an entry lives.
        await PollAsync(async () => (await elsewhere.GetAsync("/router/buckets")).StatusCode == HttpStatusCode.Unauthorized);
        Assert.Empty(await RowsAsync(id));
        await operates.DeleteAsync($"/admin/tenants/{id}").ProblemAsync(404, "tenant_not_found", "id");
    }

    [Fact]
    public async Task Usage_of_a_tenant_deleted_meanwhile_keeps_no_other_tenants_usage_from_being_written()
    {
        var host = fixture.Start(("Engram:Operator:Secret", Secret));
        using var operates = host.ClientWith(Secret);
        var made = await operates.PostAsync("/admin/tenants", """{"name":"Gone"}""").JsonAsync(HttpStatusCode.Created);
        using (var gone = host.ClientWith(made.Text("key")))
            await gone.StoreAsync("default", "Counted in memory, not yet written.");
        using (await operates.DeleteAsync($"/admin/tenants/{made.Text("id")}"))
        {
        }

        var other = await fixture.NewTenantAsync(host: host);
        await other.Http.StoreAsync("default", "Counted and written.");
        await PollAsync(async () => (await other.Http.GetJsonAsync("/account/plan_usage")).GetProperty("writes").GetProperty("used").GetInt64() == 1);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("not the operator's secret in these tests")]
    public async Task Whoever_has_not_the_secret_is_refused_before_the_body_is_read(string? presented)
    {
        var host = fixture.Start(("Engram:Operator:Secret", Secret));
        using var client = host.ClientWith(presented);
        await client.PostAsync("/admin/tenants", "this is no JSON").ProblemAsync(401, "unauthenticated");
        await client.GetAsync("/admin/tenants").ProblemAsync(401, "unauthenticated");
        await client.DeleteAsync($"/admin/tenants/{Guid.NewGuid()}").ProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task A_tenants_key_opens_no_operators_route_and_without_a_secret_nothing_does()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.PostAsync("/admin/tenants", """{"name":"Acme"}""").ProblemAsync(401, "unauthenticated");
        using var empty = fixture.Api.ClientWith(null);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/admin/tenants") { Content = JsonContent.Create(new { name = "Acme" }) };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer ");
        await empty.SendAsync(request).ProblemAsync(401, "unauthenticated");
    }

    private static async Task PollAsync(Func<Task<bool>> holds)
    {
        var until = DateTimeOffset.UtcNow.AddSeconds(20);
        while (!await holds())
        {
            Assert.True(DateTimeOffset.UtcNow < until, "It never came to hold.");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    private async Task<IReadOnlyList<string>> RowsAsync(string tenant) =>
        [.. (await fixture.DumpAsync()).Where(row => row.Contains(tenant, StringComparison.Ordinal))];
}
