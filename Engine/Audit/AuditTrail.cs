using System.Text.Json.Nodes;
using Engram.Engine.Database;

namespace Engram.Engine.Audit;

/// <summary>Who changes something on an account.</summary>
/// <param name="Tenant">Whose account.</param>
/// <param name="Name">The signed-in person's e-mail address, else what the API key is called.</param>
/// <param name="KeyId">The API key or portal session.</param>
/// <param name="KeyPrefix">The part of it that may be shown.</param>
/// <param name="Ip">Address the request came from as this server saw it (a proxy's, behind one), or null.</param>
/// <param name="RequestId">The request.</param>
public sealed record Actor(Tenant Tenant, string Name, Guid KeyId, string KeyPrefix, string? Ip, Guid RequestId);

/// <summary>Writes down a change in the same transaction as the change: there is never one without the other.</summary>
internal static class AuditTrail
{
    private const string Insert = """
        insert into audit_entries (tenant_id, id, at, actor, key_id, key_prefix, ip, action, target, before, after, request_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """;

    /// <summary>Adds the entry to the batch that makes the change.</summary>
    /// <param name="batch">The change.</param>
    /// <param name="actor">Who.</param>
    /// <param name="time">The clock.</param>
    /// <param name="action">What, such as <c>provider.rotate</c>.</param>
    /// <param name="target">On what, such as <c>provider:019c...</c>.</param>
    /// <param name="before">What it was, without secrets.</param>
    /// <param name="after">What it is now, without secrets.</param>
    public static TenantBatch AddAudit(
        this TenantBatch batch, Actor actor, TimeProvider time, string action, string target, JsonObject? before = null, JsonObject? after = null)
    {
        var now = time.GetUtcNow();
        return batch.Add(
            Insert,
            Sql.Uuid(actor.Tenant.Id),
            Sql.Uuid(Guid.CreateVersion7(now)),
            Sql.Time(now),
            Sql.Text(actor.Name),
            Sql.Uuid(actor.KeyId),
            Sql.Text(actor.KeyPrefix),
            Sql.NullableText(actor.Ip),
            Sql.Text(action),
            Sql.Text(target),
            Sql.NullableJson(before?.ToJsonString()),
            Sql.NullableJson(after?.ToJsonString()),
            Sql.Uuid(actor.RequestId));
    }
}
