namespace Engram.Api.Account;

/// <summary>Examples for the OpenAPI document.</summary>
internal static class LatencyExamples
{
    private const string Numbers = """
        {"series":"read","from":"2026-01-31T09:00:00+00:00","samples":1204,"mean_ms":0.52,"p50_ms":0.41,"p95_ms":0.93,"p99_ms":1.8,"cold":3,"excluded":{"cutoff":0,"shape_fail":0,"client_error":4,"provider_fault":0,"server_error":0}}
        """;

    public const string Latency = $$$"""
        {"from":"2026-01-31T09:00:00+00:00","to":"2026-01-31T10:00:00+00:00","step_seconds":60,"method":"exact","relative_error":0,"cutoff_ms":30000,"series":[{"series":"read","class":"read","p95_budget_ms":50,"bounded_by":"One round trip to the database; nothing outside is called.","within_budget":true,"tail_ratio":1.94,"tail":"healthy","tail_target":3,"structurally_heavy":true,"numbers":{{{Numbers}}},"warm":{"samples":1201,"mean_ms":0.5,"p50_ms":0.41,"p95_ms":0.92,"p99_ms":1.1},"cold":{"samples":3,"mean_ms":1.6,"p50_ms":1.4,"p95_ms":1.8,"p99_ms":1.8},"hops":[{"hop":"db-read","share":0.61,"mean_ms":0.317},{"hop":"other","share":0.39,"mean_ms":0.203}]}],"operations":[],"steps":[],"cutoffs":[],"exclusions":[{"series":"read","operation":"GET /v1/buckets/{bucket}/profile","outcome":"client_error","cause":"bucket_not_found","count":4}],"deploys":[{"deploy_id":"0.1.0","first_at":"2026-01-31T09:00:04+00:00","operations":1208}],"lost":0}
        """;

    public const string Public = """
        {"from":"2026-01-24T10:00:00+00:00","to":"2026-01-31T10:00:00+00:00","cutoff_ms":30000,"relative_error":0.01,"numbers":[{"class":"read","p95_ms":0.93,"p95_budget_ms":50,"within_budget":true,"samples":120431,"excluded":12,"cutoffs":0,"bounded_by":"One round trip to the database; nothing outside is called."}]}
        """;

    public const string Breakdown = """
        {"from":"2026-01-31T09:00:00+00:00","to":"2026-01-31T10:00:00+00:00","step_seconds":60,"method":"exact","series":"query","hops":[{"from":"2026-01-31T09:00:00+00:00","operations":3,"mean_ms":870.2,"hops":[{"hop":"db-read","mean_ms":6.1},{"hop":"llm-call","mean_ms":851.3}]}]}
        """;

    public const string Request = """
        {"request_id":"019c1234-5678-7abc-8def-0123456789af","at":"2026-01-31T09:30:00+00:00","host":"api","operation":"POST /v1/query","class":"query","series":"search","outcome":"ok","duration_ms":12.4,"status":200,"cold":false,"key_id":"019c1234-5678-7abc-8def-0123456789ac","request_bytes":61,"response_bytes":4210,"llm_calls":0,"input_tokens":0,"output_tokens":0,"deploy_id":"0.1.0","hops":[{"hop":"auth-decode","start_ms":0.02,"duration_ms":0.01},{"hop":"embed","start_ms":0.1,"duration_ms":0.7},{"hop":"db-read","label":"keyword","start_ms":1.9,"duration_ms":5.2}]}
        """;

    public const string Requests = $$"""{"requests":[{{Request}}],"next":"638960000000000000_019c1234-5678-7abc-8def-0123456789af"}""";
}
