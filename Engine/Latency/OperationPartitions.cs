using System.Globalization;
using Engram.Engine.Database;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Engram.Engine.Latency;

/// <summary>Makes the partitions of the days to come and drops those whose time is over.</summary>
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

        foreach (var day in existing.Where(day => day < today.AddDays(-options.Value.KeepDays)))
        {
            await using var drop = new NpgsqlCommand($"drop table if exists engram.{NameOf(day)}", connection);
            await drop.ExecuteNonQueryAsync(cancellationToken);
            dropped++;
        }

        await using var tidy = new NpgsqlCommand("delete from engram.operations_default where at < $1", connection);
        tidy.Parameters.Add(Sql.Time(new DateTimeOffset(today.AddDays(-options.Value.KeepDays), default, default)));
        await tidy.ExecuteNonQueryAsync(cancellationToken);
        return (made, dropped);
    }

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
