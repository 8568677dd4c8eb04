using Engram.Smoke.Run;
using Engram.Smoke.Wire;

namespace Engram.Smoke.Groups;

/// <summary>Retrieval by each arm, and answers that rest on what was retrieved.</summary>
internal static class QueryGroup
{
    public static async Task RunAsync(Fixture fixture, Checks checks)
    {
        var api = fixture.Tenant.Api;
        var (bucket, second) = (fixture.NewBucket("query"), fixture.NewBucket("query-second"));
        var lisbon = await fixture.StoreAsync(bucket, new { content = "Ada Lovelace moved to Lisbon and works at Acme." }, extracted: true);
        var tea = await fixture.StoreAsync(bucket, new { content = "For breakfast she always drinks jasmine tea.", infer = false });
        await fixture.StoreAsync(bucket, new { content = "The quarterly report is due on the last Friday of March.", infer = false });
        await fixture.StoreAsync(second, new { content = "Ada Lovelace keeps two cats in Lisbon.", infer = false });

        await RetrievalAsync(checks, api, bucket, second, lisbon, tea);
        await AnswersAsync(fixture, checks, api, bucket, lisbon);
        await checks.RunAsync("a bucket there is not is not found", () => Ask(api, "Ada", $"{bucket}-none"), reply => reply.IsProblem(404, "bucket_not_found"));
        await checks.RunAsync("an unknown option is named", () => Ask(api, "Ada", bucket, new { top_kk = 3 }), reply => reply.IsProblem(400, "invalid_request", "options.top_kk"));
        await checks.RunAsync("a value out of range is named", () => Ask(api, "Ada", bucket, new { top_k = 0 }), reply => reply.IsProblem(400, "invalid_request", "options.top_k"));
        await checks.RunAsync("a profile is made of the graph", () => api.PostAsync($"/v1/buckets/{bucket}/profile/regenerate"), reply => reply.Is(200).Has("status", "ready").With("Ada"));
    }

    private static async Task RetrievalAsync(Checks checks, ApiClient api, string bucket, string second, string lisbon, string tea)
    {
        await checks.RunAsync("retrieval alone has ranks and no answer", () => Search(api, "Where does Ada Lovelace work?", bucket), reply =>
            reply.Is(200).HasNo("answer").Has("explanation.retrieved_memories.0.memory_id", lisbon).Where(reply.Number("memories_found") >= 1, "memories").Has("usage.llm_calls", 0));
        await checks.RunAsync("the keyword arm finds a rare word", () => Search(api, "jasmine", bucket), reply => reply.Is(200).Has("explanation.retrieved_memories.0.memory_id", tea).Has("explanation.retrieved_memories.0.ranks.keyword", 1));
        await checks.RunAsync("the vector arm finds other words for it", () => Search(api, "What hot beverage does she like in the morning?", bucket), reply =>
            reply.Is(200).Where(reply.Items("explanation.retrieved_memories").Any(memory => memory.Text("memory_id") == tea && !memory.Lacks("ranks.vector") && memory.Number("ranks.vector") <= 2), "the tea by its vector"));
        await checks.RunAsync("the graph arm finds facts of whom the question names", () => Search(api, "Ada Lovelace", bucket), reply =>
        {
            var facts = reply.Is(200).Items("explanation.graph_facts");
            reply.Where(facts.Any(fact => fact.Text("subject") == "Ada Lovelace" && fact.Text("memory_id") == lisbon), "a fact about Ada Lovelace");
            reply.Where(!reply.Items("explanation.retrieved_memories").Single(memory => memory.Text("memory_id") == lisbon).Lacks("ranks.graph"), "a rank in the graph arm");
        });
        await checks.RunAsync("top_k bounds what comes back", () => Search(api, "Ada tea report", bucket, new { top_k = 1, skip_synthesis = true }), reply => reply.Is(200).Where(reply.Items("explanation.retrieved_memories").Length == 1, "one memory"));
        await checks.RunAsync(
            "a bucket's weight weighs its memories",
            () => api.PostAsync("/v1/query", new { query = "Ada Lovelace in Lisbon", buckets = new object[] { bucket, new { name = second, weight = 0.1 } }, options = new { skip_synthesis = true } }),
            reply =>
            {
                var memories = reply.Is(200).Items("explanation.retrieved_memories");
                var light = memories.Single(memory => memory.Text("bucket_name") == second);
                reply.Where(Math.Abs((light.Number("raw_score") * 0.1) - light.Number("weighted_score")) < 1e-4 && light.Number("weight") == 0.1, "a tenth of its score");
                reply.Where(memories[0].Text("bucket_name") == bucket, "the other bucket first");
            });
        await checks.RunAsync("a threshold of likeness keeps the unlike away", () => Search(api, "Ada", bucket, new { min_similarity_threshold = 0.99, skip_synthesis = true }), reply => reply.Is(200).Has("memories_found", 0));
        await checks.RunAsync("the explanation can be left out", () => Search(api, "Ada", bucket, new { return_explanation = false, skip_synthesis = true }), reply => reply.Is(200).HasNo("explanation").At("usage.context_tokens"));
        await checks.RunAsync("what cannot be done is said", () => Search(api, "Ada", bucket, new { rerank = "light", skip_synthesis = true }), reply => reply.Is(200).Where(reply.Items("warnings").Any(warning => warning.GetString()!.Contains("rerank", StringComparison.Ordinal)), "a warning about reranking"));
    }

    private static async Task AnswersAsync(Fixture fixture, Checks checks, ApiClient api, string bucket, string lisbon)
    {
        var answered = await checks.RunAsync("an answer cites what was retrieved, word for word", () => Ask(api, "Where does Ada Lovelace work?", bucket), reply =>
        {
            reply.Is(200).HasText("answer").Where(reply.Text("answer_status") is "answered" or "partial", "an answer");
            var retrieved = reply.Items("explanation.retrieved_memories").ToDictionary(memory => memory.Text("memory_id"), memory => memory.Text("content"));
            var citations = reply.Items("citations");
            reply.Where(citations.Length > 0 && citations[0].Text("memory_id") == lisbon, "Ada's memory to be cited first");
            reply.Where(citations.All(citation => retrieved.TryGetValue(citation.Text("memory_id"), out var content) && content.Contains(citation.Text("quote"), StringComparison.Ordinal)), "every quote to be in what was retrieved");
            reply.With($"[{lisbon}]");
        });
        fixture.Requests["query"] = answered?.Header("X-Request-Id") ?? "";
        await checks.RunAsync("a question nothing speaks to is not answered", () => Ask(api, "Which chess opening beats the Sicilian defence?", bucket), reply => reply.Is(200).Has("answer_status", "not_found").Where(reply.Items("citations").Length == 0, "no citation"));
        await checks.RunAsync("an answer comes as JSON if asked", () => Ask(api, "Where does Ada Lovelace work?", bucket, new { return_format = "json" }), reply => reply.Is(200).HasText("answer_json.answer"));
        await checks.RunAsync("an answer has its times and its request id", () => Ask(api, "Where does Ada Lovelace work?", bucket), reply =>
            reply.Is(200).Has("request_id", reply.Header("X-Request-Id") ?? "none").Where(reply.Number("timings.total") > 0 && reply.Number("timings.db-read") > 0, "the times of its hops"));
    }

    private static Task<Reply> Search(ApiClient api, string query, string bucket, object? options = null) => Ask(api, query, bucket, options ?? new { skip_synthesis = true });

    private static Task<Reply> Ask(ApiClient api, string query, string bucket, object? options = null) =>
        api.PostAsync("/v1/query", options is null ? new { query, buckets = new[] { bucket } } : new { query, buckets = new[] { bucket }, options });
}
