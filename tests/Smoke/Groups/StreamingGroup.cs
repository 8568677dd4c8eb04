using Engram.Smoke.Run;
using Engram.Smoke.Wire;

namespace Engram.Smoke.Groups;

/// <summary>Answers as server-sent events.</summary>
internal static class StreamingGroup
{
    public static async Task RunAsync(Fixture fixture, Checks checks)
    {
        var api = fixture.Tenant.Api;
        var bucket = fixture.NewBucket("streaming");
        var id = await fixture.StoreAsync(bucket, new { content = "Ada Lovelace works at Acme in Lisbon.", infer = false });
        await checks.RunAsync("a stream is an event stream that nobody caches", () => Stream(api, bucket), reply =>
            reply.Is(200).HasHeader("Content-Type", type => type.StartsWith("text/event-stream", StringComparison.Ordinal)).HasHeader("Cache-Control", cache => cache.Contains("no-cache", StringComparison.Ordinal)));
        await checks.RunAsync("the pieces make the answer", () => Stream(api, bucket), reply =>
        {
            var frames = EventStream.Frames(reply.Is(200).Body);
            var whole = Reply.Parse(frames[^2]);
            reply.Where(whole.Text("answer").Length > 0 && EventStream.Answer(frames) == whole.Text("answer"), "the pieces to be the answer");
        });
        await checks.RunAsync("the last frames are the whole answer and [DONE]", () => Stream(api, bucket), reply =>
        {
            var frames = EventStream.Frames(reply.Is(200).Body);
            var whole = Reply.Parse(frames[^2]);
            reply.Where(frames[^1] == "[DONE]", "[DONE] at the end");
            reply.Where(whole.Items("citations").Any(citation => citation.Text("memory_id") == id) && whole.Number("usage.context_tokens") > 0 && whole.Items("explanation.retrieved_memories").Length == 1, "citations, usage and explanation");
        });
        await checks.RunAsync("a stream without synthesis has no pieces", () => Stream(api, bucket, skip: true), reply =>
        {
            var frames = EventStream.Frames(reply.Is(200).Body);
            reply.Where(frames.Count == 2 && frames[1] == "[DONE]" && EventStream.Deltas(frames).Count == 0, "the whole and [DONE] only");
        });
        await checks.RunAsync("what fails before the first piece is a problem", () => Stream(api, $"{bucket}-none"), reply => reply.IsProblem(404, "bucket_not_found"));
    }

    private static Task<Reply> Stream(ApiClient api, string bucket, bool skip = false) =>
        api.PostAsync("/v1/query", new { query = "Where does Ada Lovelace work?", buckets = new[] { bucket }, stream = true, options = new { skip_synthesis = skip } });
}
