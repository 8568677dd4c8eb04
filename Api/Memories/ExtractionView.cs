using Engram.Engine.Extraction;
using Engram.Engine.Providers;

namespace Engram.Api.Memories;

/// <summary>A provider's part in a failed attempt, in the words of a problem's <c>provider</c>.</summary>
public sealed record ExtractionFaultView(string Name, string Model, string Kind, int? UpstreamStatus, double ElapsedMs, int Attempts, string Hint)
{
    public static ExtractionFaultView From(ProviderFault fault) => new(
        fault.Provider, fault.Model, ProviderFaultKinds.NameOf(fault.Kind), fault.UpstreamStatus, Math.Round(fault.ElapsedMs, 1), fault.Attempts, fault.Hint);
}

/// <summary>
/// A memory's extraction. <c>state</c> is <c>queued</c>, <c>running</c>, <c>done</c> or <c>dead</c>; <c>dropped</c> counts triples without evidence in the text;
/// <c>skipped</c> says why the text, or a part of it, was not extracted: <c>system_prompt</c>, <c>tool_dump</c> or <c>recalled</c>.
/// </summary>
public sealed record ExtractionView(
    Guid JobId, Guid MemoryId, string State, int Attempts, int? Triples, int? Dropped, string? Skipped, string? Extractor, string? Error, ExtractionFaultView? Provider, DateTimeOffset? RetryAt)
{
    public static ExtractionView From(ExtractionReport report) => new(
        report.JobId, report.MemoryId, report.State, report.Attempts, report.Triples, report.Dropped is 0 ? null : report.Dropped, report.Skipped, report.Extractor, report.Error,
        report.Fault is { } fault ? ExtractionFaultView.From(fault) : null, report.RetryAt);
}
