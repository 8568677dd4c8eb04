using Engram.Engine.Database;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Engram.Engine.Usage;

/// <summary>What a plan includes. Null means no limit.</summary>
/// <param name="Memories">Memories stored at one time.</param>
/// <param name="Buckets">Buckets at one time.</param>
/// <param name="Writes">Stored memories a month.</param>
/// <param name="Queries">Queries a month.</param>
/// <param name="GracePercent">By how many percent it may be passed before it is refused, 0 or more.</param>
public sealed record PlanLimits(long? Memories, long? Buckets, long? Writes, long? Queries, int GracePercent)
{
    /// <summary>A plan nobody has written down: a server of one's own is not sold in portions.</summary>
    public static PlanLimits None { get; } = new(null, null, null, null, 0);

    /// <summary>Where it is refused: what is included (the soft limit) and the grace.</summary>
    public long? HardLimit(long? included) => included is { } limit ? limit + (long)(limit * (GracePercent / 100.0)) : null;
}

/// <summary>The plans: rows of the table <c>plans</c>, overridden by the configuration. A change of a row is seen within <see cref="Staleness"/>.</summary>
/// <param name="db">The door to what spans tenants.</param>
/// <param name="overrides">The configuration, by the plan's name.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Tells of plans that could not be read.</param>
public sealed class Plans(SystemDb db, IOptionsMonitor<PlanOptions> overrides, TimeProvider time, ILogger<Plans> log)
{
    /// <summary>How old the plans may be before they are read again.</summary>
    public static readonly TimeSpan Staleness = TimeSpan.FromMinutes(1);

    private const string Select = "select name, memories, buckets, writes, queries, grace_percent from engram.plans";

    private IReadOnlyDictionary<string, PlanLimits>? _rows;
    private DateTimeOffset _readAt;
    private int _refreshing;

    /// <summary>What a plan includes. Reads the plans if this process has not yet; later readings are no caller's to wait for.</summary>
    /// <param name="name">The plan; an unknown one includes everything.</param>
    /// <param name="cancellationToken">Cancels the first reading.</param>
    public ValueTask<PlanLimits> GetAsync(string name, CancellationToken cancellationToken = default)
    {
        if (_rows is not { } rows)
            return new ValueTask<PlanLimits>(FirstAsync(name, cancellationToken));
        if (time.GetUtcNow() - _readAt >= Staleness && Interlocked.Exchange(ref _refreshing, 1) == 0)
            _ = RefreshAsync();
        return ValueTask.FromResult(Merge(rows, name));
    }

    private async Task<PlanLimits> FirstAsync(string name, CancellationToken cancellationToken) => Merge(await ReadAsync(cancellationToken), name);

    private PlanLimits Merge(IReadOnlyDictionary<string, PlanLimits> rows, string name)
    {
        var row = rows.GetValueOrDefault(name) ?? PlanLimits.None;
        var set = overrides.Get(name);
        return set is { Memories: null, Buckets: null, Writes: null, Queries: null, GracePercent: null }
            ? row
            : new PlanLimits(set.Memories ?? row.Memories, set.Buckets ?? row.Buckets, set.Writes ?? row.Writes, set.Queries ?? row.Queries, set.GracePercent ?? row.GracePercent);
    }

    private async Task RefreshAsync()
    {
        try
        {
            await ReadAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or ObjectDisposedException or InvalidOperationException)
        {
            log.PlanFiguresNotRead(e.GetType().Name);
        }
        finally
        {
            Volatile.Write(ref _refreshing, 0);
        }
    }

    private async Task<IReadOnlyDictionary<string, PlanLimits>> ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = db.Command(Select);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new Dictionary<string, PlanLimits>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
            rows[reader.GetString(0)] = new PlanLimits(Number(reader, 1), Number(reader, 2), Number(reader, 3), Number(reader, 4), reader.GetInt32(5));
        (_rows, _readAt) = (rows, time.GetUtcNow());
        return rows;
    }

    private static long? Number(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetInt64(column);
}
