namespace Engram.McpServer.Tools;

/// <summary>Pieces of JSON Schema that several tools share.</summary>
internal static class Schemas
{
    public const string Bucket = """
        "bucket": {"type": "string", "minLength": 1, "maxLength": 128, "default": "default",
          "description": "Name of the bucket. Leave out for \"default\"; list_buckets shows which there are.", "examples": ["default", "work"]}
        """;

    public const string Buckets = """
        "buckets": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 128}, "minItems": 1, "maxItems": 32,
          "description": "Several buckets at once, instead of bucket.", "examples": [["default", "work"]]}
        """;

    public const string TopK = """
        "top_k": {"type": "integer", "minimum": 1, "maximum": 100, "default": 8,
          "description": "Most memories to return: 3-5 for a chat turn, 8-12 to write from, 20-50 to explore."}
        """;

    public const string Filters = """
        "filters": {"type": "object",
          "description": "Only memories that match: fields user_id, agent_id, run_id, categories, occurred_at, created_at, metadata.<key>; a value, a list of values, or {\"gte\": ...}, {\"contains\": ...}; AND, OR, NOT take lists of conditions.",
          "examples": [{"user_id": "ann"}, {"occurred_at": {"gte": "2026-01-01T00:00:00Z"}}]}
        """;

    public const string MemoryId = """
        "memory_id": {"type": "string", "format": "uuid",
          "description": "Id of the memory, as store_memory, list_memories and search_memories return it.", "examples": ["0198c0de-7a11-7000-8000-000000000000"]}
        """;

    public const string Memory = """
        {"type": "object", "properties": {
          "memory_id": {"type": "string"}, "bucket_name": {"type": "string", "description": "Left out where all are of the bucket named beside them."},
          "content": {"type": "string"},
          "truncated": {"type": "boolean", "description": "The content goes on where [...] stands: get_memory with from = next_from returns the rest."},
          "next_from": {"type": "integer"}, "score": {"type": "number"}, "occurred_at": {"type": "string", "format": "date-time"},
          "created_at": {"type": "string", "format": "date-time", "description": "When it was stored, if not when it occurred."},
          "user_id": {"type": "string"}, "categories": {"type": "array", "items": {"type": "string"}}, "metadata": {"type": "object"}},
          "required": ["memory_id", "content", "occurred_at"]}
        """;

    public const string Facts = """
        {"type": "array", "items": {"type": "object", "properties": {
          "subject": {"type": "string"}, "predicate": {"type": "string"}, "object": {"type": "string"}, "negated": {"type": "boolean"},
          "superseded": {"type": "boolean"}, "memory_id": {"type": "string"}, "bucket_name": {"type": "string"}, "depth": {"type": "integer"},
          "timestamp": {"type": "string"}}, "required": ["subject", "predicate", "object", "memory_id", "bucket_name"]}}
        """;
}
