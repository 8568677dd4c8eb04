using System.Net;
using System.Text.Json;
using Engram.Engine.Embeddings;
using Engram.Engine.Providers;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.Api.Tests;

/// <summary>A tenant's own embedding model as a person meets it: set, refused, failing, mended.</summary>
public sealed class OwnModelRouteTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    [Fact]
    public async Task A_store_says_when_its_vectors_are_still_to_be_made_and_the_models_say_how_far_they_are()
    {
        var (tenant, key) = await fixture.NewTenantAsync("openai-compatible", "fake-embed", role: "embed");
        var ready = await StoreAsync(tenant, "The spare key hangs behind the door");
        Assert.Equal(("ready", "ready"), Indexes(ready));
        await RotateAsync(tenant, $"wrong-{key}");

        var pending = await StoreAsync(tenant, "The hen house needs a new roof");

        Assert.Equal(("ready", "pending"), Indexes(pending));
        var found = await tenant.Http.PostAsync("/v1/query", """{"query":"hen house roof","options":{"skip_synthesis":true}}""").JsonAsync(HttpStatusCode.OK);
        Assert.Equal(pending.Text("id"), found.GetProperty("explanation").GetProperty("retrieved_memories")[0].Text("memory_id"));
        Assert.Contains("Your own embedding model gave no vector", found.GetProperty("warnings")[0].GetString(), StringComparison.Ordinal);
        await CatchUpAsync();
        var embed = (await tenant.Http.GetJsonAsync("/account/models")).GetProperty("embed");
        Assert.Equal(("fake-embed", 256, 1, 2), (embed.Text("model"), embed.GetProperty("dimension").GetInt32(), embed.GetProperty("done").GetInt32(), embed.GetProperty("total").GetInt32()));
        Assert.Equal(1, embed.GetProperty("failed_attempts").GetInt32());
        Assert.Contains("401", embed.Text("last_error"), StringComparison.Ordinal);
        await fixture.Host.Services.GetRequiredService<LlmCallLog>().FlushAsync(TestContext.Current.CancellationToken);
        var fault = (await tenant.Http.GetJsonAsync("/account/provider-faults")).GetProperty("faults")[0];
        Assert.Equal(("embed", "auth", "fake-embed"), (fault.Text("role"), fault.Text("kind"), fault.Text("model")));

        await RotateAsync(tenant, key);
        await CatchUpAsync();

        embed = (await tenant.Http.GetJsonAsync("/account/models")).GetProperty("embed");
        Assert.Equal((2, 2, 0, 1), (embed.GetProperty("done").GetInt32(), embed.GetProperty("total").GetInt32(), embed.GetProperty("failed_attempts").GetInt32(), embed.GetProperty("buckets_ready").GetInt32()));
        Assert.False(embed.TryGetProperty("last_error", out _));
        await tenant.Http.DeleteAsync(new Uri("/account/models/embed", UriKind.Relative)).JsonAsync(HttpStatusCode.NoContent);
        Assert.False((await tenant.Http.GetJsonAsync("/account/models")).TryGetProperty("embed", out _));
    }

    [Theory]
    [InlineData("openai-compatible", "fault-401", "model", "The embeddings were refused.")]
    [InlineData("openai-compatible", "no-such-model", "model", "404")]
    [InlineData("openai-compatible", "fake-embed-4001", "model", "4001 dimensions")]
    [InlineData("anthropic", "fake-embed", "connection_id", "offers no embeddings")]
    public async Task A_model_that_gives_no_usable_vectors_is_refused_in_the_providers_words_and_nothing_changes(string provider, string model, string field, string said)
    {
        var (tenant, _) = await fixture.NewTenantAsync(provider, "fake-answer");
        var connection = await ConnectionAsync(tenant);

        var refused = await tenant.Http.PutAsync(
            new Uri("/account/models/embed", UriKind.Relative), Wire.Json(JsonSerializer.Serialize(new { connection_id = connection, model }))).ProblemAsync(400, "invalid_request", field);

        Assert.Contains(said, refused.Text("detail"), StringComparison.Ordinal);
        Assert.Equal("synthesize", Assert.Single((await tenant.Http.GetJsonAsync("/account/models")).GetProperty("models").EnumerateArray()).Text("role"));
    }

    [Fact]
    public async Task A_connection_that_only_embeds_is_tested_by_a_vector()
    {
        var (tenant, _) = await fixture.NewTenantAsync("openai-compatible", "fake-embed-64", role: "embed");

        var tested = await tenant.Http.PostAsync($"/account/providers/{await ConnectionAsync(tenant)}/test", "{}").JsonAsync(HttpStatusCode.OK);

        Assert.Equal((true, "fake-embed-64"), (tested.GetProperty("ok").GetBoolean(), tested.Text("model")));
    }

    private async Task CatchUpAsync()
    {
        var (buckets, runs) = (fixture.Host.Services.GetRequiredService<BucketVectors>(), fixture.Host.Services.GetRequiredService<EmbeddingRuns>());
        while (await buckets.MaintainAsync() > 0)
        {
        }

        foreach (var run in await runs.TakeAsync(100))
            await runs.MakeAsync(run);
        while (await buckets.MaintainAsync() > 0)
        {
        }
    }

    private static async Task RotateAsync(TestTenant tenant, string key) =>
        await tenant.Http.PostAsync($"/account/providers/{await ConnectionAsync(tenant)}/rotate", JsonSerializer.Serialize(new { api_key = key })).JsonAsync(HttpStatusCode.OK);

    private static async Task<string> ConnectionAsync(TestTenant tenant) =>
        Assert.Single((await tenant.Http.GetJsonAsync("/account/providers")).GetProperty("providers").EnumerateArray()).Text("id");

    private static Task<JsonElement> StoreAsync(TestTenant tenant, string content) =>
        tenant.Http.PostAsync("/v1/buckets/default/memories", JsonSerializer.Serialize(new { content })).JsonAsync(HttpStatusCode.Created);

    private static (string Keyword, string Vector) Indexes(JsonElement receipt) =>
        (receipt.GetProperty("indexes").Text("keyword"), receipt.GetProperty("indexes").Text("vector"));
}
