using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Providers;

/// <summary>One call as it was recorded; with a fault it is a row of the tenant's ledger of provider faults.</summary>
/// <param name="Id">UUIDv7 of the call.</param>
/// <param name="At">When it began.</param>
/// <param name="RequestId">The request or job that caused it.</param>
/// <param name="Operation">Which operation.</param>
/// <param name="Role">What the model was asked for.</param>
/// <param name="Provider">Catalogue id.</param>
/// <param name="Model">The model.</param>
/// <param name="ElapsedMs">Milliseconds in all.</param>
/// <param name="WaitMs">Of these, milliseconds of pause between attempts.</param>
/// <param name="Attempts">Attempts made.</param>
/// <param name="InputTokens">Tokens read.</param>
/// <param name="OutputTokens">Tokens written.</param>
/// <param name="CostUsd">US dollars by the price table in force then, or null where the model had no known price.</param>
public sealed record CallEntry(
    Guid Id,
    DateTimeOffset At,
    Guid RequestId,
    string Operation,
    string Role,
    string Provider,
    string Model,
    double ElapsedMs,
    double WaitMs,
    int Attempts,
    long InputTokens,
    long OutputTokens,
    decimal? CostUsd)
{
    /// <summary>Milliseconds to the first token of a streamed reply, or null.</summary>
    public double? FirstTokenMs { get; init; }

    /// <summary>The API key that caused it, or null.</summary>
    public Guid? KeyId { get; init; }

    /// <summary>The bucket it was for, or null.</summary>
    public Guid? BucketId { get; init; }

    /// <summary>The memory it was for, or null.</summary>
    public Guid? MemoryId { get; init; }

    /// <summary>Kind of fault, in the words of the wire contract, or null where it went well.</summary>
    public string? FaultKind { get; init; }

    /// <summary>The provider's HTTP status of a fault, or null.</summary>
    public int? UpstreamStatus { get; init; }

    /// <summary>What a person can do about the fault, or null.</summary>
    public string? Hint { get; init; }

    /// <summary>Milliseconds the provider asked to be left alone, or null.</summary>
    public double? RetryAfterMs { get; init; }
}

/// <summary>Which calls are wanted. Null means all.</summary>
/// <param name="FaultsOnly">Only calls that failed.</param>
/// <param name="Kind">One of the contract's kinds of fault.</param>
/// <param name="Provider">Catalogue id.</param>
/// <param name="From">At or after this.</param>
/// <param name="To">Before this.</param>
public sealed record CallFilter(
    bool FaultsOnly = false, string? Kind = null, string? Provider = null, DateTimeOffset? From = null, DateTimeOffset? To = null)
{
    /// <summary>Only calls caused by this API key.</summary>
    public Guid? KeyId { get; init; }

    /// <summary>Only calls for this memory.</summary>
    public Guid? MemoryId { get; init; }

    /// <summary>Only calls of this request or job.</summary>
    public Guid? RequestId { get; init; }

    /// <summary>Only calls of this operation.</summary>
    public string? Operation { get; init; }
}

/// <summary>Reads what <see cref="LlmCallLog"/> wrote.</summary>
/// <param name="db">The door to tenant rows.</param>
public sealed class LlmCallReader(TenantDb db)
{
    private const string Select = """
        select id, at, request_id, operation, role, provider, model, elapsed_ms, wait_ms, attempts, input_tokens, output_tokens, cost_usd,
            first_token_ms, key_id, bucket_id, memory_id, fault_kind, upstream_status, hint, retry_after_ms
        from llm_calls
        where tenant_id = $1
            and ($2::timestamptz is null or (at, id) < ($2, $3))
            and ($4::text is null or fault_kind = $4) and ($5::text is null or provider = $5)
            and ($6::timestamptz is null or at >= $6) and ($7::timestamptz is null or at < $7)
            and ($9::uuid is null or key_id = $9) and ($10::uuid is null or request_id = $10) and ($11::text is null or operation = $11)
        """;

    // Literal conditions, so that the partial indexes serve them.
    private const string OnlyFaults = " and fault_kind is not null";
    private const string OnlyMemory = " and memory_id is not null and memory_id = $12";
    private const string Newest = " order by at desc, id desc limit $8";

    /// <summary>A page of calls, newest first.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="filter">Which.</param>
    /// <param name="before">Only calls before this one (its time and id), for the next page; null for the first.</param>
    /// <param name="limit">At most so many, 1 or more.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<CallEntry>> ReadAsync(
        Tenant tenant, CallFilter filter, (DateTimeOffset At, Guid Id)? before, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        List<NpgsqlParameter> parameters =
        [
            Sql.Uuid(tenant.Id),
            Sql.Time(before?.At),
            Sql.Uuid(before?.Id),
            Sql.NullableText(filter.Kind),
            Sql.NullableText(filter.Provider),
            Sql.Time(filter.From),
            Sql.Time(filter.To),
            Sql.Int(limit),
            Sql.Uuid(filter.KeyId),
            Sql.Uuid(filter.RequestId),
            Sql.NullableText(filter.Operation),
        ];
        if (filter.MemoryId is { } memory)
            parameters.Add(Sql.Uuid(memory));
        var sql = Select + (filter.FaultsOnly ? OnlyFaults : "") + (filter.MemoryId is null ? "" : OnlyMemory) + Newest;
        await using var batch = db.Batch(tenant).Add(sql, [.. parameters]);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var calls = new List<CallEntry>();
        while (await reader.ReadAsync(cancellationToken))
            calls.Add(Read(reader));
        return calls;
    }

    private static CallEntry Read(NpgsqlDataReader reader) => new(
        reader.GetGuid(0),
        reader.GetFieldValue<DateTimeOffset>(1),
        reader.GetGuid(2),
        reader.GetString(3),
        reader.GetString(4),
        reader.GetString(5),
        reader.GetString(6),
        reader.GetDouble(7),
        reader.GetDouble(8),
        reader.GetInt32(9),
        reader.GetInt64(10),
        reader.GetInt64(11),
        Value<decimal>(reader, 12))
    {
        FirstTokenMs = Value<double>(reader, 13),
        KeyId = Value<Guid>(reader, 14),
        BucketId = Value<Guid>(reader, 15),
        MemoryId = Value<Guid>(reader, 16),
        FaultKind = reader.IsDBNull(17) ? null : reader.GetString(17),
        UpstreamStatus = Value<int>(reader, 18),
        Hint = reader.IsDBNull(19) ? null : reader.GetString(19),
        RetryAfterMs = Value<double>(reader, 20),
    };

    private static TValue? Value<TValue>(NpgsqlDataReader reader, int column)
        where TValue : struct => reader.IsDBNull(column) ? null : reader.GetFieldValue<TValue>(column);
}
