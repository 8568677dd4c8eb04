using System.Collections.Concurrent;
using System.Threading.Channels;
using Engram.Engine.Database;
using Engram.Engine.Recall;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Engram.Engine.Extraction;

/// <summary>
/// Remembers for some minutes which sentences a key was given, so that an agent that stores what it was just told does not feed the graph with
/// its own echo, and counts how often each memory was given. Noted off the request path: what is lost when a process dies, or when the channel is full, only costs an extraction, or a count.
/// </summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="system">The door that spans tenants, for pruning.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Tells of notes that could not be written.</param>
public sealed class RecalledTexts(TenantDb db, SystemDb system, TimeProvider time, ILogger<RecalledTexts> log) : BackgroundService
{
    /// <summary>How long a recalled sentence is not extracted again.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    private const int MaxPerQuery = 128;
    private const int MaxRemembered = 20_000;

    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(250);

    // A sentence that is recalled again and again is written again only after this.
    private static readonly TimeSpan Refresh = TimeSpan.FromMinutes(3);

    private const string Upsert = """
        insert into recalled_texts (tenant_id, key_id, bucket_id, hash, recalled_at)
        select $1, r.key_id, r.bucket_id, r.hash, $5 from unnest($2::uuid[], $3::uuid[], $4::bigint[]) as r (key_id, bucket_id, hash)
        order by 2, 3, 4
        on conflict (tenant_id, key_id, bucket_id, hash) do update set recalled_at = greatest(recalled_texts.recalled_at, excluded.recalled_at)
        """;

    // Locked in the order of their ids, as a removal of several locks them; one that is gone is not counted.
    private const string CountUp = """
        insert into memory_retrievals as c (tenant_id, memory_id, retrievals, last_retrieved_at)
        select $1, m.id, r.times, $4 from unnest($2::uuid[], $3::bigint[]) as r (id, times) join memories m on m.tenant_id = $1 and m.id = r.id
        order by m.id for key share of m
        on conflict (tenant_id, memory_id) do update set
            retrievals = c.retrievals + excluded.retrievals, last_retrieved_at = greatest(c.last_retrieved_at, excluded.last_retrieved_at)
        """;

    private const string Select = """
        select hash from recalled_texts where tenant_id = $1 and key_id = $2 and bucket_id = $3 and hash = any($4) and recalled_at between $5 and $6
        """;

    private const string Prune = "delete from recalled_texts where recalled_at < $1";

    private readonly Channel<Noted> _notes = Channel.CreateBounded<Noted>(new BoundedChannelOptions(1000) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    private readonly ConcurrentDictionary<(Guid Key, Guid Bucket, long Hash), DateTimeOffset> _written = new();

    /// <summary>Notes what a query returned. Returns at once.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="keyId">The key that asked.</param>
    /// <param name="hits">What it was given.</param>
    public void Note(Tenant tenant, Guid keyId, IReadOnlyList<RecallHit> hits)
    {
        if (hits.Count > 0)
            _notes.Writer.TryWrite(new Noted(tenant, keyId, hits, time.GetUtcNow()));
    }

    /// <summary>
    /// The text with every sentence blanked that the key which stored it was given shortly before: as long as before, so that offsets stay true.
    /// </summary>
    /// <param name="job">The memory's job.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The text to extract from, and whether anything was blanked.</returns>
    internal async Task<(string Text, bool Recalled)> WithoutRecalledAsync(ExtractionJob job, CancellationToken cancellationToken)
    {
        if (job.StoredBy is not { } key || !job.MayBeRecalled)
            return (job.Input.Text, false);
        var sentences = SentenceHashes.Of(job.Input.Text).ToArray();
        if (sentences.Length == 0)
            return (job.Input.Text, false);
        var recalled = new HashSet<long>();
        await using (var batch = db.Batch(job.Tenant).Add(
            Select, Sql.Uuid(job.Tenant.Id), Sql.Uuid(key), Sql.Uuid(job.BucketId), Longs([.. sentences.Select(s => s.Hash).Distinct()]),
            Sql.Time(job.StoredAt - Window), Sql.Time(job.StoredAt)))
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
                recalled.Add(reader.GetInt64(0));
        }

        if (recalled.Count == 0)
            return (job.Input.Text, false);
        var text = job.Input.Text.ToCharArray();
        foreach (var (start, length, _) in sentences.Where(s => recalled.Contains(s.Hash)))
            Array.Fill(text, ' ', start, length);
        return (new string(text), true);
    }

    /// <summary>Deletes notes past their window.</summary>
    /// <param name="cancellationToken">Cancels the statement.</param>
    public async Task<int> PruneAsync(CancellationToken cancellationToken = default)
    {
        await using var command = system.Command(Prune, Sql.Time(time.GetUtcNow() - (2 * Window)));
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Writes what waits. For tests, and for the end of the process.</summary>
    internal async Task FlushAsync(CancellationToken cancellationToken)
    {
        var waiting = new List<Noted>();
        while (_notes.Reader.TryRead(out var note))
            waiting.Add(note);
        foreach (var tenant in waiting.GroupBy(n => n.Tenant))
        {
            await WriteAsync(tenant.Key, tenant, cancellationToken);
            await CountAsync(tenant.Key, tenant, cancellationToken);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _notes.Reader.WaitToReadAsync(stoppingToken))
            {
                await Task.Delay(Quiet, time, stoppingToken);
                try
                {
                    await FlushAsync(stoppingToken);
                }
                catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
                {
                    log.RecalledNotWritten(e.GetType().Name);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped; the last notes are worth nothing without the process.
        }
    }

    private async Task WriteAsync(Tenant tenant, IEnumerable<Noted> notes, CancellationToken cancellationToken)
    {
        var rows = new HashSet<(Guid Key, Guid Bucket, long Hash)>();
        var at = DateTimeOffset.MinValue;
        foreach (var note in notes)
        {
            at = note.At > at ? note.At : at;
            rows.UnionWith(note.Hits
                .SelectMany(hit => SentenceHashes.Of(hit.Memory.Content).Select(s => (note.KeyId, hit.Memory.BucketId, s.Hash)))
                .Take(MaxPerQuery));
        }

        rows.RemoveWhere(row => _written.TryGetValue(row, out var last) && at - last < Refresh);
        if (rows.Count == 0)
            return;
        await using (var batch = db.Batch(tenant).Add(
            Upsert, Sql.Uuid(tenant.Id), Sql.Uuids([.. rows.Select(r => r.Key)]), Sql.Uuids([.. rows.Select(r => r.Bucket)]), Longs([.. rows.Select(r => r.Hash)]), Sql.Time(at)))
        {
            await batch.ExecuteAsync(cancellationToken);
        }

        if (_written.Count > MaxRemembered)
            _written.Clear();
        foreach (var row in rows)
            _written[row] = at;
    }

    private async Task CountAsync(Tenant tenant, IEnumerable<Noted> notes, CancellationToken cancellationToken)
    {
        var at = DateTimeOffset.MinValue;
        var times = new SortedDictionary<Guid, long>();
        foreach (var note in notes)
        {
            at = note.At > at ? note.At : at;
            foreach (var hit in note.Hits)
                times[hit.Memory.Id] = times.GetValueOrDefault(hit.Memory.Id) + 1;
        }

        await using var batch = db.Batch(tenant).Add(CountUp, Sql.Uuid(tenant.Id), Sql.Uuids([.. times.Keys]), Longs([.. times.Values]), Sql.Time(at));
        await batch.ExecuteAsync(cancellationToken);
    }

    private static NpgsqlParameter<long[]> Longs(long[] values) => new NpgsqlParameter<long[]> { TypedValue = values };

    private sealed record Noted(Tenant Tenant, Guid KeyId, IReadOnlyList<RecallHit> Hits, DateTimeOffset At);
}
