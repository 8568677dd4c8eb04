namespace Engram.Benchmarks.Latency;

/// <summary>One kind of request that is measured.</summary>
/// <param name="Name">As the report calls it.</param>
/// <param name="Address">Where it goes.</param>
/// <param name="Status">What a good answer has.</param>
/// <param name="Pattern">Bytes that every good answer contains.</param>
/// <param name="Open">Makes a caller ready (a session, say) and returns what gives it its next request, outside the time measured.</param>
internal sealed record Workload(
    string Name, Uri Address, int Status, byte[] Pattern, Func<RawConnection, int, CancellationToken, Task<Func<ReadOnlyMemory<byte>>>> Open)
{
    /// <summary>The same request again and again.</summary>
    public static Workload Fixed(string name, Uri address, byte[] request, string pattern) =>
        new(name, address, 200, System.Text.Encoding.UTF8.GetBytes(pattern), (_, _, _) => Task.FromResult<Func<ReadOnlyMemory<byte>>>(() => request));

    /// <summary>A new request each time.</summary>
    /// <param name="next">Gets the number of the caller and of its request.</param>
    public static Workload Varying(string name, Uri address, int status, string pattern, Func<int, int, byte[]> next) =>
        new(name, address, status, System.Text.Encoding.UTF8.GetBytes(pattern), (_, caller, _) =>
        {
            var count = 0;
            return Task.FromResult<Func<ReadOnlyMemory<byte>>>(() => next(caller, count++));
        });
}
