using System.Net;
using Engram.Engine.Keys;

namespace Engram.Api.Tests;

public class KeyTests(ApiFixture fixture)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Whatever_a_key_is_refused_for_the_answer_is_the_same()
    {
        var tenant = await fixture.NewTenantAsync();
        var revoked = ApiKeyFormat.Generate();
        var revokedId = await fixture.InsertKeyAsync(tenant.Id, revoked, Scopes.All);
        await tenant.Http.DeleteAsync($"/account/keys/{revokedId}").JsonAsync(HttpStatusCode.NoContent);
        var expired = ApiKeyFormat.Generate();
        await fixture.InsertKeyAsync(tenant.Id, expired, Scopes.All, expiresAt: DateTimeOffset.UtcNow.AddSeconds(-1));
        var mistyped = tenant.Key[..^1] + (tenant.Key[^1] == 'a' ? 'b' : 'a');
        string?[] keys = [null, "", "nonsense", mistyped, tenant.Key + "x", tenant.Key[..30], ApiKeyFormat.Generate(), revoked, expired, new string('x', 4000), "eng_live_%00%00%00%00%00%00%00%00"];

        var answers = new HashSet<string>();
        foreach (var key in keys)
        {
            using var client = fixture.Api.ClientWith(null);
            if (key is not null)
                client.DefaultRequestHeaders.TryAddWithoutValidation("X-API-Key", key);
            var problem = await client.GetAsync("/account/me").ProblemAsync(401, "unauthenticated");
            answers.Add(string.Join('\n', problem.EnumerateObject().Where(property => property.Name != "traceId").Select(property => property.ToString())));
        }

        Assert.Single(answers);
    }

    [Fact]
    public async Task A_key_is_taken_from_either_header_but_two_different_ones_are_refused()
    {
        var tenant = await fixture.NewTenantAsync();
        using var client = fixture.Api.ClientWith(null);
        client.DefaultRequestHeaders.Add("X-API-Key", tenant.Key);
        await client.GetJsonAsync("/account/me");

        client.DefaultRequestHeaders.Add("Authorization", $"bearer {tenant.Key}");
        await client.GetJsonAsync("/account/me");

        client.DefaultRequestHeaders.Remove("Authorization");
        client.DefaultRequestHeaders.Add("Authorization", $"Bearer {ApiKeyFormat.Generate()}");
        await client.GetAsync("/account/me").ProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task A_key_lives_from_create_over_roll_to_revoke_and_is_shown_only_once()
    {
        var tenant = await fixture.NewTenantAsync();
        var created = await tenant.Http.PostAsync("/account/keys", """{"name":"Agent","scopes":["memories:read"],"buckets":["default"]}""").JsonAsync(HttpStatusCode.Created);
        using var agent = fixture.Api.ClientWith(created.Text("key"));
        var me = await agent.GetJsonAsync("/account/me");
        Assert.Equal("Agent", me.GetProperty("key").Text("name"));
        Assert.Equal(created.Text("key")[..15], me.GetProperty("key").Text("prefix"));
        Assert.Equal(tenant.Id.ToString(), me.GetProperty("tenant").Text("id"));

        var list = await tenant.Http.GetJsonAsync("/account/keys");
        Assert.DoesNotContain(created.Text("key"), list.GetRawText(), StringComparison.Ordinal);

        var rolled = await tenant.Http.PostAsync($"/account/keys/{created.Text("id")}/roll", """{"grace_seconds":60}""").JsonAsync(HttpStatusCode.Created);
        using var successor = fixture.Api.ClientWith(rolled.Text("key"));
        Assert.Equal(["memories:read"], (await successor.GetJsonAsync("/account/me")).GetProperty("key").GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()));
        await agent.GetJsonAsync("/account/me");

        await tenant.Http.PostAsync(new Uri($"/account/keys/{created.Text("id")}/roll", UriKind.Relative), null).JsonAsync(HttpStatusCode.Created);
        await agent.GetAsync("/account/me").ProblemAsync(401, "unauthenticated");
        await tenant.Http.PostAsync($"/account/keys/{created.Text("id")}/roll", "{}").ProblemAsync(409, "conflict", "id");

        await tenant.Http.DeleteAsync($"/account/keys/{rolled.Text("id")}").JsonAsync(HttpStatusCode.NoContent);
        await successor.GetAsync("/account/me").ProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task A_key_cannot_make_a_key_that_may_more_than_itself()
    {
        var tenant = await fixture.NewTenantAsync();
        var strong = tenant.KeyId;
        await tenant.UseNewKeyAsync(Scopes.AccountAdmin | Scopes.MemoriesRead, ["default"]);

        await tenant.Http.PostAsync("/account/keys", """{"name":"x","scopes":["memories:write"],"buckets":["default"]}""").ProblemAsync(403, "insufficient_scope");
        await tenant.Http.PostAsync("/account/keys", """{"name":"x","scopes":["memories:read"],"buckets":["default","other"]}""").ProblemAsync(403, "insufficient_scope");
        await tenant.Http.PostAsync("/account/keys", """{"name":"x","scopes":["memories:read"]}""").ProblemAsync(403, "insufficient_scope");
        await tenant.Http.PostAsync($"/account/keys/{strong}/roll", "{}").ProblemAsync(403, "insufficient_scope");
        await tenant.Http.PostAsync("/account/keys", """{"name":"x","scopes":["memories:read"],"buckets":["default"]}""").JsonAsync(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_key_revoked_in_one_process_is_soon_refused_in_another_that_has_it_cached()
    {
        // The other process may keep keys for five minutes: only the notification can be why it forgets this one.
        var other = fixture.Start(("Engram:Keys:CacheSeconds", "300"));
        var tenant = await fixture.NewTenantAsync();
        var key = ApiKeyFormat.Generate();
        var keyId = await fixture.InsertKeyAsync(tenant.Id, key, Scopes.All);
        using var there = other.ClientWith(key);
        await there.GetJsonAsync("/account/me");

        await tenant.Http.DeleteAsync($"/account/keys/{keyId}").JsonAsync(HttpStatusCode.NoContent);

        await UntilAsync(async () => (await there.GetAsync("/account/me")).StatusCode == HttpStatusCode.Unauthorized, "the other process still takes the revoked key");
    }

    [Fact]
    public async Task The_time_of_last_use_is_written_without_the_request_waiting_for_it()
    {
        var tenant = await fixture.NewTenantAsync();
        var before = DateTimeOffset.UtcNow.AddMilliseconds(-1);
        await tenant.Http.GetJsonAsync("/account/me");

        DateTimeOffset lastUsed = default;
        await UntilAsync(
            async () =>
            {
                var key = (await tenant.Http.GetJsonAsync("/account/keys")).GetProperty("keys")[0];
                return key.TryGetProperty("last_used_at", out var at) && (lastUsed = at.GetDateTimeOffset()) > before;
            },
            "last_used_at was never written");
        Assert.True(lastUsed <= DateTimeOffset.UtcNow.AddSeconds(1));
    }

    [Theory]
    [InlineData("""{"name":"","scopes":["memories:read"]}""", "name")]
    [InlineData("""{"scopes":["memories:read"]}""", "name")]
    [InlineData("""{"name":"x","scopes":[]}""", "scopes")]
    [InlineData("""{"name":"x","scopes":["memories:all"]}""", "scopes")]
    [InlineData("""{"name":"x","scopes":["memories:read"],"expires_at":"2020-01-01T00:00:00Z"}""", "expires_at")]
    [InlineData("""{"name":"x","scopes":["memories:read"],"expires_at":"soon"}""", "expires_at")]
    [InlineData("""{"name":"x","scope":["memories:read"]}""", "scope")]
    public async Task A_key_that_makes_no_sense_is_refused_by_field(string body, string field)
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.PostAsync("/account/keys", body).ProblemAsync(400, "invalid_request", field);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, string otherwise)
    {
        var until = DateTimeOffset.UtcNow + Deadline;
        while (!await condition())
        {
            Assert.True(DateTimeOffset.UtcNow < until, otherwise);
            await Task.Delay(20);
        }
    }
}
