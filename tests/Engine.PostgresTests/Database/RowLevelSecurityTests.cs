using Engram.Engine.Database;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Engram.Engine.PostgresTests.Database;

public sealed class RowLevelSecurityTests(EngineFixture engine)
{
    private const string Expression = "(tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS \"nullif\"))";

    [Fact]
    public async Task Every_table_with_a_tenant_id_has_its_forced_policy_with_both_checks()
    {
        await using var connection = new NpgsqlConnection(engine.Database.Owner);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            """
            select c.relname, c.relrowsecurity, c.relforcerowsecurity,
                pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid), p.polcmd::text,
                (select array_agg(rolname::text) from pg_roles r where r.oid = any(p.polroles))
            from pg_class c
            join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
            left join pg_policy p on p.polrelid = c.oid and p.polname = 'tenant_isolation'
            where c.relnamespace = 'engram'::regnamespace and c.relkind in ('r', 'p')
            """,
            connection);
        await using var reader = await command.ExecuteReaderAsync();
        var tables = 0;
        while (await reader.ReadAsync())
        {
            tables++;
            var table = reader.GetString(0);
            Assert.True(reader.GetBoolean(1) && reader.GetBoolean(2), $"{table}: row level security is not forced");
            Assert.False(reader.IsDBNull(3), $"{table} has no policy tenant_isolation");
            Assert.Equal(Expression, reader.GetString(3));
            Assert.Equal(Expression, reader.GetString(4));
            Assert.Equal("*", reader.GetString(5));
            Assert.Equal(["engram_app"], reader.GetFieldValue<string[]>(6));
        }

        Assert.True(tables >= 15, $"only {tables} tenant tables were found");
    }

    [Fact]
    public async Task Every_key_and_index_of_a_tenant_table_begins_with_tenant_id_or_serves_the_system_alone()
    {
        // Lookups that must work before the tenant is known, and the queue's: each is used by engram_system only.
        string[] acrossTenants =
        [
            "api_keys_hash", "api_keys_legacy_prefix", "setup_tokens_hash", "invitations_token", "memberships_user", "jobs_running", "jobs_finished",
        ];
        var wrong = await engine.Database.ScalarAsync<string[]>(
            """
            select coalesce(array_agg(i.relname::text), '{}') from pg_index x
            join pg_class c on c.oid = x.indrelid
            join pg_class i on i.oid = x.indexrelid
            join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped
            where c.relnamespace = 'engram'::regnamespace and x.indkey[0] <> t.attnum
                -- A bucket's own vector index holds one tenant's rows only.
                and coalesce(pg_get_expr(x.indpred, x.indrelid), '') not like '%tenant_id = %'
                -- A block range index of recorded operations: an hour of all tenants, for its roll-up.
                and i.relam <> (select oid from pg_am where amname = 'brin')
            """);
        Assert.Empty(wrong.Except(acrossTenants));
    }

    [Fact]
    public async Task The_hosts_role_cannot_bypass_row_level_security()
    {
        Assert.False(await engine.Database.ScalarAsync<bool>("select bool_or(rolsuper or rolbypassrls) from pg_roles where rolname in ('engram_app', 'engram_system')"));
        Assert.False(await engine.Database.ScalarAsync<bool>(
            "select bool_or(pg_has_role('engram_app', c.relowner, 'member')) from pg_class c where c.relnamespace = 'engram'::regnamespace"));
    }

    [Fact]
    public async Task A_pooled_connection_carries_no_tenant_over_to_its_next_user()
    {
        var tenant = await engine.NewTenantAsync();
        await engine.StoreAsync(tenant, "The safe is behind the painting.");
        var onlyOne = new NpgsqlConnectionStringBuilder(engine.Database.App) { MaxPoolSize = 1 }.ConnectionString;
        await using var services = EngineFixture.Services(onlyOne, engine.Database.System);
        var db = services.GetRequiredService<TenantDb>();
        var source = services.GetRequiredKeyedService<NpgsqlDataSource>(TenantDb.ConnectionName);

        await using (var batch = db.Batch(tenant).Add("select count(*) from memories"))
        await using (var reader = await batch.ExecuteReaderAsync())
        {
            await reader.ReadAsync();
            Assert.Equal(1, reader.GetInt64(0));
        }

        Assert.Equal(0L, await CountAsync(source));
        await using (var transaction = await db.BeginAsync(tenant))
        {
            await using var batch = transaction.Batch().Add("select 1");
            await batch.ExecuteAsync();
        }

        Assert.Equal(0L, await CountAsync(source));
        await Assert.ThrowsAsync<PostgresException>(async () =>
        {
            await using var failing = db.Batch(tenant).Add("select 1 / 0");
            await failing.ExecuteAsync();
        });
        Assert.Equal(0L, await CountAsync(source));
    }

    [Fact]
    public async Task A_statement_without_its_own_tenant_predicate_still_sees_only_the_tenants_rows()
    {
        var (mine, other) = (await engine.NewTenantAsync(), await engine.NewTenantAsync());
        await engine.StoreAsync(mine, "Mine.");
        await engine.StoreAsync(other, "Theirs.");
        await using var batch = engine.TenantDb.Batch(mine).Add("select content from memories");
        await using var reader = await batch.ExecuteReaderAsync();
        var seen = new List<string>();
        while (await reader.ReadAsync())
            seen.Add(reader.GetString(0));
        Assert.Equal(["Mine."], seen);
    }

    [Fact]
    public async Task A_row_cannot_be_written_for_another_tenant()
    {
        var (mine, other) = (await engine.NewTenantAsync(), await engine.NewTenantAsync());
        await using var batch = engine.TenantDb.Batch(mine).Add(
            "insert into buckets (tenant_id, id, name) values ($1, $2, 'smuggled')", Sql.Uuid(other.Id), Sql.Uuid(Guid.CreateVersion7()));
        var refused = await Assert.ThrowsAsync<PostgresException>(() => batch.ExecuteAsync());
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    private static async Task<long> CountAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand("select count(*) from memories");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
