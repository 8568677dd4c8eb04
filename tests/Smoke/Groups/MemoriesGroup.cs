using Engram.Smoke.Run;
using Engram.Smoke.Wire;

namespace Engram.Smoke.Groups;

/// <summary>Storing, reading, editing, taking back.</summary>
internal static class MemoriesGroup
{
    public static async Task RunAsync(Fixture fixture, Checks checks)
    {
        var api = fixture.Tenant.Api;
        var bucket = fixture.NewBucket("memories");
        var path = $"/v1/buckets/{bucket}/memories";
        await StoreAndEditAsync(fixture, checks, bucket, path);
        await RepeatAsync(checks, api, path);
        await ListAsync(fixture, checks, api);
        await checks.RunAsync("a text that is too long is refused", () => api.PostAsync(path, new { content = new string('x', 65_537) }), reply => reply.IsProblem(413, "payload_too_large"));
        await checks.RunAsync("an empty text is refused", () => api.PostAsync(path, new { content = "" }), reply => reply.IsProblem(400, "invalid_request", "content"));
    }

    private static async Task StoreAndEditAsync(Fixture fixture, Checks checks, string bucket, string path)
    {
        var api = fixture.Tenant.Api;
        var stored = await checks.RunAsync(
            "a store is answered with its receipt",
            () => api.PostAsync(path, new
            {
                content = "Ada moved to Lisbon in May and works at Acme.",
                user_id = "ada",
                metadata = new { source = "smoke" },
                categories = new[] { "places" },
                occurred_at = "2026-05-02T09:30:00Z",
            }),
            reply => reply.Is(201).Has("bucket_name", bucket).Has("status", "stored").Has("indexes.keyword", "ready").Has("indexes.vector", "ready").HasText("undo_token")
                .Where(reply.Text("id") == reply.Text("memory_id"), "memory_id to repeat id").Where(reply.Number("token_count") > 0, "tokens"));
        if (stored is null)
            return;
        var id = stored.Text("id");
        fixture.Requests["store"] = stored.Header("X-Request-Id") ?? "";
        await checks.RunAsync("a memory is listed at once", () => api.GetAsync(path), reply => reply.Is(200).Has("total", 1).Has("memories.0.id", id));
        await checks.RunAsync("a memory comes back as it was stored", () => api.GetAsync($"{path}/{id}"), reply =>
            reply.Is(200).Has("content", "Ada moved to Lisbon in May and works at Acme.").Has("user_id", "ada").Has("metadata.source", "smoke").Has("categories.0", "places").Has("version", 1)
                .Where(reply.At("occurred_at").GetDateTimeOffset() == new DateTimeOffset(2026, 5, 2, 9, 30, 0, TimeSpan.Zero), "its own time"));
        await checks.SoonAsync("its triples are extracted, each with its place in the text", () => api.GetAsync($"{path}/{id}"), reply =>
        {
            var triples = reply.Is(200).Has("extraction", "extracted").Items("triples");
            var text = reply.Text("content");
            reply.Where(triples.Any(triple => triple.Text("subject").StartsWith("Ada", StringComparison.Ordinal)), "a triple about Ada");
            reply.Where(triples.All(triple => triple.Number("span_start") + triple.Number("span_length") <= text.Length && triple.Number("span_length") > 0), "spans within the text");
        });
        await checks.RunAsync("wait=extracted waits for the graph", () => api.PostAsync($"{path}?wait=extracted", new { content = "Grace Hopper lives in Arlington." }), reply =>
            reply.Is(201).Has("indexes.graph", "ready").Has("extraction.state", "done").Where(reply.Number("extraction.triples") >= 1, "a triple"));
        await checks.RunAsync("an edit makes a new version", () => api.PatchAsync($"{path}/{id}", new { content = "Ada moved to Porto in June and works at Acme." }), reply =>
            reply.Is(200).Has("version", 2).Has("content", "Ada moved to Porto in June and works at Acme."));
        await checks.RunAsync("the former text is in the history", () => api.GetAsync($"{path}/{id}"), reply => reply.Is(200).Has("history.0.content", "Ada moved to Lisbon in May and works at Acme."));
        await checks.RunAsync("the edited text is found by its new words", () => Search(api, bucket, "Porto June"), reply => reply.Is(200).Has("explanation.retrieved_memories.0.memory_id", id)
            .Has("explanation.retrieved_memories.0.ranks.keyword", 1));
        await checks.RunAsync("a memory is deleted", () => api.DeleteAsync($"{path}/{id}"), reply => reply.Is(204));
        await checks.RunAsync("a deleted memory is gone", () => api.GetAsync($"{path}/{id}"), reply => reply.IsProblem(404, "memory_not_found"));
        await checks.RunAsync("a deleted memory is found no more", () => Search(api, bucket, "Ada Porto June Acme"), reply => reply.Is(200).Without(id));
    }

    private static async Task RepeatAsync(Checks checks, ApiClient api, string path)
    {
        var key = Guid.NewGuid().ToString();
        object once = new { content = "Stored once however often it is sent.", dedup = "off", infer = false };
        var first = (await api.PostAsync(path, once, ("Idempotency-Key", key))).Is(201);
        await checks.RunAsync("a repeated Idempotency-Key stores nothing twice", () => api.PostAsync(path, once, ("Idempotency-Key", key)), reply => reply.Is(201).Has("id", first.Text("id")));
        await checks.RunAsync("an Idempotency-Key of another request is a conflict", () => api.PostAsync(path, new { content = "Something else." }, ("Idempotency-Key", key)), reply => reply.IsProblem(409, "idempotency_conflict"));
        var undone = (await api.PostAsync(path, new { content = "Taken back at once.", infer = false })).Is(201);
        await checks.RunAsync("a store is taken back", () => api.PostAsync($"{path}/undo", new { undo_token = undone.Text("undo_token") }), reply => reply.Is(204));
        await checks.RunAsync("what was taken back is gone", () => api.GetAsync($"{path}/{undone.Text("id")}"), reply => reply.IsProblem(404, "memory_not_found"));
        await checks.RunAsync("a dry run says what would be stored", () => api.PostAsync($"{path}?dry_run=true", new { content = "Never stored at all." }), reply =>
            reply.Is(200).Has("dry_run", true).Has("status", "stored").HasNo("undo_token"));
        await checks.RunAsync("a dry run stores nothing", () => api.GetAsync($"{path}?limit=100"), reply => reply.Is(200).Without("Never stored at all"));
        object[] several = [new { content = "The first of three.", infer = false }, new { content = "" }, new { content = "The third of three.", infer = false }];
        await checks.RunAsync("of several memories a wrong one fails alone", () => api.PostAsync(path, new { memories = several }), reply =>
            reply.Is(201).Has("memories.0.status", "stored").Has("memories.1.error.code", "invalid_request").Has("memories.2.status", "stored"));
    }

    private static async Task ListAsync(Fixture fixture, Checks checks, ApiClient api)
    {
        const int Count = 7;
        var bucket = fixture.NewBucket("pages");
        var path = $"/v1/buckets/{bucket}/memories";
        var ids = new List<string>();
        for (var i = 1; i <= Count; i++)
            ids.Add(await fixture.StoreAsync(bucket, new { content = $"Page memory number {i} of the smoke.", dedup = "off", infer = false }));
        ids.Reverse();
        await checks.RunAsync("a list is newest first", () => api.GetAsync($"{path}?limit=100"), reply =>
            reply.Is(200).Has("total", Count).HasSame(ids, reply.Items("memories").Select(memory => memory.Text("id")), "the order"));
        await checks.RunAsync("cursors lead through a list without repeats or gaps", () => WalkAsync(api, path, ids), reply => reply.Is(200));
        await checks.RunAsync("an offset skips", () => api.GetAsync($"{path}?limit=2&offset=5"), reply => reply.Is(200).HasSame(ids[5..7], reply.Items("memories").Select(memory => memory.Text("id")), "the last two"));
        await checks.RunAsync("clearing can be tried", () => api.DeleteAsync($"{path}?dry_run=true"), reply => reply.Is(200).Has("cleared_count", Count).Has("dry_run", true));
        await checks.RunAsync("a bucket is cleared", () => api.DeleteAsync(path), reply => reply.Is(200).Has("success", true).Has("cleared_count", Count));
        await checks.RunAsync("a cleared bucket is empty", () => api.GetAsync(path), reply => reply.Is(200).Has("total", 0));
    }

    private static async Task<Reply> WalkAsync(ApiClient api, string path, List<string> expected)
    {
        var seen = new List<string>();
        string? cursor = null;
        Reply page;
        do
        {
            page = (await api.GetAsync($"{path}?limit=3{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}")).Is(200);
            seen.AddRange(page.Items("memories").Select(memory => memory.Text("id")));
            cursor = page.Json.Lacks("next") ? null : page.Text("next");
        }
        while (cursor is not null && seen.Count <= expected.Count);
        return page.HasSame(expected, seen, "the pages together");
    }

    private static Task<Reply> Search(ApiClient api, string bucket, string query) =>
        api.PostAsync("/v1/query", new { query, buckets = new[] { bucket }, options = new { skip_synthesis = true } });
}
