using Engram.Engine.Database;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace Engram.Engine.Latency;

/// <summary>One check of a run: one operation on one fixture with one expected shape.</summary>
/// <param name="Group">Name of its group.</param>
/// <param name="Name">Its name, unique within the group.</param>
/// <param name="Outcome"><c>passed</c>, <c>failed</c> or <c>skipped</c>.</param>
/// <param name="Ms">Milliseconds its operation took at the client; null where it was skipped.</param>
/// <param name="Detail">What was wrong, or why it was skipped.</param>
public sealed record SmokeCheck(string Group, string Name, string Outcome, double? Ms, string? Detail);

/// <summary>A run of the smoke.</summary>
/// <param name="Id">Its id, a UUIDv7.</param>
/// <param name="At">When it began.</param>
/// <param name="DeployId">The deployment it looked at.</param>
/// <param name="Verdict"><c>passed</c>, <c>failed</c> or <c>aborted</c>.</param>
/// <param name="DurationMs">Milliseconds of the whole run.</param>
/// <param name="Passed">Checks that passed.</param>
/// <param name="Failed">Checks that failed.</param>
/// <param name="Skipped">Checks that were skipped.</param>
/// <param name="FloorRatio">The simplest authenticated request over the bare floor of the same host, or null.</param>
public sealed record SmokeRun(
    Guid Id, DateTimeOffset At, string DeployId, string Verdict, double DurationMs, int Passed, int Failed, int Skipped, double? FloorRatio);

/// <summary>A run that is to be kept.</summary>
/// <param name="At">When it began.</param>
/// <param name="DeployId">The deployment it looked at; null means the one of this process.</param>
/// <param name="Verdict"><c>passed</c>, <c>failed</c> or <c>aborted</c>.</param>
/// <param name="DurationMs">Milliseconds of the whole run.</param>
/// <param name="FloorRatio">See <see cref="SmokeRun"/>.</param>
/// <param name="Checks">Every check in its order.</param>
public sealed record NewSmokeRun(DateTimeOffset At, string? DeployId, string Verdict, double DurationMs, double? FloorRatio, IReadOnlyList<SmokeCheck> Checks);

/// <summary>How one check went in one run.</summary>
/// <param name="RunId">The run.</param>
/// <param name="At">When the run began.</param>
/// <param name="DeployId">The deployment.</param>
/// <param name="Group">The check's group.</param>
/// <param name="Name">The check's name.</param>
/// <param name="Outcome">How it went.</param>
/// <param name="Ms">Milliseconds, or null.</param>
public sealed record SmokePoint(Guid RunId, DateTimeOffset At, string DeployId, string Group, string Name, string Outcome, double? Ms);

/// <summary>The append-only store of the smoke's timings: did this deployment make anything slower?</summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="options">Names this deployment.</param>
/// <param name="time">The clock.</param>
public sealed class SmokeRuns(TenantDb db, IOptions<OperationOptions> options, TimeProvider time)
{
    private const string Columns = "id, at, deploy_id, verdict, duration_ms, passed, failed, skipped, floor_ratio";

    private const string InsertRun = $"""
        insert into smoke_runs (tenant_id, {Columns}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """;

    private const string InsertChecks = """
        insert into smoke_timings (tenant_id, run_id, sequence, check_group, check_name, outcome, ms, detail)
        select $1, $2, c.sequence, c.check_group, c.check_name, c.outcome, c.ms, c.detail
        from unnest($3, $4, $5, $6, $7) with ordinality as c (check_group, check_name, outcome, ms, detail, sequence)
        """;

    private const string SelectRuns = $"""
        select {Columns} from smoke_runs
        where tenant_id = $1 and at >= $2 and at < $3 and ($4::timestamptz is null or (at, id) < ($4, $5))
        order by at desc, id desc limit $6
        """;

    private const string SelectRun = $"select {Columns} from smoke_runs where tenant_id = $1 and id = $2";

    private const string SelectChecks = """
        select check_group, check_name, outcome, ms, detail from smoke_timings where tenant_id = $1 and run_id = $2 order by sequence
        """;

    private const string SelectPoints = """
        select r.id, r.at, r.deploy_id, t.check_group, t.check_name, t.outcome, t.ms
        from (select id, at, deploy_id from smoke_runs where tenant_id = $1 and at >= $2 and at < $3 order by at desc, id desc limit $6) r
        join smoke_timings t on t.tenant_id = $1 and t.run_id = r.id
        where ($4::text is null or t.check_group = $4) and ($5::text is null or t.check_name = $5)
        order by r.at, r.id, t.sequence
        """;

    /// <summary>Keeps a run.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="run">The run.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    public async Task<SmokeRun> AppendAsync(Tenant tenant, NewSmokeRun run, OpTimer timer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(timer);
        using var hop = timer.Measure(Hop.DbRead);
        SmokeCheck[] checks = [.. run.Checks];
        var kept = new SmokeRun(
            Guid.CreateVersion7(time.GetUtcNow()), run.At, run.DeployId ?? options.Value.DeployId, run.Verdict, run.DurationMs,
            Count("passed"), Count("failed"), Count("skipped"), run.FloorRatio);
        await using var batch = db.Batch(tenant)
            .Add(
                InsertRun, Sql.Uuid(tenant.Id), Sql.Uuid(kept.Id), Sql.Time(kept.At), Sql.Text(kept.DeployId), Sql.Text(kept.Verdict), Sql.Double(kept.DurationMs),
                Sql.Int(kept.Passed), Sql.Int(kept.Failed), Sql.Int(kept.Skipped),
                new NpgsqlParameter { Value = (object?)kept.FloorRatio ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Double })
            .Add(
                InsertChecks, Sql.Uuid(tenant.Id), Sql.Uuid(kept.Id), Texts(check => check.Group), Texts(check => check.Name), Texts(check => check.Outcome),
                new NpgsqlParameter { Value = Array.ConvertAll(checks, check => check.Ms), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Double },
                Texts(check => check.Detail));
        await batch.ExecuteAsync(cancellationToken);
        return kept;

        int Count(string outcome) => checks.Count(check => check.Outcome == outcome);
        NpgsqlParameter Texts(Converter<SmokeCheck, string?> value) =>
            new() { Value = Array.ConvertAll(checks, value), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
    }

    /// <summary>Runs, newest first.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="from">Begun at or after this.</param>
    /// <param name="to">Begun before this.</param>
    /// <param name="before">Only runs before this one (its time and id), for the next page; null for the first.</param>
    /// <param name="limit">At most so many, 1 or more.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<SmokeRun>> ListAsync(
        Tenant tenant, DateTimeOffset from, DateTimeOffset to, (DateTimeOffset At, Guid Id)? before, int limit, OpTimer timer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(timer);
        using var hop = timer.Measure(Hop.DbRead);
        await using var batch = db.Batch(tenant).Add(
            SelectRuns, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to), Sql.Time(before?.At), Sql.Uuid(before?.Id), Sql.Int(limit));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var runs = new List<SmokeRun>();
        while (await reader.ReadAsync(cancellationToken))
            runs.Add(ReadRun(reader));
        return runs;
    }

    /// <summary>One run with its checks in their order; null where there is none of this tenant.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="id">The run.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<(SmokeRun Run, IReadOnlyList<SmokeCheck> Checks)?> FindAsync(Tenant tenant, Guid id, OpTimer timer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(timer);
        using var hop = timer.Measure(Hop.DbRead);
        await using var batch = db.Batch(tenant)
            .Add(SelectRun, Sql.Uuid(tenant.Id), Sql.Uuid(id))
            .Add(SelectChecks, Sql.Uuid(tenant.Id), Sql.Uuid(id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        var run = ReadRun(reader);
        await reader.NextResultAsync(cancellationToken);
        var checks = new List<SmokeCheck>();
        while (await reader.ReadAsync(cancellationToken))
            checks.Add(new SmokeCheck(reader.GetString(0), reader.GetString(1), reader.GetString(2), Number(reader, 3), reader.IsDBNull(4) ? null : reader.GetString(4)));
        return (run, checks);
    }

    /// <summary>How checks went in the newest runs of a window, oldest first: what a chart draws.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="from">Begun at or after this.</param>
    /// <param name="to">Begun before this.</param>
    /// <param name="group">Only this group; null means all.</param>
    /// <param name="check">Only checks of this name; null means all.</param>
    /// <param name="runs">Of at most so many runs, 1 or more.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<SmokePoint>> PointsAsync(
        Tenant tenant, DateTimeOffset from, DateTimeOffset to, string? group, string? check, int runs, OpTimer timer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(timer);
        using var hop = timer.Measure(Hop.DbRead);
        await using var batch = db.Batch(tenant).Add(
            SelectPoints, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to), Sql.NullableText(group), Sql.NullableText(check), Sql.Int(runs));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var points = new List<SmokePoint>();
        while (await reader.ReadAsync(cancellationToken))
        {
            points.Add(new SmokePoint(
                reader.GetGuid(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), Number(reader, 6)));
        }

        return points;
    }

    private static SmokeRun ReadRun(NpgsqlDataReader reader) => new(
        reader.GetGuid(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetString(2), reader.GetString(3), reader.GetDouble(4),
        reader.GetInt32(5), reader.GetInt32(6), reader.GetInt32(7), Number(reader, 8));

    private static double? Number(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetDouble(column);
}
