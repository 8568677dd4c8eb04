using System.Text;
using Engram.Engine.Latency;
using Engram.McpServer.Tools;
using Engram.McpServer.Transport;
using Microsoft.AspNetCore.Http;

namespace Engram.McpServer.Tests;

/// <summary>What runs on for a call that was given up reaches no later answer on its connection.</summary>
public sealed class ResultBodyTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_is_written_once_the_response_has_ended()
    {
        using var wire = new MemoryStream();
        var body = BodyOver(wire);
        await body.WriteAsync(Encoding.UTF8.GetBytes("before"), Cancel);
        await body.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => body.WriteAsync(Encoding.UTF8.GetBytes("after"), Cancel).AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => body.FlushAsync(Cancel));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => body.CompleteAsync(Cancel));
        Assert.Equal("before", Encoding.UTF8.GetString(wire.ToArray()));
    }

    [Fact]
    public async Task A_response_ends_after_what_is_being_written_of_it()
    {
        var wire = new SlowStream();
        var body = BodyOver(wire);
        var write = body.WriteAsync(Encoding.UTF8.GetBytes("slow"), Cancel).AsTask();
        var end = body.DisposeAsync().AsTask();

        Assert.False(end.IsCompleted);
        wire.Go.SetResult();
        await write;
        await end;
    }

    private static ResultBody BodyOver(Stream wire) => new(
        new BoundedBody(new DefaultHttpContext { Response = { Body = wire } }, TimeSpan.FromSeconds(30)),
        new McpCall(null!, new OpTimer(Guid.CreateVersion7())),
        TimeProvider.System);

    /// <summary>Takes what is written once a test lets it.</summary>
    private sealed class SlowStream : MemoryStream
    {
        public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => await Go.Task;
    }
}
