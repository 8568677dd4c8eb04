using System.Net;

namespace Engram.Api.Tests;

public class LimitTests(ApiFixture fixture)
{
    [Fact]
    public async Task A_key_above_its_rate_is_told_when_to_return()
    {
        var host = fixture.Start(("Engram:Limits:RequestsPerSecond", "1"), ("Engram:Limits:Burst", "3"));
        var tenant = await fixture.NewTenantAsync(host: host);
        for (var i = 0; i < 3; i++)
            await tenant.Http.GetJsonAsync("/account/me");

        using var refused = await tenant.Http.GetAsync("/account/me");
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

        // A request that is certainly running: its body has not ended yet.
        var body = new EndlessContent();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/buckets/default/memories") { Content = body };
        var running = tenant.Http.SendAsync(request);
        await body.Started;
        var until = DateTimeOffset.UtcNow.AddSeconds(10);
        while ((await tenant.Http.GetAsync("/account/me")).StatusCode != HttpStatusCode.TooManyRequests)
            Assert.True(DateTimeOffset.UtcNow < until, "The second request was never refused.");
        await other.Http.GetJsonAsync("/account/me");

        body.Finish();
        await running.JsonAsync(HttpStatusCode.Created);
        await tenant.Http.GetJsonAsync("/account/me");
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
