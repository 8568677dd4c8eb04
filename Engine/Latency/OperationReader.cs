using System.Text.Json;
using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Latency;

/// <summary>One hop of a recorded operation.</summary>
/// <param name="Hop">Which part.</param>
/// <param name="Label">What tells it from others of its kind, or null.</param>
/// <param name="StartMs">Milliseconds from the beginning of the operation.</param>
/// <param name="DurationMs">Milliseconds it took.</param>
public sealed record RecordedHop(string Hop, string? Label, double StartMs, double DurationMs);

/// <summary>One recorded operation.</summary>
/// <param name="RequestId">Its id, as the caller saw it.</param>
/// <param name="At">When it began.</param>
/// <param name="Host">Who served it.</param>
/// <param name="Operation">Its label.</param>
/// <param name="Class">Its latency class.</param>
/// <param name="Series">What its time is compared with.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="DurationMs">Milliseconds at the server's boundary.</param>
public sealed record RecordedOperation(
    Guid RequestId, DateTimeOffset At, string Host, string Operation, string Class, string Series, string Outcome, double DurationMs)
{
    /// <summary>Kind of the provider's fault or code of the problem, or null.</summary>
    public string? Cause { get; init; }

    /// <summary>Provider that was asked, or null.</summary>
    public string? Provider { get; init; }

    /// <summary>Model that was asked, or null.</summary>
    public string? Model { get; init; }

    /// <summary>HTTP status, or null.</summary>
    public int? Status { get; init; }

    /// <summary>Whether it was the first of its operation in its process.</summary>
    public bool Cold { get; init; }

    /// <summary>The API key, or null.</summary>
    public Guid? KeyId { get; init; }

    /// <summary>Bytes of the request's body, where known.</summary>
    public long? RequestBytes { get; init; }

    /// <summary>Bytes of the response's body, where known.</summary>
    public long? ResponseBytes { get; init; }

    /// <summary>Calls of models.</summary>
    public int LlmCalls { get; init; }

    /// <summary>Tokens the models read.</summary>
    public long InputTokens { get; init; }

    /// <summary>Tokens the models wrote.</summary>
    public long OutputTokens { get; init; }

    /// <summary>US dollars, or null.</summary>
    public decimal? CostUsd { get; init; }

    /// <summary>The deployment that served it.</summary>
    public required string DeployId { get; init; }

    /// <summary>The parts, in the order in which they began.</summary>
    public IReadOnlyList<RecordedHop> Hops { get; init; } = [];
}

/// <summary>Which operations are wanted. Null means all.</summary>
/// <param name="From">Begun at or after this.</param>
/// <param name="To">Begun before this.</param>
/// <param name="Class">A class.</param>
/// <param name="Operation">A label.</param>
/// <param name="Outcome">An outcome.</param>
/// <param name="MinMs">At least so many milliseconds.</param>
/// <param name="Series">A series: a class, or a part of one with a budget of its own.</param>
public sealed record OperationFilter(
    DateTimeOffset From, DateTimeOffset To, string? Class = null, string? Operation = null, string? Outcome = null, double? MinMs = null, string? Series = null);

/// <summary>Reads what <see cref="OperationLog"/> wrote.</summary>
/// <param name="db">The door to tenant rows.</param>
public sealed class OperationReader(TenantDb db)
{
    private const string Columns = """
        request_id, at, host, operation, class, series, outcome, duration_us, cause, provider, model, status, cold, key_id, request_bytes, response_bytes,
        llm_calls, input_tokens, output_tokens, cost_usd, deploy_id, hops::text
        """;

    private const string SelectPage = $"""
        select {Columns} from operations
        where tenant_id = $1 and at >= $2 and at < $3
            and ($4::timestamptz is null or (at, request_id) < ($4, $5))
            and ($6::text is null or class = $6) and ($7::text is null or operation = $7) and ($8::text is null or outcome = $8)
            and ($9::bigint is null or duration_us >= $9) and ($10::text is null or series = $10)
        order by at desc, request_id desc limit $11
        """;

    private const string SelectOne = $"select {Columns} from operations where tenant_id = $1 and request_id = $2 order by at desc limit 1";

    /// <summary>A page of operations, newest first.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="filter">Which.</param>
    /// <param name="before">Only operations before this one (its time and id), for the next page; null for the first.</param>
    /// <param name="limit">At most so many, 1 or more.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<RecordedOperation>> ListAsync(
        Tenant tenant, OperationFilter filter, (DateTimeOffset At, Guid Id)? before, int limit, OpTimer timer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(timer);
        using var hop = timer.Measure(Hop.DbRead);
        await using var batch = db.Batch(tenant).Add(
            SelectPage, Sql.Uuid(tenant.Id), Sql.Time(filter.From), Sql.Time(filter.To), Sql.Time(before?.At), Sql.Uuid(before?.Id),
            Sql.NullableText(filter.Class), Sql.NullableText(filter.Operation), Sql.NullableText(filter.Outcome),
            new NpgsqlParameter { Value = filter.MinMs is { } ms ? (object)(long)(ms * 1000) : DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint },
            Sql.NullableText(filter.Series), Sql.Int(limit));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var operations = new List<RecordedOperation>();
        while (await reader.ReadAsync(cancellationToken))
            operations.Add(Read(reader));
        return operations;
    }

    /// <summary>One operation by its request id; null where there is none of this tenant, or it is not written yet (a second at most).</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="requestId">As the caller saw it.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<RecordedOperation?> FindAsync(Tenant tenant, Guid requestId, OpTimer timer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(timer);
        using var hop = timer.Measure(Hop.DbRead);
        await using var batch = db.Batch(tenant).Add(SelectOne, Sql.Uuid(tenant.Id), Sql.Uuid(requestId));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    private static RecordedOperation Read(NpgsqlDataReader reader) => new(
        reader.GetGuid(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5),
        reader.GetString(6), reader.GetInt64(7) / 1000.0)
    {
        Cause = reader.IsDBNull(8) ? null : reader.GetString(8),
        Provider = reader.IsDBNull(9) ? null : reader.GetString(9),
        Model = reader.IsDBNull(10) ? null : reader.GetString(10),
        Status = reader.IsDBNull(11) ? null : reader.GetInt32(11),
        Cold = reader.GetBoolean(12),
        KeyId = reader.IsDBNull(13) ? null : reader.GetGuid(13),
        RequestBytes = reader.IsDBNull(14) ? null : reader.GetInt64(14),
        ResponseBytes = reader.IsDBNull(15) ? null : reader.GetInt64(15),
        LlmCalls = reader.GetInt32(16),
        InputTokens = reader.GetInt64(17),
        OutputTokens = reader.GetInt64(18),
        CostUsd = reader.IsDBNull(19) ? null : reader.GetDecimal(19),
        DeployId = reader.GetString(20),
        Hops = HopsOf(reader.GetString(21)),
    };

    private static RecordedHop[] HopsOf(string json)
    {
        using var document = JsonDocument.Parse(json);
        return
        [
            .. document.RootElement.EnumerateArray()
                .Select(hop => new RecordedHop(hop[0].GetString()!, hop[1].GetString(), hop[2].GetInt64() / 1000.0, hop[3].GetInt64() / 1000.0))
                .OrderBy(hop => hop.StartMs),
        ];
    }
}
