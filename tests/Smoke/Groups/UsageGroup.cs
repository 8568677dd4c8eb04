using Engram.Smoke.Run;
using Engram.Smoke.Wire;

namespace Engram.Smoke.Groups;

/// <summary>What was used, and where the milliseconds went: of what the groups before this one did.</summary>
internal static class UsageGroup
{
    public static async Task RunAsync(Fixture fixture, Checks checks)
    {
        var api = fixture.Tenant.Api;
        var bucket = fixture.NewBucket("usage");
        var before = (await api.GetAsync("/account/plan_usage")).Is(200);
        for (var i = 0; i < 3; i++)
            await fixture.StoreAsync(bucket, new { content = $"Counted memory {i} of the smoke.", dedup = "off", infer = false });
        var asked = (await api.PostAsync("/v1/query", new { query = "Counted memory of the smoke", buckets = new[] { bucket } })).Is(200);
        var refused = await api.GetAsync($"/v1/buckets/{bucket}-none/profile");

        await checks.RunAsync("plan usage has its shape", () => api.GetAsync("/account/plan_usage"), reply =>
            reply.Is(200).HasText("plan").HasText("period.start").HasText("period.end").Where(reply.Number("memories.used") >= 3 && reply.Number("buckets.used") >= 1 && reply.Number("storage_bytes") > 0, "figures above nothing"));
        await checks.SoonAsync("writes and queries are counted", () => api.GetAsync("/account/plan_usage"), reply =>
            reply.Is(200).Where(reply.Number("writes.used") >= before.Number("writes.used") + 3 && reply.Number("queries.used") >= before.Number("queries.used") + 1, "three writes and a query more than before"));
        await checks.RunAsync("usage is told by bucket", () => api.GetAsync("/account/plan_usage"), reply =>
            reply.Where(reply.Is(200).Items("by_bucket").Single(one => one.Text("bucket_name") == bucket).Number("memories") == 3, "three memories in the bucket"));
        await RecordsAsync(fixture, checks, api, asked.Header("X-Request-Id")!, refused.Header("X-Request-Id")!);
        await NumbersAsync(fixture, checks, api);
        await KeptAsync(fixture, checks, api);
    }

    private static async Task RecordsAsync(Fixture fixture, Checks checks, ApiClient api, string asked, string refused)
    {
        await checks.SoonAsync("a query is recorded with its hops", () => api.GetAsync($"/account/requests/{asked}"), reply =>
        {
            reply.Is(200).Has("operation", "POST /v1/query").Has("class", "query").Has("outcome", "ok").Has("status", 200).HasText("deploy_id");
            var hops = reply.Items("hops").Select(hop => hop.Text("hop")).ToHashSet();
            reply.Where(new[] { "auth-decode", "embed", "db-read", "retrieval-fuse", "serialize" }.All(hops.Contains), "its five hops");
            reply.Where(reply.Items("hops").All(hop => hop.Number("start_ms") + hop.Number("duration_ms") <= reply.Number("duration_ms") + 1), "hops within the whole");
        });
        await checks.SoonAsync("a refusal is recorded as the caller's", () => api.GetAsync($"/account/requests/{refused}"), reply => reply.Is(200).Has("outcome", "client_error").Has("status", 404));
        await LaterAsync("store", "a store is recorded", reply => reply.Is(200).Has("class", "store").Has("series", "store_accepted").Has("outcome", "ok"));
        await LaterAsync("search_memories", "an MCP call is recorded under its tool", reply =>
            reply.Is(200).Has("host", "mcp").Has("operation", "search_memories").Has("class", "mcp").Where(reply.Items("hops").Any(hop => hop.Text("hop") == "tool-dispatch"), "the hop of the tool"));
        await LaterAsync("answered", "an answer is recorded with its model", reply => reply.Is(200).Has("class", "query").Has("llm_calls", 1).Has("model", "fake-answer").Where(reply.Items("hops").Any(hop => hop.Text("hop") == "llm-call"), "the hop of the model"));
        await LaterAsync("fault", "a provider's fault is recorded as the provider's", reply => reply.Is(200).Has("outcome", "provider_fault").Has("cause", "rate_limited"));
        await checks.SoonAsync("an extraction is recorded by the Worker", () => api.GetAsync("/account/requests?class=store&operation=extract"), reply =>
            reply.Is(200).Where(reply.Items("requests").Any(one => one.Text("host") == "worker" && one.Text("outcome") == "ok"), "an extraction of the Worker"));
        await checks.RunAsync("records are filtered by class", () => api.GetAsync("/account/requests?class=read&limit=20"), reply =>
            reply.Is(200).Where(reply.Items("requests").Length > 0 && reply.Items("requests").All(one => one.Text("class") == "read"), "reads only"));
        await checks.RunAsync("records come in pages without repeats", async () =>
        {
            var first = (await api.GetAsync("/account/requests?limit=5")).Is(200);
            var second = (await api.GetAsync($"/account/requests?limit=5&cursor={first.Text("next")}")).Is(200);
            var ids = first.Items("requests").Concat(second.Items("requests")).Select(one => one.Text("request_id")).ToArray();
            return second.Where(ids.Length == 10 && ids.Distinct().Count() == 10, "ten different records");
        }, reply => reply.Is(200));

        async Task LaterAsync(string request, string name, Action<Reply> expect)
        {
            if (fixture.Requests.GetValueOrDefault(request) is { Length: > 0 } id)
                await checks.SoonAsync(name, () => api.GetAsync($"/account/requests/{id}"), expect);
            else
                checks.Skip(name, "the operation it looks up was not made in this run");
        }
    }

    private static async Task NumbersAsync(Fixture fixture, Checks checks, ApiClient api)
    {
        await checks.RunAsync("every class has its budget and its sentence", () => api.GetAsync("/account/latency"), reply =>
        {
            var series = reply.Is(200).Items("series").ToDictionary(one => one.Text("series"));
            reply.Where(new[] { "read", "mcp", "store", "query" }.All(name => series.TryGetValue(name, out var one) && one.Number("p95_budget_ms") > 0 && one.Text("bounded_by").Length > 0), "four classes with budgets");
        });
        await checks.RunAsync("reads have percentiles in their order", () => api.GetAsync("/account/latency"), reply =>
        {
            var read = reply.Is(200).Items("series").Single(one => one.Text("series") == "read").At("numbers");
            reply.Where(read.Number("samples") > 10 && read.Number("p50_ms") <= read.Number("p95_ms") && read.Number("p95_ms") <= read.Number("p99_ms"), "p50, p95 and p99 of more than ten samples");
            reply.Where(read.Number("excluded.client_error") >= 1, "refusals beside the samples, not among them");
        });
        await checks.SoonAsync("a key's last use is written down", () => api.GetAsync("/account/keys"), reply => reply.Is(200).Where(reply.Items("keys").Any(key => !key.Lacks("last_used_at")), "a last use"));
        await checks.RunAsync("changes of the account are in the audit", () => api.GetAsync("/account/audit?action=key.&limit=100"), reply =>
            reply.Is(200).Where(reply.Items("entries").Any(entry => entry.Text("action") == "key.create") && reply.Items("entries").Any(entry => entry.Text("action") == "key.revoke"), "made and revoked keys"));
        await checks.RunAsync("failed extractions are listed", () => api.GetAsync("/account/jobs?state=dead"), reply => reply.Is(200).Where(reply.Items("jobs").Length == 0 || fixture.Other is null, "no extraction of the smoke to have failed"));
    }

    private static async Task KeptAsync(Fixture fixture, Checks checks, ApiClient api)
    {
        if (fixture.NoOwnTenant is { } reason)
        {
            // Runs cannot be taken back: in somebody's tenant a trial would stay in the charts.
            checks.Skip("a run is kept and read", reason);
            return;
        }

        var kept = (await api.PostAsync("/account/smoke", new { at = DateTimeOffset.UtcNow, verdict = "passed", duration_ms = 1.5, checks = new[] { new { group = "a", name = "b", outcome = "passed", ms = 0.5 } } })).Is(201);
        await checks.RunAsync("a run is kept and read", () => api.GetAsync($"/account/smoke/{kept.Text("id")}"), reply => reply.Is(200).Has("passed", 1).Has("checks.0.ms", 0.5).HasText("deploy_id"));
    }
}
