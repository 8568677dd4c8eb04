using Npgsql;

namespace Engram.Engine.Database;

/// <summary>Makes the two roles the hosts sign in with. Roles belong to the server, not to one database, so other databases' migrators may be at it too.</summary>
internal static class DatabaseRoles
{
    private const int Attempts = 20;

    private const string Ensure = """
        do $do$
        begin
            if not exists (select 1 from pg_roles where rolname = '{0}') then
                create role {0} login nosuperuser nobypassrls nocreatedb nocreaterole;
            end if;
            execute format('alter role {0} login nosuperuser nobypassrls password %L', {1});
        end
        $do$
        """;

    public static async Task EnsureAsync(string ownerConnectionString, MigrationOptions options, CancellationToken cancellationToken)
    {
        await EnsureAsync(ownerConnectionString, "engram_app", options.AppPassword, cancellationToken);
        await EnsureAsync(ownerConnectionString, "engram_system", options.SystemPassword, cancellationToken);
    }

    private static async Task EnsureAsync(string ownerConnectionString, string role, string password, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // A connection for each attempt: Npgsql closes one on which the server reported an internal error, which this race is.
                await using var connection = new NpgsqlConnection(ownerConnectionString);
                await connection.OpenAsync(cancellationToken);
                // DO takes no parameters: the password goes in as a literal made by the server's own quoting function.
                await using var quote = new NpgsqlCommand("select quote_literal($1)", connection);
                quote.Parameters.Add(Sql.Text(password));
                var literal = (string)(await quote.ExecuteScalarAsync(cancellationToken))!;
                await using var command = new NpgsqlCommand(
                    Ensure.Replace("{0}", role, StringComparison.Ordinal).Replace("{1}", literal, StringComparison.Ordinal), connection);
                await command.ExecuteNonQueryAsync(cancellationToken);
                return;
            }
            catch (PostgresException e) when (attempt < Attempts && IsRace(e))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10 * attempt), cancellationToken);
            }
        }
    }

    /// <summary>Two sessions that change one role at once: "tuple concurrently updated" (XX000) or a lost race to create it.</summary>
    private static bool IsRace(PostgresException e) =>
        e.SqlState is PostgresErrorCodes.InternalError or PostgresErrorCodes.DuplicateObject or PostgresErrorCodes.UniqueViolation;
}
