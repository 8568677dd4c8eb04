using System.Globalization;
using Engram.Engine.Database;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Engram.Engine.Latency;

/// <summary>Makes the partitions of the days to come and drops those whose time is over and whose hours are in roll-ups.</summary>
/// <param name="db">The door that spans tenants; its role owns the table.</param>
/// <param name="options">How long records are kept.</param>
/// <param name="time">Tells the day, in UTC.</param>
public sealed class OperationPartitions(SystemDb db, IOptions<OperationOptions> options, TimeProvider time)
{
    private const int DaysAhead = 3;
    private const string Prefix = "operations_";
    private const string DayFormat = "yyyyMMdd";

    private const string Existing = """
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'engram.operations'::regclass and c.relname <> 'operations_default'
        """;

    // True where every hour of the time is in a roll-up as it is now; only then are they sealed. The locks keep late writers out until the commit.
    private const string Seal = """
        with hours as materialized (
            select hour, written = rolled_up or sealed as done from engram.operation_hours where hour >= $1 and hour < $2 order by hour for update
        ), changed as (
            update engram.operation_hours set sealed = true
            where hour in (select hour from hours) and (select coalesce(bool_and(done), true) from hours) returning 1
        )
        select coalesce(bool_and(done), true) from hours
        """;

    private const string SealRolledUp = "update engram.operation_hours set sealed = true where hour < $1 and written = rolled_up and not sealed";

    private const string DeleteSealed = """
        delete from engram.operations_default o using engram.operation_hours h
        where o.at < $1 and h.hour = date_bin('1 hour', o.at, 'epoch') and h.sealed
        """;

    /// <summary>Brings the partitions up to date. Safe to run from several Workers at once.</summary>
    /// <param name="cancellationToken">Cancels between two partitions.</param>
    /// <returns>How many were made and how many dropped.</returns>
    public async Task<(int Made, int Dropped)> MaintainAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var existing = await ReadAsync(connection, cancellationToken);
        var (made, dropped) = (0, 0);
        for (var day = today; day <= today.AddDays(DaysAhead); day = day.AddDays(1))
        {
            if (!existing.Contains(day) && await MakeAsync(connection, day, cancellationToken))
                made++;
        }

        var keepFrom = today.AddDays(-options.Value.KeepDays);
        foreach (var day in existing.Where(day => day < keepFrom))
            dropped += await DropAsync(connection, day, cancellationToken) ? 1 : 0;
        await TidyAsync(connection, keepFrom, cancellationToken);
        return (made, dropped);
    }

    /// <summary>Not before its hours are in roll-ups, which then stay as they are: what comes for them later is too late.</summary>
    private static async Task<bool> DropAsync(NpgsqlConnection connection, DateOnly day, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var seal = new NpgsqlCommand(Seal, connection) { Parameters = { Sql.Time(StartOf(day)), Sql.Time(StartOf(day.AddDays(1))) } };
        if (await seal.ExecuteScalarAsync(cancellationToken) is not true)
            return false;
        await using var drop = new NpgsqlCommand($"drop table if exists engram.{NameOf(day)}", connection);
        await drop.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private static async Task TidyAsync(NpgsqlConnection connection, DateOnly keepFrom, CancellationToken cancellationToken)
    {
        await using var tidy = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(SealRolledUp) { Parameters = { Sql.Time(StartOf(keepFrom)) } },
                new(DeleteSealed) { Parameters = { Sql.Time(StartOf(keepFrom)) } },
            },
        };
        await tidy.ExecuteNonQueryAsync(cancellationToken);
    }

    private static DateTimeOffset StartOf(DateOnly day) => new(day, default, default);

    private static string NameOf(DateOnly day) => Prefix + day.ToString(DayFormat, CultureInfo.InvariantCulture);

    private static string MidnightOf(DateOnly day) => day.ToString("O", CultureInfo.InvariantCulture) + "T00:00:00Z";

    private static async Task<HashSet<DateOnly>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Existing, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var days = new HashSet<DateOnly>();
        while (await reader.ReadAsync(cancellationToken))
        {
            if (DateOnly.TryParseExact(reader.GetString(0)[Prefix.Length..], DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
                days.Add(day);
        }

        return days;
    }

    /// <summary>Rows of that day which the default partition holds already move over.</summary>
    private static async Task<bool> MakeAsync(NpgsqlConnection connection, DateOnly day, CancellationToken cancellationToken)
    {
        var (name, from, to) = (NameOf(day), MidnightOf(day), MidnightOf(day.AddDays(1)));
        try
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using var batch = new NpgsqlBatch(connection, transaction)
            {
                BatchCommands =
                {
                    new($"create table engram.{name} (like engram.operations including defaults including constraints including indexes)"),
                    new($"with moved as (delete from engram.operations_default where at >= '{from}' and at < '{to}' returning *) insert into engram.{name} select * from moved"),
                    new($"call engram.protect_tenant_table('engram.{name}', true)"),
                    new($"revoke insert, update, delete on engram.{name} from engram_app"),
                    new($"alter table engram.operations attach partition engram.{name} for values from ('{from}') to ('{to}')"),
                },
            };
            await batch.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return true;
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateTable or PostgresErrorCodes.UniqueViolation)
        {
            // Another Worker was first.
            return false;
        }
    }
}
