using System.Net;
using System.Net.Sockets;
using System.Text;
using Engram.McpServer.Tools;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.McpServer.Tests;

/// <summary>Clients that do not send what they promised, or do not read what they asked for, are let go of within seconds.</summary>
public sealed class SlowClientTests(TransportFixture fixture) : IClassFixture<TransportFixture>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_body_that_does_not_come_is_given_up()
    {
        using var client = await ConnectAsync(fixture.Server);
        await client.SendAsync(Head(fixture.KeyA, contentLength: 1000));
        await client.SendAsync("{\"jsonrpc\":"u8.ToArray());

        var reply = await ReadToEndAsync(client);

        Assert.StartsWith("HTTP/1.1 408", reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_result_that_is_not_read_does_not_hold_its_place_for_ever()
    {
        var tool = new LargeTool();
        // One request at a time: whether the slow one still holds its place is what the next one is told.
        await using var server = await fixture.StartAsync(
            services => services.AddSingleton<EngramTool>(tool), ("Engram:Limits:ConcurrentPerTenant", "1"), ("Engram:Mcp:WriteTimeout", "00:00:02"));
        using var slow = await ConnectAsync(server);
        var body = Encoding.UTF8.GetBytes(Rpc.Call(1, "test_large"));
        await slow.SendAsync(Head(fixture.KeyA, body.Length));
        await slow.SendAsync(body);
        await tool.Began.WaitAsync(Deadline);
        using var next = server.Client(fixture.KeyA);

        Assert.Equal(HttpStatusCode.TooManyRequests, (await next.PostAsync(Rpc.Request(1, "tools/list"))).Status);

        // Not before: a slow machine would come too late to see the place taken.
        tool.Answer();
        using var deadline = new CancellationTokenSource(Deadline);
        while ((await next.PostAsync(Rpc.Request(1, "tools/list"))).Status != HttpStatusCode.OK)
        {
            await Task.Delay(100, deadline.Token);
        }
    }

    private static async Task<Socket> ConnectAsync(McpTestServer server)
    {
        // A small window, so that the server notices early that nobody reads.
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(IPAddress.Loopback, server.Url.Port);
        return socket;
    }

    private static byte[] Head(string key, int contentLength) => Encoding.ASCII.GetBytes(
        $"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nAccept: application/json, text/event-stream\r\n" +
        $"Content-Type: application/json\r\nContent-Length: {contentLength}\r\n\r\n");

    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        using var reader = new StreamReader(new NetworkStream(socket));
        return await reader.ReadToEndAsync(deadline.Token);
    }
}
