using Engram.Engine.Latency;
using Engram.McpServer.Tools;

namespace Engram.McpServer.Tests;

/// <summary>Callers who ask for the same thing at the same time share a read, and none of them is told what was so before it asked.</summary>
public sealed class SharedReadsTests(ToolFixture fixture) : IClassFixture<ToolFixture>
{
    private readonly SharedReads<string, int> _shared = new();
    private readonly List<TaskCompletionSource<int>> _begun = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_asks_while_a_read_is_under_way_waits_for_the_next_and_shares_that()
    {
        var first = ReadAsync("a");
        Task<int>[] later = [ReadAsync("a"), ReadAsync("a"), ReadAsync("a")];
        var other = ReadAsync("b");

        Assert.Equal(2, _begun.Count);
        _begun[1].SetResult(10);
        Assert.Equal(10, await other);
        _begun[0].SetResult(1);
        Assert.Equal(1, await first);
        await BegunAsync(3);
        Assert.DoesNotContain(later, read => read.IsCompleted);
        var last = ReadAsync("a");
        _begun[2].SetResult(2);
        Assert.Equal(new[] { 2, 2, 2 }, await Task.WhenAll(later));
        await BegunAsync(4);
        _begun[3].SetResult(3);
        Assert.Equal(3, await last);

        // Nobody waits any more: nothing is kept, and the next one begins a read at once.
        Assert.Equal(0, _shared.Count);
        var again = ReadAsync("a");
        Assert.Equal(5, _begun.Count);
        _begun[4].SetResult(4);
        Assert.Equal(4, await again);
    }

    [Fact]
    public async Task Who_gives_up_waiting_leaves_the_read_to_the_others()
    {
        using var impatient = new CancellationTokenSource();
        Task<int>[] given = [ReadAsync("a", impatient.Token), ReadAsync("a", impatient.Token)];
        Task<int>[] kept = [ReadAsync("a"), ReadAsync("a")];
        await impatient.CancelAsync();
        foreach (var read in given)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        }

        _begun[0].SetResult(1);
        await BegunAsync(2);
        _begun[1].SetResult(2);

        Assert.Equal(new[] { 2, 2 }, await Task.WhenAll(kept));
    }

    [Fact]
    public async Task A_read_that_fails_fails_for_all_who_shared_it_and_for_nobody_after_them()
    {
        var first = ReadAsync("a");
        Task<int>[] later = [ReadAsync("a"), ReadAsync("a")];
        _begun[0].SetException(new InvalidDataException("first"));
        Assert.Equal("first", (await Assert.ThrowsAsync<InvalidDataException>(() => first)).Message);
        await BegunAsync(2);
        _begun[1].SetException(new InvalidDataException("second"));
        foreach (var read in later)
        {
            Assert.Equal("second", (await Assert.ThrowsAsync<InvalidDataException>(() => read)).Message);
        }

        Assert.Equal(0, _shared.Count);
        var again = ReadAsync("a");
        _begun[2].SetResult(3);
        Assert.Equal(3, await again);
    }

    [Fact]
    public async Task Whoever_lists_after_a_store_sees_it_however_many_list_all_the_time()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.CallAsync("store_memory", new { content = "Note number 0." });
        using var stop = new CancellationTokenSource();
        var others = Enumerable.Range(0, 4).Select(async _ =>
        {
            var calls = 0;
            for (; !stop.IsCancellationRequested; calls++)
            {
                Assert.False((await tenant.CallAsync("list_memories")).IsError);
            }

            return calls;
        }).ToArray();

        for (var i = 1; i <= 40; i++)
        {
            await tenant.CallAsync("store_memory", new { content = $"Note number {i}." });
            var page = (await tenant.CallAsync("list_memories")).Data;

            Assert.Equal(i + 1, page.GetProperty("total").GetInt32());
            Assert.Equal($"Note number {i}.", page.GetProperty("memories")[0].GetProperty("content").GetString());
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(others), calls => Assert.True(calls > 0));
    }

    private Task<int> ReadAsync(string key, CancellationToken? ct = null) => _shared.ReadAsync(
        key,
        () =>
        {
            var read = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_begun)
            {
                _begun.Add(read);
                Monitor.PulseAll(_begun);
            }

            return read.Task;
        },
        new OpTimer(Guid.CreateVersion7()),
        ct ?? Cancel);

    /// <summary>The next read begins on whatever thread ended the one before.</summary>
    private Task BegunAsync(int count) => Task.Run(() =>
    {
        lock (_begun)
        {
            while (_begun.Count < count)
            {
                Assert.True(Monitor.Wait(_begun, TimeSpan.FromSeconds(30)), $"Read {count} never began.");
            }
        }
    }, Cancel);
}
