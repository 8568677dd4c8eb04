using System.Net;
using System.Text.Json;

namespace Engram.Api.Tests;

public class TenantIsolationTests(ApiFixture fixture)
{
    private const string Secret = "The vault of the other tenant opens with plumbago.";

    [Fact]
    public async Task Every_route_treats_another_tenants_ids_as_missing()
    {
        var mine = await fixture.NewTenantAsync();
        var other = await fixture.NewTenantAsync();
        var (bucketId, memoryId, undoToken) = await FillAsync(other);
        var providerId = await ConnectAsync(other);
        await mine.Http.StoreAsync("default", "A memory of my own.");
        var before = await SnapshotAsync(other, memoryId);

        foreach (var route in RouteCatalogue.BehindKey(fixture.Api))
        {
            var id = route.Pattern.StartsWith("/account/keys", StringComparison.Ordinal) ? other.KeyId.ToString()
                : route.Pattern.StartsWith("/account/", StringComparison.Ordinal) ? providerId : memoryId;
            var body = BodyFor(route, bucketId, id, undoToken, other.KeyId.ToString());
            using var response = await mine.Http.SendAsync(RouteCatalogue.RequestFor(route, bucketId, id, body));
            var text = await response.Content.ReadAsStringAsync();

            Assert.True((int)response.StatusCode < 500, $"{route}: {(int)response.StatusCode} {text}");
            Assert.DoesNotContain("plumbago", text, StringComparison.Ordinal);
            if (NamesAnId(route))
            {
                Assert.True(response.StatusCode == HttpStatusCode.NotFound, $"{route} answered {(int)response.StatusCode} instead of 404: {text}");
                await AssertSameAsMissingAsync(mine, route, text, bucketId, id, undoToken, other.KeyId.ToString());
            }
            else
            {
                Assert.False(new[] { bucketId, other.KeyId.ToString(), providerId }.Any(told => text.Contains(told, StringComparison.Ordinal)), $"{route} tells: {text}");
            }
        }

        Assert.Equal(before, await SnapshotAsync(other, memoryId));
    }

    [Fact]
    public async Task The_same_bucket_name_is_another_bucket_in_every_tenant()
    {
        var mine = await fixture.NewTenantAsync();
        var other = await fixture.NewTenantAsync();
        var memoryId = await other.Http.StoreAsync("shared", Secret);
        await mine.Http.StoreAsync("shared", "Mine.");

        var page = await mine.Http.GetJsonAsync("/v1/buckets/shared/memories");
        Assert.Equal("Mine.", Assert.Single(page.GetProperty("memories").EnumerateArray()).Text("content"));
        await mine.Http.GetAsync($"/v1/buckets/shared/memories/{memoryId}").ProblemAsync(404, "memory_not_found");
        await mine.Http.DeleteAsync($"/v1/buckets/shared/memories/{memoryId}").ProblemAsync(404, "memory_not_found");
        var found = await mine.Http.PostAsync("/v1/query", """{"query":"vault plumbago","buckets":["shared"],"options":{"skip_synthesis":true}}""").JsonAsync(HttpStatusCode.OK);
        Assert.DoesNotContain("plumbago", found.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_memory_is_found_only_under_its_own_bucket()
    {
        var tenant = await fixture.NewTenantAsync();
        var memoryId = await tenant.Http.StoreAsync("first", "In the first bucket.");
        await tenant.Http.StoreAsync("second", "In the second bucket.");

        await tenant.Http.GetAsync($"/v1/buckets/second/memories/{memoryId}").ProblemAsync(404, "memory_not_found");
        await tenant.Http.DeleteAsync($"/v1/buckets/second/memories/{memoryId}").ProblemAsync(404, "memory_not_found");
        await tenant.Http.GetJsonAsync($"/v1/buckets/first/memories/{memoryId}");
    }

    private static bool NamesAnId(ApiRoute route) =>
        route.Pattern.Contains('{', StringComparison.Ordinal) || route.Pattern == "/v1/query" || route.ToString() == "PUT /account/budgets";

    private static string? BodyFor(ApiRoute route, string bucketId, string id, string undoToken, string keyId) => $"{route.Method} {route.Pattern}" switch
    {
        "PUT /account/models/{role}" => JsonSerializer.Serialize(new { connection_id = id, model = "gpt-4.1" }),
        "PUT /account/budgets" => JsonSerializer.Serialize(new { keys = new[] { new { key_id = keyId, daily_usd = 1 } } }),
        "POST /v1/query" => JsonSerializer.Serialize(new { query = "vault plumbago", buckets = new[] { bucketId } }),
        "POST /v1/buckets/{bucket}/memories/undo" => JsonSerializer.Serialize(new { undo_token = undoToken }),
        _ => null,
    };

    /// <summary>Word for word: an answer that differed would tell that the id exists.</summary>
    private static async Task AssertSameAsMissingAsync(TestTenant mine, ApiRoute route, string answer, string bucketId, string id, string undoToken, string keyId)
    {
        var (noBucket, noId, noKey) = (Guid.CreateVersion7().ToString(), Guid.CreateVersion7().ToString(), Guid.CreateVersion7().ToString());
        var body = BodyFor(route, noBucket, noId, undoToken, noKey);
        using var response = await mine.Http.SendAsync(RouteCatalogue.RequestFor(route, noBucket, noId, body));
        var missing = await response.Content.ReadAsStringAsync();
        Assert.Equal(Normal(missing.Replace(noBucket, bucketId, StringComparison.Ordinal).Replace(noId, id, StringComparison.Ordinal).Replace(noKey, keyId, StringComparison.Ordinal)), Normal(answer));
    }

    private static string Normal(string problem)
    {
        var body = JsonDocument.Parse(problem).RootElement;
        return string.Join('\n', body.EnumerateObject().Where(property => property.Name != "traceId").Select(property => $"{property.Name}={property.Value}"));
    }

    private static async Task<(string BucketId, string MemoryId, string UndoToken)> FillAsync(TestTenant tenant)
    {
        var json = JsonSerializer.Serialize(new { content = Secret });
        var receipt = await tenant.Http.PostAsync("/v1/buckets/vault/memories", json).JsonAsync(HttpStatusCode.Created);
        return (receipt.Text("bucket_id"), receipt.Text("id"), receipt.Text("undo_token"));
    }

    private static async Task<string> ConnectAsync(TestTenant tenant)
    {
        var made = await tenant.Http.PostAsync("/account/providers", """{"provider":"openai","label":"plumbago","api_key":"sk-of-the-other-tenant"}""").JsonAsync(HttpStatusCode.Created);
        using var role = new HttpRequestMessage(HttpMethod.Put, "/account/models/synthesize")
        {
            Content = Wire.Json(JsonSerializer.Serialize(new { connection_id = made.Text("id"), model = "gpt-4.1" })),
        };
        await tenant.Http.SendAsync(role).JsonAsync(HttpStatusCode.OK);
        return made.Text("id");
    }

    private static async Task<string> SnapshotAsync(TestTenant tenant, string memoryId)
    {
        var memory = await tenant.Http.GetJsonAsync($"/v1/buckets/vault/memories/{memoryId}");
        var buckets = await tenant.Http.GetJsonAsync("/v1/buckets");
        var keys = await tenant.Http.GetJsonAsync("/account/keys");
        var key = keys.GetProperty("keys").EnumerateArray().Single();
        var providers = await tenant.Http.GetJsonAsync("/account/providers");
        var audit = await tenant.Http.GetJsonAsync("/account/audit");
        return $"{memory.GetRawText()}\n{buckets.GetRawText()}\n{key.Text("id")} {key.Text("status")}\n{providers.GetRawText()}\n{audit.GetRawText()}";
    }
}
