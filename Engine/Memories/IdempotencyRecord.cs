using System.Security.Cryptography;
using System.Text.Json;
using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Memories;

/// <summary>What was answered to an idempotency key. Written in the transaction of the store itself, so that both stand or neither.</summary>
internal static class IdempotencyRecord
{
    public const int MaxKeyCharacters = 255;

    private const string Select = "select request_hash, response from idempotency_keys where tenant_id = $1 and key = $2";

    public static void Check(string? key)
    {
        if (key is null)
            return;
        if (key.Length == 0)
            throw EngramException.Invalid("Idempotency-Key", "Idempotency-Key is empty: send 1 to 255 characters or leave it out.");
        TextRules.Check("Idempotency-Key", key, MaxKeyCharacters);
    }

    public static byte[] HashOf(string bucket, IReadOnlyList<NewMemory> memories) =>
        SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(new { bucket, memories = memories.Select(Canonical) }));

    /// <summary>The recorded answer, or null where the key is new.</summary>
    /// <exception cref="EngramException">The key was used for another request.</exception>
    public static async Task<IReadOnlyList<StoreOutcome>?> FindAsync(
        TenantDb db, Tenant tenant, string key, byte[] requestHash, CancellationToken cancellationToken)
    {
        await using var batch = db.Batch(tenant).Add(Select, Sql.Uuid(tenant.Id), Sql.Text(key));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        if (!reader.GetFieldValue<byte[]>(0).AsSpan().SequenceEqual(requestHash))
        {
            throw new EngramException(
                FailureKind.IdempotencyConflict, "This Idempotency-Key was used for a different request. Use a new key for a new request.", "Idempotency-Key");
        }

        return [.. JsonSerializer.Deserialize<Entry[]>(reader.GetString(1))!.Select(e => e.ToOutcome())];
    }

    public static string Serialize(IReadOnlyList<StoreOutcome> outcomes) => JsonSerializer.Serialize(outcomes.Select(Entry.Of));

    public static bool IsKeyTaken(PostgresException e) => e is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "idempotency_keys_pkey" };

    private static object Canonical(NewMemory m) => new
    {
        m.Content,
        m.Dedup,
        Metadata = MemoryWrites.JsonOf(m.Metadata),
        m.UserId,
        m.AgentId,
        m.RunId,
        m.Categories,
        m.OccurredAt,
        m.Infer,
        m.Language,
    };

    private sealed record Entry(Receipt? Receipt, FailureKind? Kind, string? Message, string? Field)
    {
        public static Entry Of(StoreOutcome outcome) => new(outcome.Receipt, outcome.Failure?.Kind, outcome.Failure?.Message, outcome.Failure?.Field);

        public StoreOutcome ToOutcome() => new(Receipt, Kind is { } kind ? new EngramException(kind, Message!, Field) : null);
    }
}
