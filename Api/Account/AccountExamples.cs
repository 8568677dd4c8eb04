namespace Engram.Api.Account;

/// <summary>Examples for the OpenAPI document.</summary>
internal static class AccountExamples
{
    public const string Me = """
        {"tenant":{"id":"019c1234-5678-7abc-8def-0123456789ab","name":"Development"},"key":{"id":"019c1234-5678-7abc-8def-0123456789ac","name":"Agent","prefix":"eng_live_9t6ahd","scopes":["memories:read"]}}
        """;

    public const string PlanUsage = """
        {"plan":"free","period":{"start":"2026-01-01T00:00:00+00:00","end":"2026-02-01T00:00:00+00:00"},"memories":{"used":42,"limit":10000,"hard_limit":10000,"percent":0,"mark":"ok"},"buckets":{"used":1,"limit":100,"hard_limit":100,"percent":1,"mark":"ok"},"writes":{"used":42,"limit":10000,"hard_limit":10000,"percent":0,"mark":"ok"},"queries":{"used":7,"limit":20000,"hard_limit":20000,"percent":0,"mark":"ok"},"tokens":{"input":1200,"output":90},"cost_usd":0.00312,"storage_bytes":4200,"by_bucket":[{"bucket_id":"019c1234-5678-7abc-8def-0123456789ab","bucket_name":"default","memories":42,"storage_bytes":4200,"writes":42}],"by_key":[{"key_id":"019c1234-5678-7abc-8def-0123456789ac","writes":42,"queries":7,"input_tokens":1200,"output_tokens":90,"cost_usd":0.00312}],"by_model":[{"day":"2026-01-31","provider":"openai","model":"gpt-4.1","operation":"POST /v1/query","role":"synthesize","calls":1,"faults":0,"unpriced_calls":0,"tokens":{"input":1200,"output":90},"cost_usd":0.00312}],"marks":[{"quantity":"queries","percent":80,"used":16000,"included":20000,"reached_at":"2026-01-25T14:03:11+00:00"}],"projected":{"memories":84,"writes":84,"queries":14,"input_tokens":2400,"output_tokens":180,"cost_usd":0.00624}}
        """;

    public const string CreateKey = """{"name":"Agent","scopes":["memories:read","memories:write"],"buckets":["default"],"expires_at":"2027-01-31T00:00:00Z"}""";

    public const string CreatedKey = """
        {"key":"eng_live_ ... shown once ...","id":"019c1234-5678-7abc-8def-0123456789ac","name":"Agent","prefix":"eng_live_9t6ahd","scopes":["memories:read","memories:write"],"buckets":["default"],"created_at":"2026-01-31T09:30:00+00:00","expires_at":"2027-01-31T00:00:00+00:00"}
        """;

    public const string RollKey = """{"grace_seconds":3600}""";

    public const string Keys = """
        {"keys":[{"id":"019c1234-5678-7abc-8def-0123456789ac","name":"Agent","prefix":"eng_live_9t6ahd","scopes":["memories:read","memories:write"],"buckets":["default"],"status":"active","created_at":"2026-01-31T09:30:00+00:00","last_used_at":"2026-01-31T09:31:00+00:00","legacy":false}]}
        """;

    public const string SetUp = """{"token":"the token of the one-time link","email":"ann@example.org","password":"at least ten characters"}""";

    public const string SetUpDone = $$$"""
        {"session_token":"eng_sess_ ...","expires_at":"2026-01-31T21:30:00+00:00","tenant":{"id":"019c1234-5678-7abc-8def-0123456789ab","name":"Development"},"user":{"email":"ann@example.org","role":"owner"},"first_key":{{{CreatedKey}}}}
        """;

    public const string SignIn = """{"email":"ann@example.org","password":"at least ten characters"}""";

    public const string OidcSignIn = """{"id_token":"eyJhbGciOiJSUzI1NiJ9.eyJlbWFpbCI6ImFubkBleGFtcGxlLm9yZyJ9.c2lnbmF0dXJl","nonce":"a random text of the sign-in"}""";

    public const string Session = """
        {"session_token":"eng_sess_ ...","expires_at":"2026-01-31T21:30:00+00:00","tenant":{"id":"019c1234-5678-7abc-8def-0123456789ab","name":"Development"},"user":{"email":"ann@example.org","role":"owner"}}
        """;

    public const string DailyUsage = """
        {"from":"2026-01-02","to":"2026-01-31","days":[{"day":"2026-01-31","operation":"store","requests":40,"memories":42},{"day":"2026-01-31","operation":"query","requests":7,"memories":31}],"models":[{"day":"2026-01-31","provider":"openai","model":"gpt-4.1","operation":"POST /v1/query","role":"synthesize","calls":1,"faults":0,"unpriced_calls":0,"tokens":{"input":1200,"output":90},"cost_usd":0.00312}]}
        """;
}
