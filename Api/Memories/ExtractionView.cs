using Engram.Api.Http;
using Engram.Engine.Extraction;

namespace Engram.Api.Memories;

/// <summary>
/// A memory's extraction. <c>state</c> is <c>queued</c>, <c>running</c>, <c>done</c> or <c>dead</c>; <c>dropped</c> counts triples without evidence in the text;
/// <c>skipped</c> says why the text, or a part of it, was not extracted: <c>system_prompt</c>, <c>tool_dump</c> or <c>recalled</c>.
/// </summary>
public sealed record ExtractionView(
    Guid JobId, Guid MemoryId, string State, int Attempts, int? Triples, int? Dropped, string? Skipped, string? Extractor, string? Error, ProviderFaultView? Provider, DateTimeOffset? RetryAt)
{
    public static ExtractionView From(ExtractionReport report) => new(
        report.JobId, report.MemoryId, report.State, report.Attempts, report.Triples, report.Dropped is 0 ? null : report.Dropped, report.Skipped, report.Extractor, report.Error,
        report.Fault is { } fault ? ProviderFaultView.From(fault) : null, report.RetryAt);
}
