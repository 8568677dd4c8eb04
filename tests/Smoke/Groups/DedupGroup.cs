using Engram.Smoke.Run;
using Engram.Smoke.Wire;

namespace Engram.Smoke.Groups;

/// <summary>What is stored once although it is said twice.</summary>
internal static class DedupGroup
{
    private const int AtOnce = 6;

    public static async Task RunAsync(Fixture fixture, Checks checks)
    {
        var api = fixture.Tenant.Api;
        var (bucket, another) = (fixture.NewBucket("dedup"), fixture.NewBucket("dedup-other"));
        var path = $"/v1/buckets/{bucket}/memories";
        const string Text = "Ann's favourite tea is green tea from Uji.";
        var first = await fixture.StoreAsync(bucket, new { content = Text, dedup = "strict", infer = false });

        await checks.RunAsync("the same text is merged", () => api.PostAsync(path, new { content = Text, dedup = "strict", infer = false }), reply =>
            reply.Is(201).Has("status", "merged").Has("deduped_into", first).Has("merge_reason", "content_hash").Has("similarity_score", 1));
        await checks.RunAsync("the same text in other spacing is merged", () => api.PostAsync(path, new { content = Text.Replace(" ", "  ", StringComparison.Ordinal), dedup = "strict", infer = false }), reply =>
            reply.Is(201).Has("status", "merged").Has("deduped_into", first));
        await checks.RunAsync("nearly the same text is merged by likeness", () => api.PostAsync(path, new { content = "Ann's favourite tea is the green tea from Uji.", dedup = "loose", infer = false }), reply =>
            reply.Is(201).Has("status", "merged").Has("deduped_into", first).Has("merge_reason", "embedding_similarity").Where(reply.Number("similarity_score") >= 0.95, "a likeness of 0.95"));
        await checks.RunAsync("a merge stores nothing", () => api.GetAsync(path), reply => reply.Is(200).Has("total", 1));
        await checks.RunAsync("another fact is stored", () => api.PostAsync(path, new { content = "Ben's favourite tea is black tea from Assam.", dedup = "loose", infer = false }), reply => reply.Is(201).Has("status", "stored"));
        await checks.RunAsync("the same text of another user is stored", () => api.PostAsync(path, new { content = Text, user_id = "ben", dedup = "loose", infer = false }), reply => reply.Is(201).Has("status", "stored"));
        await checks.RunAsync("the same text in another bucket is stored", () => api.PostAsync($"/v1/buckets/{another}/memories", new { content = Text, dedup = "strict", infer = false }), reply => reply.Is(201).Has("status", "stored"));
        await checks.RunAsync("without dedup the same text is stored again", () => api.PostAsync(path, new { content = Text, dedup = "off", infer = false }), reply => reply.Is(201).Has("status", "stored").HasNo("deduped_into"));
        await checks.RunAsync("the same text sent at once is stored once", () => RaceAsync(api, path), reply => reply.Is(201));
    }

    private static async Task<Reply> RaceAsync(ApiClient api, string path)
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => api.PostAsync(path, new { content = "Said by several agents in the same moment.", dedup = "strict", infer = false })));
        var stored = replies.Count(reply => reply.Is(201).Text("status") == "stored");
        var slowest = replies.MaxBy(reply => reply.Ms)!;
        return slowest.Where(stored == 1 && replies.Select(reply => reply.Json.Lacks("deduped_into") ? reply.Text("id") : reply.Text("deduped_into")).Distinct().Count() == 1, $"one to be stored and the others merged into it, and {stored} were stored");
    }
}
