using System.Threading.Channels;
using Engram.Engine.Database;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Engram.Engine.Keys;

/// <summary>
/// Writes when keys were last used, in one statement every few seconds and once more at the end. A request only stores a time in memory;
/// a key that is used a thousand times between two writes is one row.
/// </summary>
internal sealed class LastUsedWriter(SystemDb db, IOptions<KeyOptions> options, TimeProvider time, ILogger<LastUsedWriter> log) : BackgroundService
{
    private const string Update = """
        update engram.api_keys k set last_used_at = greatest(k.last_used_at, used.at)
        from unnest($1, $2, $3) as used (tenant_id, id, at)
        where k.tenant_id = used.tenant_id and k.id = used.id
        """;

    private const int BatchSize = 1_000;

    private readonly Channel<CachedKey> _queue = Channel.CreateBounded<CachedKey>(
        new BoundedChannelOptions(options.Value.CacheEntries) { SingleReader = true });

    public void Note(CachedKey key, DateTimeOffset now)
    {
        // A full queue means the database is away: this use is forgotten, the next one tries again.
        if (key.Use(now) && !_queue.Writer.TryWrite(key))
            key.Dequeued();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(options.Value.LastUsedSeconds), time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await FlushAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
        }

        // At the stop there are 15 s for everybody: a database that does not answer must not use them up.
        using var last = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        await FlushAsync(last.Token);
    }

    internal async Task FlushAsync(CancellationToken cancellationToken)
    {
        while (_queue.Reader.Count > 0)
        {
            var keys = new List<CachedKey>();
            while (keys.Count < BatchSize && _queue.Reader.TryRead(out var key))
            {
                // Before its time is read: a use from now on queues it again.
                key.Dequeued();
                keys.Add(key);
            }

            try
            {
                await WriteAsync(keys, cancellationToken);
            }
            catch (Exception e) when (e is NpgsqlException or OperationCanceledException or TimeoutException)
            {
                log.LastUsedFailed(e, keys.Count);
                foreach (var key in keys)
                    Note(key, key.LastUsed);
                return;
            }
        }
    }

    private async Task WriteAsync(List<CachedKey> keys, CancellationToken cancellationToken)
    {
        // In one order in every process, so that two of them cannot lock the same rows crosswise.
        var used = keys.OrderBy(key => key.Principal.KeyId).ToArray();
        await using var command = db.Command(
            Update,
            Sql.Uuids([.. used.Select(key => key.Principal.Tenant.Id)]),
            Sql.Uuids([.. used.Select(key => key.Principal.KeyId)]),
            new NpgsqlParameter<DateTime[]> { TypedValue = [.. used.Select(key => key.LastUsed.UtcDateTime)] });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
