namespace Engram.Api.Graph;

/// <summary>Examples for the OpenAPI document.</summary>
internal static class GraphExamples
{
    private const string Bucket = "019c1234-5678-7abc-8def-0123456789ab";
    private const string Ann = "019c1234-5678-7abc-8def-0123456789b1";
    private const string Lisbon = "019c1234-5678-7abc-8def-0123456789b2";

    public const string Entities = $$$"""
        {"bucket_id":"{{{Bucket}}}","bucket_name":"notes","entities":[{"id":"{{{Ann}}}","name":"Ann","kind":"person","facts":7},{"id":"{{{Lisbon}}}","name":"Lisbon","facts":2}]}
        """;

    public const string Graph = $$$"""
        {"bucket_id":"{{{Bucket}}}","bucket_name":"notes","center_id":"{{{Ann}}}","hops":1,"nodes":[{"id":"{{{Ann}}}","name":"Ann","kind":"person","depth":0,"facts":7},{"id":"{{{Lisbon}}}","name":"Lisbon","depth":1,"facts":2}],"edges":[{"id":"019c1234-5678-7abc-8def-0123456789c1","subject_id":"{{{Ann}}}","predicate":"lives_in","object_id":"{{{Lisbon}}}","negated":false,"confidence":0.9,"valid_from":"2026-01-31T00:00:00+00:00","superseded":false,"memory_ids":["019c1234-5678-7abc-8def-0123456789ac"]}],"more":0,"earliest_at":"2026-01-31T00:00:00+00:00","latest_at":"2026-01-31T00:00:00+00:00"}
        """;
}
