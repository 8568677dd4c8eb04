using System.Net;
using System.Net.Sockets;
using System.Text;
using Engram.McpServer.Tools;
using Engram.McpServer.Transport;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.McpServer.Tests;

/// <summary>When the head of a response leaves: with a quick result, ahead of a slow one.</summary>
public sealed class ResponseHeadTests(TransportFixture fixture) : IClassFixture<TransportFixture>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_quick_result_leaves_with_the_head_and_the_end_of_its_response()
    {
        // Time stands still, so that the call is quick however busy the machine is.
        await using var server = await fixture.StartAsync(services => services.AddSingleton<TimeProvider>(new ManualClock()));
        using var client = server.Client(fixture.KeyA);
        var session = await client.InitializeAsync();
        var body = Encoding.UTF8.GetBytes(Rpc.Call(2, "list_buckets"));
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, server.Url.Port, Cancel);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {fixture.KeyA}\r\nAccept: application/json, text/event-stream\r\n" +
            $"Mcp-Session-Id: {session}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n"), Cancel);
        await socket.SendAsync(body, Cancel);

        var buffer = new byte[64 * 1024];
        var first = Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer, Cancel).AsTask().WaitAsync(Deadline, Cancel));

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", first, StringComparison.Ordinal);
        Assert.Contains("\"buckets\"", first, StringComparison.Ordinal);
        Assert.EndsWith("\r\n0\r\n\r\n", first, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_result_of_any_size_arrives_whole_wherever_the_servers_buffers_end()
    {
        await using var server = await fixture.StartAsync(
            services => services.AddSingleton<EngramTool>(new SizedTool()), ("Engram:Limits:Burst", "1000000"));
        using var client = server.Client(fixture.KeyA);
        var session = await client.InitializeAsync();

        // The data is sent twice, and Kestrel's buffers hold 4 KiB: every place of their ends within a result is met.
        foreach (var length in Enumerable.Range(1_700, 2_100).Append(40_000).Append(200_000))
        {
            var reply = await client.PostAsync(Rpc.Call(2, "test_sized", $$"""{"length":{{length}}}"""), ("Mcp-Session-Id", session));

            Assert.Equal(HttpStatusCode.OK, reply.Status);
            Assert.Equal(length, reply.Result.GetProperty("structuredContent").GetProperty("Text").GetString()!.Length);
            Assert.Contains(new string('x', length), reply.Result.GetProperty("content")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_result_of_any_size_arrives_whole_after_its_head_has_gone_ahead()
    {
        var clock = new ManualClock();
        var tool = new SizedTool();
        await using var server = await fixture.StartAsync(
            services => services.AddSingleton<TimeProvider>(clock).AddSingleton<EngramTool>(tool), ("Engram:Limits:Burst", "1000000"));
        using var client = server.Client(fixture.KeyA);
        var session = await client.InitializeAsync();

        foreach (var length in Enumerable.Range(1_700, 2_100).Append(40_000).Append(200_000))
        {
            var (began, gate) = (new TaskCompletionSource(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            tool.Next = (began, gate.Task);
            var opening = client.OpenAsync(HttpMethod.Post, Rpc.Call(2, "test_sized", $$"""{"length":{{length}}}"""), Cancel, ("Mcp-Session-Id", session));
            await began.Task.WaitAsync(Deadline, Cancel);
            clock.Advance(HeldHeaders.Longest);
            using var response = await opening.WaitAsync(Deadline, Cancel);
            gate.SetResult();
            var body = await response.Content.ReadAsStringAsync(Cancel);

            Assert.Contains($$"""{"Text":"{{new string('x', length)}}"}""", body, StringComparison.Ordinal);
            Assert.EndsWith("\n\n", body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_head_does_not_wait_for_a_result_that_takes_long()
    {
        var clock = new ManualClock();
        await using var server = await fixture.StartAsync(services => services.AddSingleton<TimeProvider>(clock));
        using var client = server.Client(fixture.KeyA);
        var session = await client.InitializeAsync();
        var opening = client.OpenAsync(HttpMethod.Post, Rpc.Call(2, "test_wait", """{"name":"head"}"""), Cancel, ("Mcp-Session-Id", session));
        await fixture.Wait.Began("head").WaitAsync(Deadline, Cancel);

        Assert.False(opening.IsCompleted);
        clock.Advance(HeldHeaders.Longest);
        using var response = await opening.WaitAsync(Deadline, Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.False(fixture.Wait.Cancelled("head").IsCompleted);
    }
}
