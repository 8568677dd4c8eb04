using System.Net;
using Engram.Tests.Shared;

namespace Engram.Api.Tests;

public class LimitTests(ApiFixture fixture)
{
    [Fact]
    public async Task A_key_above_its_rate_is_told_when_to_return()
    {
        var host = fixture.Start(("Engram:Limits:RequestsPerSecond", "1"), ("Engram:Limits:Burst", "3"));
        var tenant = await fixture.NewTenantAsync(host: host);

        // All at once: one after the other, a slow machine has them come no faster than they may.
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => tenant.Http.GetAsync("/account/me")));

        Assert.InRange(answers.Count(answer => answer.StatusCode == HttpStatusCode.OK), 3, 49);
        using var refused = answers.First(answer => answer.StatusCode != HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.True(refused.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1));
        await Task.FromResult(refused).ProblemAsync(429, "rate_limited");

        // Another key of the same tenant has tokens of its own.
        await tenant.UseNewKeyAsync(Engine.Keys.Scopes.All);
        await tenant.Http.GetJsonAsync("/account/me");
    }

    [Fact]
    public async Task A_tenant_cannot_take_more_than_its_share_at_once_and_another_is_not_touched()
    {
        var host = fixture.Start(("Engram:Limits:ConcurrentPerTenant", "1"));
        var tenant = await fixture.NewTenantAsync(host: host);
        var other = await fixture.NewTenantAsync(host: host);

        // A request whose body has not ended yet is running, unless the look at the tenant that follows overtook it: then once more.
        var until = DateTimeOffset.UtcNow.AddSeconds(20);
        var (body, running) = await StartAsync(tenant);
        while ((await tenant.Http.GetAsync("/account/me")).StatusCode != HttpStatusCode.TooManyRequests)
        {
            Assert.True(DateTimeOffset.UtcNow < until, "The second request was never refused.");
            body.Finish();
            (await running).Dispose();
            (body, running) = await StartAsync(tenant);
        }

        await other.Http.GetJsonAsync("/account/me");

        body.Finish();
        await running.JsonAsync(HttpStatusCode.Created);
        await tenant.Http.GetJsonAsync("/account/me");
    }

    [Fact]
    public async Task What_the_plan_does_not_include_is_refused_with_the_limit_and_when_it_ends()
    {
        // What is read again while it is being counted may be one short: the clock stands, and it is read once.
        var host = fixture.Start(new TickingClock(), ("Engram:Plans:free:Memories", "2"), ("Engram:Plans:free:Queries", "1"));
        var tenant = await fixture.NewTenantAsync(host: host);
        await tenant.Http.StoreAsync("default", "One.");

        var both = await tenant.Http.PostAsync("/v1/buckets/default/memories", """{"memories":[{"content":"Two."},{"content":"Three."}]}""").ProblemAsync(429, "quota_exceeded");
        Assert.Contains("includes 2 memories; 1 are stored", both.Text("detail"), StringComparison.Ordinal);
        await tenant.Http.PostAsync("/v1/buckets/default/memories?dry_run=true", """{"memories":[{"content":"Two."},{"content":"Three."}]}""").JsonAsync(HttpStatusCode.OK);
        await tenant.Http.StoreAsync("default", "Two.");
        await tenant.Http.PostAsync("/v1/query", """{"query":"two","options":{"skip_synthesis":true}}""").JsonAsync(HttpStatusCode.OK);

        using var refused = await tenant.Http.PostAsync("/v1/query", """{"query":"two","options":{"skip_synthesis":true}}""");
        Assert.Equal((HttpStatusCode.TooManyRequests, "quota_exceeded"), (refused.StatusCode, (await refused.JsonAsync()).Text("code")));
        Assert.True(refused.Headers.RetryAfter?.Delta > TimeSpan.Zero);
    }

    private static async Task<(EndlessContent Body, Task<HttpResponseMessage> Running)> StartAsync(TestTenant tenant)
    {
        var body = new EndlessContent();
        var running = tenant.Http.PostAsync("/v1/buckets/default/memories", body);
        await body.Started;
        return (body, running);
    }

    private sealed class EndlessContent : HttpContent
    {
        private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EndlessContent() => Headers.ContentType = new("application/json");

        public Task Started => _started.Task;

        public void Finish() => _finished.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("{\"content\":\"slow"u8.ToArray());
            await stream.FlushAsync();
            _started.SetResult();
            await _finished.Task;
            await stream.WriteAsync("ly\"}"u8.ToArray());
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
