using System.Net;
using Engram.McpServer.Transport;

namespace Engram.McpServer.Tests;

public sealed class LimitTests(TransportFixture fixture) : IClassFixture<TransportFixture>
{
    [Fact]
    public async Task A_key_above_its_rate_is_told_when_to_return()
    {
        await using var server = await fixture.StartAsync(("Engram:Limits:RequestsPerSecond", "1"), ("Engram:Limits:Burst", "3"));
        using var client = server.Client(fixture.KeyA);

        // All at once: one after the other, a slow machine has them come no faster than they may.
        var replies = await Task.WhenAll(Enumerable.Range(1, 50).Select(i => client.PostAsync(Rpc.Request(i, "tools/list"))));

        Assert.InRange(replies.Count(reply => reply.Status == HttpStatusCode.OK), 3, 49);
        var refused = replies.First(reply => reply.Status != HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        Assert.Equal(RpcFault.ServerError, refused.ErrorCode);
        Assert.Equal("1", refused.Headers.GetValues("Retry-After").Single());
    }
}
