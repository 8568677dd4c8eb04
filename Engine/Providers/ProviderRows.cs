using Engram.Engine.Database;
using Engram.Engine.Providers.Vault;
using Npgsql;

namespace Engram.Engine.Providers;

/// <summary>The statements over connections and roles, and how their rows are read.</summary>
internal static class ProviderRows
{
    public const string Columns = """
        id, provider, label, base_url, last_four, price_overrides::text, created_at, rotated_at, last_success_at, last_error_at, last_error,
        octet_length(sealed_key)
        """;

    public const string SelectAll = $"select {Columns} from provider_connections where tenant_id = $1 order by created_at, id";

    public const string SelectOne = $"select {Columns} from provider_connections where tenant_id = $1 and id = $2";

    public const string Count = "select count(*) from provider_connections where tenant_id = $1";

    public const string SelectRoles = "select role, connection_id, model, updated_at, space, dimensions from model_roles where tenant_id = $1 order by role";

    public const string Insert = $"""
        insert into provider_connections (tenant_id, id, provider, label, base_url, data_key_version, sealed_key, last_four, price_overrides, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        returning {Columns}
        """;

    public const string Rotate = $"""
        update provider_connections set data_key_version = $3, sealed_key = $4, last_four = $5, rotated_at = $6, last_error = null, last_error_at = null
        where tenant_id = $1 and id = $2
        returning {Columns}
        """;

    public const string Update = $"""
        update provider_connections set label = $3, price_overrides = $4 where tenant_id = $1 and id = $2
        returning {Columns}
        """;

    public const string Delete = "delete from provider_connections where tenant_id = $1 and id = $2";

    public const string SetRole = """
        insert into model_roles (tenant_id, role, connection_id, model, updated_at, space, dimensions) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (tenant_id, role) do update set
            connection_id = excluded.connection_id, model = excluded.model, updated_at = excluded.updated_at, space = excluded.space, dimensions = excluded.dimensions
        """;

    public const string ClearRole = "delete from model_roles where tenant_id = $1 and role = $2";

    public const string Notify = $"select pg_notify('{ModelCache.Channel}', $1)";

    /// <summary>What is needed to call a provider: its address, the sealed key and the wrapped key it is sealed under.</summary>
    public const string SealedColumns = """
        c.id, c.provider, c.base_url, c.price_overrides::text, c.sealed_key, k.version, k.master_version, k.wrapped_key
        """;

    public const string SelectSealed = $"""
        select {SealedColumns} from provider_connections c
        join tenant_data_keys k on k.tenant_id = c.tenant_id and k.version = c.data_key_version
        where c.tenant_id = $1 and c.id = $2
        """;

    public const string SelectModels = $"""
        select {SealedColumns}, r.role, r.model, r.space, r.dimensions from model_roles r
        join provider_connections c on c.tenant_id = r.tenant_id and c.id = r.connection_id
        join tenant_data_keys k on k.tenant_id = c.tenant_id and k.version = c.data_key_version
        where r.tenant_id = $1
        """;

    public static StoredConnection Read(NpgsqlDataReader reader) => new(
        reader.GetGuid(0),
        reader.GetString(1),
        reader.GetString(2),
        reader.IsDBNull(3) ? null : reader.GetString(3),
        reader.GetString(4),
        reader.GetFieldValue<DateTimeOffset>(6),
        Time(reader, 7),
        Time(reader, 8),
        Time(reader, 9),
        reader.IsDBNull(10) ? null : reader.GetString(10))
    {
        HasKey = reader.GetInt32(11) > SealedBytes.Overhead,
        Prices = PriceOverrides.Read(reader.IsDBNull(5) ? null : reader.GetString(5)),
    };

    public static RoleModel ReadRole(NpgsqlDataReader reader) => new(
        ModelRoleNames.TryParse(reader.GetString(0), out var role) ? role : throw new InvalidOperationException("A role of no known name."),
        reader.GetGuid(1),
        reader.GetString(2),
        reader.GetFieldValue<DateTimeOffset>(3))
    {
        Vectors = reader.IsDBNull(4) ? null : new VectorSpace(reader.GetString(4), reader.GetInt32(5)),
    };

    public static TenantBatch AddNotify(this TenantBatch batch, Tenant tenant) => batch.Add(Notify, Sql.Text(tenant.Id.ToString()));

    private static DateTimeOffset? Time(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
