namespace Engram.Api.Memories;

/// <summary>Examples for the OpenAPI document.</summary>
internal static class MemoryExamples
{
    public const string Store = """
        {"content":"Ann moved to Lisbon last March.","user_id":"ann","metadata":{"source":"chat"},"categories":["places"],"occurred_at":"2026-01-31T09:30:00Z"}
        """;

    public const string Receipt = """
        {"id":"019c1234-5678-7abc-8def-0123456789ab","memory_id":"019c1234-5678-7abc-8def-0123456789ab","bucket_name":"default","token_count":9,"status":"stored","indexes":{"keyword":"ready","vector":"ready","graph":"pending"},"undo_token":"AZwSNFZ4erzejwEjRWeJqwAAAZwSNFZ4"}
        """;

    public const string Undo = """{"undo_token":"AZwSNFZ4erzejwEjRWeJqwAAAZwSNFZ4"}""";

    public const string Edit = """{"content":"Ann moved to Porto last March."}""";

    public const string Cleared = """{"success":true,"cleared_count":42,"dry_run":true}""";

    public const string Page = $$"""{"memories":[{{{One}}}],"total":1,"limit":20,"offset":0}""";

    public const string Detail = $$"""
        {{{One}},"triples":[{"id":"019c1234-5678-7abc-8def-0123456789ad","subject":"Ann","predicate":"lives_in","object":"Lisbon","negated":false,"confidence":0.9,"superseded":false,"span_start":0,"span_length":19,"extractor":"rules","other_sources":0}],"history":[]}
        """;

    // Without its braces, so that it can stand alone and inside a larger object.
    private const string One = """
        "id":"019c1234-5678-7abc-8def-0123456789ab","bucket_id":"019c1234-5678-7abc-8def-0123456789ac","bucket_name":"default","content":"Ann moved to Lisbon last March.","token_count":9,"language":"english","metadata":{"source":"chat"},"user_id":"ann","categories":["places"],"occurred_at":"2026-01-31T09:30:00+00:00","status":"stored","extraction":"extracted","version":1,"created_at":"2026-01-31T09:30:00+00:00","updated_at":"2026-01-31T09:30:00+00:00"
        """;
}
