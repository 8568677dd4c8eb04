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
        for (var i = 1; i <= 3; i++)
            Assert.Equal(HttpStatusCode.OK, (await client.PostAsync(Rpc.Request(i, "tools/list"))).Status);

        var refused = await client.PostAsync(Rpc.Request(4, "tools/list"));

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        Assert.Equal(RpcFault.ServerError, refused.ErrorCode);
        Assert.Equal("1", refused.Headers.GetValues("Retry-After").Single());
    }
}
