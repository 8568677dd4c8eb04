using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Providers;

/// <summary>One failed call, as the tenant's ledger of provider faults keeps it.</summary>
/// <param name="Id">UUIDv7 of the call.</param>
/// <param name="At">When it began.</param>
/// <param name="RequestId">The request or job that caused it.</param>
/// <param name="Operation">Which operation.</param>
/// <param name="Role">What the model was asked for.</param>
/// <param name="Provider">Catalogue id.</param>
/// <param name="Model">The model.</param>
/// <param name="Kind">Kind of fault, in the words of the wire contract.</param>
/// <param name="UpstreamStatus">The provider's HTTP status, or null.</param>
/// <param name="ElapsedMs">Milliseconds until giving up.</param>
/// <param name="WaitMs">Of these, milliseconds of pause between attempts.</param>
/// <param name="Attempts">Attempts made.</param>
/// <param name="Hint">What a person can do about it.</param>
public sealed record FaultEntry(
    Guid Id,
    DateTimeOffset At,
    Guid RequestId,
    string Operation,
    string Role,
    string Provider,
    string Model,
    string Kind,
    int? UpstreamStatus,
    double ElapsedMs,
    double WaitMs,
    int Attempts,
    string? Hint)
{
    /// <summary>The API key that caused it, or null.</summary>
    public Guid? KeyId { get; init; }

    /// <summary>The bucket it was for, or null.</summary>
    public Guid? BucketId { get; init; }

    /// <summary>The memory it was for, or null.</summary>
    public Guid? MemoryId { get; init; }

    /// <summary>Milliseconds the provider asked to be left alone, or null.</summary>
    public double? RetryAfterMs { get; init; }
}

/// <summary>Which faults are wanted. Null means all.</summary>
/// <param name="Kind">One of the contract's kinds.</param>
/// <param name="Provider">Catalogue id.</param>
/// <param name="From">At or after this.</param>
/// <param name="To">Before this.</param>
public sealed record FaultFilter(string? Kind = null, string? Provider = null, DateTimeOffset? From = null, DateTimeOffset? To = null);

/// <summary>Reads what <see cref="LlmCallLog"/> wrote.</summary>
/// <param name="db">The door to tenant rows.</param>
public sealed class LlmCallReader(TenantDb db)
{
    private const string SelectFaults = """
        select id, at, request_id, operation, role, provider, model, fault_kind, upstream_status, elapsed_ms, wait_ms, attempts, hint,
            key_id, bucket_id, memory_id, retry_after_ms
        from llm_calls
        where tenant_id = $1 and fault_kind is not null
            and ($2::timestamptz is null or (at, id) < ($2, $3))
            and ($4::text is null or fault_kind = $4) and ($5::text is null or provider = $5)
            and ($6::timestamptz is null or at >= $6) and ($7::timestamptz is null or at < $7)
        order by at desc, id desc limit $8
        """;

    private const string SelectMemory = """
        select coalesce(sum(input_tokens), 0)::bigint, coalesce(sum(output_tokens), 0)::bigint, coalesce(sum(cost_usd), 0)
        from llm_calls where tenant_id = $1 and memory_id = $2
        """;

    /// <summary>A page of faults, newest first.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="filter">Which.</param>
    /// <param name="before">Only faults before this one (its time and id), for the next page; null for the first.</param>
    /// <param name="limit">At most so many, 1 or more.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<FaultEntry>> FaultsAsync(
        Tenant tenant, FaultFilter filter, (DateTimeOffset At, Guid Id)? before, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        await using var batch = db.Batch(tenant).Add(
            SelectFaults,
            Sql.Uuid(tenant.Id),
            Sql.Time(before?.At),
            Sql.Uuid(before?.Id),
            Sql.NullableText(filter.Kind),
            Sql.NullableText(filter.Provider),
            Sql.Time(filter.From),
            Sql.Time(filter.To),
            Sql.Int(limit));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var faults = new List<FaultEntry>();
        while (await reader.ReadAsync(cancellationToken))
            faults.Add(Read(reader));
        return faults;
    }

    /// <summary>What a tenant's models read, wrote and cost for one memory so far.</summary>
    public async Task<(long InputTokens, long OutputTokens, decimal CostUsd)> OfMemoryAsync(
        Tenant tenant, Guid memoryId, CancellationToken cancellationToken = default)
    {
        await using var batch = db.Batch(tenant).Add(SelectMemory, Sql.Uuid(tenant.Id), Sql.Uuid(memoryId));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1), reader.GetDecimal(2));
    }

    private static FaultEntry Read(NpgsqlDataReader reader) => new(
        reader.GetGuid(0),
        reader.GetFieldValue<DateTimeOffset>(1),
        reader.GetGuid(2),
        reader.GetString(3),
        reader.GetString(4),
        reader.GetString(5),
        reader.GetString(6),
        reader.GetString(7),
        reader.IsDBNull(8) ? null : reader.GetInt32(8),
        reader.GetDouble(9),
        reader.GetDouble(10),
        reader.GetInt32(11),
        reader.IsDBNull(12) ? null : reader.GetString(12))
    {
        KeyId = reader.IsDBNull(13) ? null : reader.GetGuid(13),
        BucketId = reader.IsDBNull(14) ? null : reader.GetGuid(14),
        MemoryId = reader.IsDBNull(15) ? null : reader.GetGuid(15),
        RetryAfterMs = reader.IsDBNull(16) ? null : reader.GetDouble(16),
    };
}
