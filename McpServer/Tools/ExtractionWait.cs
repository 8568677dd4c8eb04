using Engram.Engine.Memories;
using Engram.McpServer.Transport;

namespace Engram.McpServer.Tools;

/// <summary>Waits for the Worker to be done with a memory. The memory is durable already; a wait that runs out is no failure.</summary>
internal sealed class ExtractionWait(MemoryReader memories, TimeProvider time)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    public async Task<ExtractionState> UntilDoneAsync(McpCall call, Receipt receipt, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var state = receipt.Extraction;
        var pause = TimeSpan.FromMilliseconds(20);
        while (state == ExtractionState.Pending && time.GetElapsedTime(started) < Longest)
        {
            await Task.Delay(pause, time, ct);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            var now = await memories.GetAsync(call.Caller.Tenant, receipt.BucketName, receipt.MemoryId, call.Timer, ct);
            state = now.Memory.Extraction;
        }

        return state;
    }
}
