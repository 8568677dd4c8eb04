using System.Net;
using Engram.Engine;
using Engram.Engine.Lanes;
using Engram.Engine.Latency;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.Api.Tests;

public class LaneTests(ApiFixture fixture)
{
    private const string Search = """{"query":"Where does Ada live?","options":{"skip_synthesis":true}}""";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Reads_are_answered_while_more_stores_hang_than_there_are_connections()
    {
        // The pool of the tests has 20 connections.
        const int Stores = 40;
        var host = fixture.Start(("Engram:Lanes:Places", "2"), ("Engram:Lanes:Waiting", "100"));
        var tenant = await fixture.NewTenantAsync(host: host);
        await tenant.Http.StoreAsync("default", "Ada lives in Lisbon.");

        Task<HttpResponseMessage>[] stores;
        await using (await fixture.HoldAsync("select 1 from engram.buckets where tenant_id = $1 for update", tenant.Id))
        {
            // Every store refers to the bucket and waits for whoever holds its row.
            stores = [.. Enumerable.Range(0, Stores).Select(i => tenant.Http.PostAsync("/v1/buckets/default/memories", $$"""{"content":"Note {{i}} of many."}"""))];
            await fixture.WaitUntilAsync("select count(*) >= 2 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
            for (var i = 0; i < 10; i++)
                await tenant.Http.GetJsonAsync("/router/buckets").WaitAsync(Limit);
            Assert.DoesNotContain(stores, store => store.IsCompleted);
        }

        foreach (var store in stores)
            await store.WaitAsync(Limit).JsonAsync(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_full_lane_refuses_queries_with_a_time_to_return_and_no_reads()
    {
        var host = fixture.Start(("Engram:Lanes:Places", "1"), ("Engram:Lanes:Waiting", "1"));
        var tenant = await fixture.NewTenantAsync(host: host);
        await tenant.Http.StoreAsync("default", "Ada lives in Lisbon.");
        var lanes = host.Services.GetRequiredService<WorkLanes>();

        Task<HttpResponseMessage> waiting;
        using (await lanes.EnterAsync(OpClass.Query, new Tenant(tenant.Id), new OpTimer(Guid.CreateVersion7()), TestContext.Current.CancellationToken))
        {
            waiting = tenant.Http.PostAsync("/v1/query", Search);
            await RefusedAsync(lanes, tenant, 503, "not_ready");
            await tenant.Http.GetJsonAsync("/router/buckets");
            await tenant.Http.StoreAsync("default", "Stores have a lane of their own.");
        }

        using var answered = await waiting.WaitAsync(Limit);
        Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
        // How long it stood in the queue is told, apart from the work.
        Assert.Contains("queue-wait;dur=", answered.Headers.GetValues("Server-Timing").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tenant_cannot_fill_a_lane_alone()
    {
        var host = fixture.Start(("Engram:Lanes:Places", "1"), ("Engram:Lanes:Waiting", "10"), ("Engram:Lanes:PerTenant", "2"));
        var (tenant, other) = (await fixture.NewTenantAsync(host: host), await fixture.NewTenantAsync(host: host));
        foreach (var each in new[] { tenant, other })
            await each.Http.StoreAsync("default", "Ada lives in Lisbon.");
        var lanes = host.Services.GetRequiredService<WorkLanes>();

        Task<HttpResponseMessage> waiting, others;
        using (await lanes.EnterAsync(OpClass.Query, new Tenant(tenant.Id), new OpTimer(Guid.CreateVersion7()), TestContext.Current.CancellationToken))
        {
            waiting = tenant.Http.PostAsync("/v1/query", Search);
            await RefusedAsync(lanes, tenant, 429, "rate_limited");
            others = other.Http.PostAsync("/v1/query", Search);
        }

        await waiting.WaitAsync(Limit).JsonAsync(HttpStatusCode.OK);
        await others.WaitAsync(Limit).JsonAsync(HttpStatusCode.OK);
    }

    /// <summary>A further query is refused once one waits.</summary>
    private static async Task RefusedAsync(WorkLanes lanes, TestTenant tenant, int status, string code)
    {
        for (var until = DateTimeOffset.UtcNow + Limit; lanes.WaitingIn(OpClass.Query) == 0; await Task.Delay(10))
            Assert.True(DateTimeOffset.UtcNow < until, "The query never came to wait.");
        using var refused = await tenant.Http.PostAsync("/v1/query", Search);
        Assert.True(refused.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1));
        await Task.FromResult(refused).ProblemAsync(status, code);
    }
}
