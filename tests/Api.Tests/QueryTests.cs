using System.Net;
using System.Text.Json;
using Engram.Api.Recall;
using Engram.Engine.Recall;
using Microsoft.AspNetCore.Http;

namespace Engram.Api.Tests;

public class QueryTests(ApiFixture fixture)
{
    [Fact]
    public async Task A_query_explains_what_every_arm_said()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.StoreAsync("default", "Ann keeps bees on the roof of the town hall.");
        await tenant.Http.StoreAsync("default", "Ben repairs old clocks in his workshop.");

        var answer = await tenant.Http.PostAsync("/v1/query", """{"query":"Who keeps bees?","options":{"top_k":2}}""").JsonAsync(HttpStatusCode.OK);

        var best = answer.GetProperty("explanation").GetProperty("retrieved_memories")[0];
        Assert.Contains("bees", best.Text("content"), StringComparison.Ordinal);
        Assert.Equal((1, 1), (best.GetProperty("ranks").GetProperty("keyword").GetInt32(), best.GetProperty("ranks").GetProperty("vector").GetInt32()));
        Assert.Equal(best.GetProperty("raw_score").GetDouble() * best.GetProperty("weight").GetDouble(), best.GetProperty("weighted_score").GetDouble(), 6);
        Assert.Equal(answer.GetProperty("explanation").GetProperty("retrieved_memories").GetArrayLength(), answer.GetProperty("memories_found").GetInt32());
        Assert.True(answer.GetProperty("timings").GetProperty("embed").GetDouble() > 0);
        Assert.Equal(0, answer.GetProperty("usage").GetProperty("llm_calls").GetInt32());
    }

    [Fact]
    public async Task The_explanation_can_be_left_out()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.StoreAsync("default", "Ann keeps bees.");
        var answer = await tenant.Http.PostAsync("/v1/query", """{"query":"bees","options":{"return_explanation":false}}""").JsonAsync(HttpStatusCode.OK);
        Assert.False(answer.TryGetProperty("explanation", out _));
    }

    [Fact]
    public async Task Several_buckets_have_their_own_limit_and_weight()
    {
        var tenant = await fixture.NewTenantAsync();
        for (var i = 0; i < 4; i++)
        {
            await tenant.Http.StoreAsync("work", $"The harbour report number {i} is due.");
            await tenant.Http.StoreAsync("home", $"The harbour walk number {i} was windy.");
        }

        var answer = await tenant.Http.PostAsync(
            "/v1/query",
            """{"query":"harbour","buckets":[{"name":"work","weight":0.1,"top_k":1},"home"],"options":{"top_k":10,"top_k_per_bucket":{"home":2}}}""").JsonAsync(HttpStatusCode.OK);

        var memories = answer.GetProperty("explanation").GetProperty("retrieved_memories").EnumerateArray().ToArray();
        Assert.Equal(["home", "home", "work"], memories.Select(memory => memory.Text("bucket_name")));
        Assert.Equal(0.1, memories[2].GetProperty("weight").GetDouble());
    }

    [Fact]
    public async Task A_filter_holds()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.PostAsync("/v1/buckets/default/memories", """{"memories":[{"content":"Bees of Ann.","user_id":"ann"},{"content":"Bees of Ben.","user_id":"ben"}]}""").JsonAsync(HttpStatusCode.Created);

        var answer = await tenant.Http.PostAsync("/v1/query", """{"query":"bees","filters":{"user_id":"ben"}}""").JsonAsync(HttpStatusCode.OK);

        Assert.Equal("Bees of Ben.", Assert.Single(answer.GetProperty("explanation").GetProperty("retrieved_memories").EnumerateArray()).Text("content"));
    }

    [Fact]
    public async Task An_answer_quotes_memories_that_were_retrieved_and_says_when_there_is_none()
    {
        var tenant = await fixture.NewTenantAsync();
        var id = await tenant.Http.StoreAsync("default", "Ann keeps bees on the roof of the town hall.");
        var answer = await tenant.Http.PostAsync("/v1/query", """{"query":"Where does Ann keep bees?","options":{"return_format":"json"}}""").JsonAsync(HttpStatusCode.OK);

        Assert.Equal("answered", answer.Text("answer_status"));
        var citation = Assert.Single(answer.GetProperty("citations").EnumerateArray());
        Assert.Equal((id, "Ann keeps bees on the roof of the town hall."), (citation.Text("memory_id"), citation.Text("quote")));
        Assert.Contains(id, answer.Text("answer"), StringComparison.Ordinal);
        Assert.Equal(answer.Text("answer"), answer.GetProperty("answer_json").Text("answer"));

        var none = await tenant.Http.PostAsync("/v1/query", """{"query":"What is the capital of Mongolia?"}""").JsonAsync(HttpStatusCode.OK);
        Assert.Equal("not_found", none.Text("answer_status"));
        Assert.Empty(none.GetProperty("citations").EnumerateArray());

        var skipped = await tenant.Http.PostAsync("/v1/query", """{"query":"bees","options":{"skip_synthesis":true}}""").JsonAsync(HttpStatusCode.OK);
        Assert.False(skipped.TryGetProperty("answer", out _));
    }

    [Fact]
    public async Task A_stream_ends_with_the_whole_answer_and_done()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.StoreAsync("default", "Ann keeps bees on the roof.");

        using var response = await tenant.Http.PostAsync("/v1/query", """{"query":"Who keeps bees?","stream":true}""");
        var frames = (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.True(response.Headers.Contains("Server-Timing"));
        Assert.All(frames, frame => Assert.StartsWith("data: ", frame, StringComparison.Ordinal));
        Assert.Equal("data: [DONE]", frames[^1]);
        var whole = JsonDocument.Parse(frames[^2]["data: ".Length..]).RootElement;
        Assert.Equal(1, whole.GetProperty("memories_found").GetInt32());
        var pieces = frames[..^2].Select(frame => JsonDocument.Parse(frame["data: ".Length..]).RootElement.GetProperty("choices")[0].GetProperty("delta").Text("content"));
        Assert.Equal(whole.TryGetProperty("answer", out var answer) ? answer.GetString() : "", string.Concat(pieces));
    }

    [Fact]
    public async Task What_fails_in_the_middle_of_a_stream_is_an_error_frame()
    {
        // Metadata that was never read from anywhere cannot be written: the answer's text is out by then.
        var broken = new RetrievedMemoryView(Guid.Empty, Guid.Empty, "b", "c", 1, 1, 1, default, default, new(1, null, null), new(1, null, null), null);
        var response = new QueryResponse(
            "First. Second.", null, "answered", [], 1, new ExplanationView([broken], [], [], 0, 1, []), new QueryUsage(0, 0, 0, 0, 0, 0), new Dictionary<string, double>(), Guid.Empty);
        var context = new DefaultHttpContext { RequestServices = fixture.Api.Services, Response = { Body = new MemoryStream() } };
        var stream = await QueryStream.StartAsync(Pieces("First. ", "Second."), _ => response, TestContext.Current.CancellationToken);

        await stream.ExecuteAsync(context);

        var frames = System.Text.Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, frames.Length);
        Assert.Equal("internal_error", JsonDocument.Parse(frames[2]["data: ".Length..]).RootElement.GetProperty("error").Text("code"));
    }

    private static async IAsyncEnumerable<AnswerPart> Pieces(params string[] pieces)
    {
        foreach (var piece in pieces)
        {
            await Task.Yield();
            yield return new AnswerDelta(piece);
        }
    }

    [Fact]
    public async Task A_stream_that_cannot_start_is_a_problem()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.PostAsync("/v1/query", """{"query":"x","buckets":["nowhere"],"stream":true}""").ProblemAsync(404, "bucket_not_found");
    }

    [Fact]
    public async Task What_the_server_cannot_do_is_said()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.StoreAsync("default", "Ann keeps bees.");
        var answer = await tenant.Http.PostAsync("/v1/query", """{"query":"bees","options":{"rerank":"full"}}""").JsonAsync(HttpStatusCode.OK);
        Assert.Contains(answer.GetProperty("explanation").GetProperty("warnings").EnumerateArray(), warning => warning.GetString()!.Contains("rerank", StringComparison.Ordinal));
    }
}
