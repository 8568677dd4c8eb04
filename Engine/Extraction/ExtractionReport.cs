using System.Text.Json;
using Engram.Engine.Providers;
using Npgsql;

namespace Engram.Engine.Extraction;

/// <summary>What is known of a memory's extraction: what it gave, or why it has not given anything yet.</summary>
/// <param name="MemoryId">The memory.</param>
/// <param name="JobId">Its newest job.</param>
/// <param name="State"><c>queued</c>, <c>running</c>, <c>done</c> or <c>dead</c>: every attempt failed, and it waits to be retried by somebody.</param>
/// <param name="Attempts">Attempts made.</param>
/// <param name="Triples">Triples found; null until done.</param>
/// <param name="Dropped">Triples the text does not support, which were not stored; null where none were.</param>
/// <param name="Skipped">Why the text, or a part of it, was not extracted: <c>system_prompt</c>, <c>tool_dump</c> or <c>recalled</c>; or null.</param>
/// <param name="Extractor">Who extracted, or null.</param>
/// <param name="Error">Why the newest attempt failed, or null.</param>
/// <param name="Fault">The provider's part in it, or null.</param>
/// <param name="RetryAt">When the next attempt is due; null where none is.</param>
public sealed record ExtractionReport(
    Guid MemoryId, Guid JobId, string State, int Attempts, int? Triples, int? Dropped, string? Skipped, string? Extractor, string? Error, ProviderFault? Fault, DateTimeOffset? RetryAt)
{
    internal const string Columns = "j.memory_id, j.id, j.state, j.attempts, j.triples, j.dropped, j.skip_reason, j.extractor, j.last_error, j.fault, j.run_after";

    internal const int ColumnCount = 11;

    internal static ExtractionReport Read(NpgsqlDataReader reader)
    {
        var state = reader.GetString(2);
        var over = state == "done";
        return new ExtractionReport(
            reader.GetGuid(0), reader.GetGuid(1), state, reader.GetInt32(3), IntOrNull(reader, 4), IntOrNull(reader, 5), TextOrNull(reader, 6), TextOrNull(reader, 7),
            over ? null : TextOrNull(reader, 8), over || reader.IsDBNull(9) ? null : FaultJson.Read(reader.GetString(9)),
            state == "queued" && !reader.IsDBNull(8) ? reader.GetFieldValue<DateTimeOffset>(10) : null);
    }

    private static int? IntOrNull(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetInt32(ordinal);

    private static string? TextOrNull(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);
}

/// <summary>A provider fault as it is kept in a row.</summary>
internal static class FaultJson
{
    public static string Write(ProviderFault fault) => JsonSerializer.Serialize(
        new Stored(fault.Provider, fault.Model, fault.Kind.ToString(), fault.UpstreamStatus, fault.ElapsedMs, fault.Attempts, fault.Hint));

    public static ProviderFault? Read(string json) =>
        JsonSerializer.Deserialize<Stored>(json) is { } stored && Enum.TryParse<ProviderFaultKind>(stored.Kind, out var kind)
            ? new ProviderFault(stored.Provider, stored.Model, kind, stored.UpstreamStatus, stored.ElapsedMs, stored.Attempts, stored.Hint)
            : null;

    private sealed record Stored(string Provider, string Model, string Kind, int? UpstreamStatus, double ElapsedMs, int Attempts, string Hint);
}
