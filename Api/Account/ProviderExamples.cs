namespace Engram.Api.Account;

/// <summary>Examples for the OpenAPI document.</summary>
internal static class ProviderExamples
{
    private const string Id = "019c1234-5678-7abc-8def-0123456789ad";

    public const string Catalogue = """
        {"prices_as_of":"2026-03-31","providers":[{"id":"openai","display_name":"OpenAI","wire_format":"openai","base_url":"https://api.openai.com/v1/","key_required":true,"capabilities":{"json_schema":true,"streaming":true,"embeddings":true},"suggested_models":[{"role":"synthesize","model":"gpt-4.1","price":{"input":2,"output":8}}]}]}
        """;

    public const string Create = """{"provider":"openai","label":"Our account","api_key":"sk-your-own-key-0000","prices":{"gpt-4.1":{"input":1.5,"output":6}}}""";

    public const string One = $$$"""
        {"id":"{{{Id}}}","provider":"openai","label":"Our account","key":"...7f3a","prices":{"gpt-4.1":{"input":1.5,"output":6}},"roles":["synthesize"],"created_at":"2026-01-31T09:30:00+00:00","last_success_at":"2026-01-31T09:31:00+00:00"}
        """;

    private const string Model = $$"""{"role":"synthesize","connection_id":"{{Id}}","provider":"openai","model":"gpt-4.1","updated_at":"2026-01-31T09:30:00+00:00"}""";

    public const string List = $$$"""{"providers":[{{{One}}}],"models":[{{{Model}}}]}""";

    public const string Rotate = """{"api_key":"sk-your-new-key-0000"}""";

    public const string Update = """{"label":"Our account","prices":{"gpt-4.1":{"input":1.5,"output":6}}}""";

    public const string Test = """{"model":"gpt-4.1"}""";

    public const string Tested = """
        {"ok":false,"model":"gpt-4.1","latency_ms":212.4,"kind":"auth","upstream_status":401,"hint":"The key is wrong or revoked: set a new one.","provider_words":"Incorrect API key provided."}
        """;

    public const string SetModel = $$"""{"connection_id":"{{Id}}","model":"gpt-4.1"}""";

    public const string SetModelDone = Model;

    public const string Models = $$$"""{"models":[{{{Model}}}],"embed":{"model":"text-embedding-3-small","dimension":1536,"done":1200,"total":5000,"refused":0,"buckets_ready":2,"failed_attempts":0}}""";

    public const string Audit = $$"""
        {"entries":[{"id":"019c1234-5678-7abc-8def-0123456789ae","at":"2026-01-31T09:30:00+00:00","actor":"ann@example.org","key_id":"019c1234-5678-7abc-8def-0123456789ac","key_prefix":"eng_sess_9t6ahd","ip":"203.0.113.7","action":"provider.rotate","target":"provider:{{Id}}","before":{"last_four":"7f3a"},"after":{"last_four":"11c2"},"request_id":"019c1234-5678-7abc-8def-0123456789af"}],"next":"019c1234-5678-7abc-8def-0123456789ae"}
        """;

    public const string Faults = """
        {"faults":[{"id":"019c1234-5678-7abc-8def-0123456789b0","at":"2026-01-31T09:30:00+00:00","request_id":"019c1234-5678-7abc-8def-0123456789af","operation":"POST /v1/query","role":"synthesize","provider":"openai","model":"gpt-4.1","kind":"rate_limited","upstream_status":429,"elapsed_ms":30012.5,"wait_ms":21000,"attempts":3,"retry_after_ms":20000,"hint":"The provider limits your account: wait, or raise the limit there."}]}
        """;

    public const string Calls = """
        {"calls":[{"id":"019c1234-5678-7abc-8def-0123456789b0","at":"2026-01-31T09:30:00+00:00","request_id":"019c1234-5678-7abc-8def-0123456789af","operation":"POST /v1/query","role":"synthesize","provider":"openai","model":"gpt-4.1","tokens":{"input":1200,"output":90},"cost_usd":0.00312,"elapsed_ms":912.4,"wait_ms":0,"first_token_ms":310.2,"attempts":1,"key_id":"019c1234-5678-7abc-8def-0123456789ac"}]}
        """;

    public const string SetBudgets = """{"tenant":{"daily_tokens":2000000,"daily_usd":5},"keys":[{"key_id":"019c1234-5678-7abc-8def-0123456789ac","daily_usd":0.5}]}""";

    public const string Budgets = """
        {"tenant":{"daily_tokens":2000000,"daily_usd":5,"used_tokens":1290,"used_usd":0.00312},"keys":[{"key_id":"019c1234-5678-7abc-8def-0123456789ac","daily_usd":0.5,"used_tokens":1290,"used_usd":0.00312}],"resets_at":"2026-02-01T00:00:00+00:00"}
        """;
}
