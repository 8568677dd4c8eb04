namespace Engram.Api.Buckets;

/// <summary>Examples for the OpenAPI document.</summary>
internal static class BucketExamples
{
    public const string One = """
        {"id":"019c1234-5678-7abc-8def-0123456789ab","name":"notes","bucket_name":"notes","description":"Meeting notes","created_at":"2026-01-31T09:30:00+00:00","memory_count":0}
        """;

    public const string List = $$"""{"buckets":[{{One}}]}""";

    public const string Create = """{"name":"notes","description":"Meeting notes"}""";

    public const string Describe = """{"description":"Meeting notes"}""";

    public const string Router = """
        {"buckets":[{"id":"019c1234-5678-7abc-8def-0123456789ab","name":"default","memory_count":42,"last_write_at":"2026-01-31T09:30:00+00:00"}]}
        """;

    public const string Profile = """
        {"bucket_id":"019c1234-5678-7abc-8def-0123456789ab","status":"ready","updated_at":"2026-01-31T09:30:00+00:00","n_memories_at_gen":42,"profile":"Ann: lives in Lisbon; likes green tea.","source":"rules"}
        """;
}
