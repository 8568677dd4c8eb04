using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Engram.Engine.Database;

/// <summary>
/// Applies the numbered migrations embedded in this assembly: forward only, each in its own transaction, journalled with a checksum, under
/// an advisory lock so that several starts wait for one another.
/// </summary>
/// <param name="log">Names each migration applied.</param>
public sealed class Migrator(ILogger<Migrator> log)
{
    private const long AdvisoryLock = 0x656E6772616D; // "engram"
    private const string Prefix = "Migrations.";

    private const string CreateJournal = """
        create schema if not exists engram;
        create table if not exists engram.schema_migrations (
            name text primary key,
            checksum text not null,
            applied_at timestamptz not null default now()
        );
        """;

    /// <summary>Brings the database to the newest schema.</summary>
    /// <param name="ownerConnectionString">A role that may create roles, extensions and schemas.</param>
    /// <param name="options">Passwords for the hosts' roles.</param>
    /// <param name="cancellationToken">Cancels between statements.</param>
    /// <returns>The names of the migrations applied now.</returns>
    /// <exception cref="InvalidOperationException">An applied migration was changed afterwards, or is unknown to this version.</exception>
    public async Task<IReadOnlyList<string>> MigrateAsync(string ownerConnectionString, MigrationOptions options, CancellationToken cancellationToken = default)
    {
        // A pool for one short run would only leave idle owner connections behind.
        var settings = new NpgsqlConnectionStringBuilder(ownerConnectionString) { Pooling = false };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await ExecuteAsync(connection, $"select pg_advisory_lock({AdvisoryLock})", cancellationToken);

        await DatabaseRoles.EnsureAsync(settings.ConnectionString, options, cancellationToken);
        await ExecuteAsync(connection, CreateJournal, cancellationToken);
        var journal = await ReadJournalAsync(connection, cancellationToken);
        var migrations = ReadEmbedded();
        CheckJournal(journal, migrations);

        var applied = new List<string>();
        foreach (var (name, sql, checksum) in migrations.Where(m => !journal.ContainsKey(m.Name)))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await ExecuteAsync(connection, sql, cancellationToken);
            await using var note = new NpgsqlCommand("insert into engram.schema_migrations (name, checksum) values ($1, $2)", connection, transaction);
            note.Parameters.Add(Sql.Text(name));
            note.Parameters.Add(Sql.Text(checksum));
            await note.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            log.MigrationApplied(name);
            applied.Add(name);
        }

        return applied;
    }

    private static void CheckJournal(Dictionary<string, string> journal, IReadOnlyList<(string Name, string Sql, string Checksum)> migrations)
    {
        foreach (var (name, checksum) in journal)
        {
            var known = migrations.FirstOrDefault(m => m.Name == name);
            if (known.Name is null)
                throw new InvalidOperationException($"The database has migration {name}, which this version does not know: it was migrated by a newer version. Run that version.");
            if (known.Checksum != checksum)
                throw new InvalidOperationException($"Migration {name} was changed after it was applied. Undo the change and put it into a new migration.");
        }
    }

    private static List<(string Name, string Sql, string Checksum)> ReadEmbedded()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return [.. assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(n =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(n)!, Encoding.UTF8);
                var sql = reader.ReadToEnd().ReplaceLineEndings("\n");
                return (n[Prefix.Length..^".sql".Length], sql, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql))));
            })];
    }

    private static async Task<Dictionary<string, string>> ReadJournalAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var journal = new Dictionary<string, string>(StringComparer.Ordinal);
        await using var command = new NpgsqlCommand("select name, checksum from engram.schema_migrations", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            journal[reader.GetString(0)] = reader.GetString(1);
        return journal;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, FormattableString sql, CancellationToken cancellationToken) =>
        await ExecuteAsync(connection, sql.ToString(CultureInfo.InvariantCulture), cancellationToken);

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
