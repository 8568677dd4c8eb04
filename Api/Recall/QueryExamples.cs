namespace Engram.Api.Recall;

/// <summary>Examples for the OpenAPI document.</summary>
internal static class QueryExamples
{
    public const string Ask = """{"query":"Where does Ann live?","buckets":["default"],"options":{"top_k":3}}""";

    public const string Answer = """
        {"answer":"Ann moved to Lisbon last March. [019c1234-5678-7abc-8def-0123456789ab]","answer_status":"answered","citations":[{"memory_id":"019c1234-5678-7abc-8def-0123456789ab","quote":"Ann moved to Lisbon last March.","strength":0.8}],"memories_found":1,"usage":{"input_tokens":0,"output_tokens":0,"context_tokens":9,"actual_input_tokens":0,"actual_output_tokens":0,"llm_calls":0},"timings":{"db-read":1.2,"embed":0.7,"total":2.4},"request_id":"019c1234-5678-7abc-8def-0123456789ae"}
        """;
}
