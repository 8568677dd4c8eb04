using System.Text.Json;
using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Audit;

/// <summary>One change of an account.</summary>
/// <param name="Id">UUIDv7: in the order of time.</param>
/// <param name="At">When.</param>
/// <param name="Actor">The signed-in person's e-mail address, else what the API key was called.</param>
/// <param name="KeyId">The API key or portal session.</param>
/// <param name="KeyPrefix">The part of it that may be shown.</param>
/// <param name="Ip">Address it came from, or null.</param>
/// <param name="Action">What, such as <c>provider.rotate</c>.</param>
/// <param name="Target">On what, such as <c>provider:019c...</c>.</param>
/// <param name="Before">What it was, without secrets, or null.</param>
/// <param name="After">What it became, without secrets, or null.</param>
/// <param name="RequestId">The request that did it.</param>
public sealed record AuditEntry(
    Guid Id,
    DateTimeOffset At,
    string Actor,
    Guid KeyId,
    string KeyPrefix,
    string? Ip,
    string Action,
    string Target,
    JsonElement? Before,
    JsonElement? After,
    Guid RequestId);

/// <summary>Which entries are wanted. Null means all.</summary>
/// <param name="Action">A whole action, or with a trailing dot its beginning: <c>provider.</c></param>
/// <param name="Actor">The actor's name or key prefix.</param>
/// <param name="From">At or after this.</param>
/// <param name="To">Before this.</param>
public sealed record AuditFilter(string? Action = null, string? Actor = null, DateTimeOffset? From = null, DateTimeOffset? To = null);

/// <summary>Reads the audit.</summary>
/// <param name="db">The door to tenant rows.</param>
public sealed class AuditReader(TenantDb db)
{
    private const string Select = """
        select id, at, actor, key_id, key_prefix, ip, action, target, before, after, request_id from audit_entries
        where tenant_id = $1 and ($2::uuid is null or id < $2)
            and ($3::text is null or action = $3 or (right($3, 1) = '.' and starts_with(action, $3)))
            and ($4::text is null or actor = $4 or key_prefix = $4)
            and ($5::timestamptz is null or at >= $5) and ($6::timestamptz is null or at < $6)
        order by id desc limit $7
        """;

    /// <summary>A page of entries, newest first.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="filter">Which.</param>
    /// <param name="before">Only entries before this one, for the next page; null for the first.</param>
    /// <param name="limit">At most so many, 1 or more.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<AuditEntry>> ReadAsync(
        Tenant tenant, AuditFilter filter, Guid? before, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        await using var batch = db.Batch(tenant).Add(
            Select,
            Sql.Uuid(tenant.Id),
            Sql.Uuid(before),
            Sql.NullableText(filter.Action),
            Sql.NullableText(filter.Actor),
            Sql.Time(filter.From),
            Sql.Time(filter.To),
            Sql.Int(limit));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var entries = new List<AuditEntry>();
        while (await reader.ReadAsync(cancellationToken))
            entries.Add(Read(reader));
        return entries;
    }

    private static AuditEntry Read(NpgsqlDataReader reader) => new(
        reader.GetGuid(0),
        reader.GetFieldValue<DateTimeOffset>(1),
        reader.GetString(2),
        reader.GetGuid(3),
        reader.GetString(4),
        reader.IsDBNull(5) ? null : reader.GetString(5),
        reader.GetString(6),
        reader.GetString(7),
        Json(reader, 8),
        Json(reader, 9),
        reader.GetGuid(10));

    private static JsonElement? Json(NpgsqlDataReader reader, int column)
    {
        if (reader.IsDBNull(column))
            return null;
        using var document = JsonDocument.Parse(reader.GetString(column));
        return document.RootElement.Clone();
    }
}
