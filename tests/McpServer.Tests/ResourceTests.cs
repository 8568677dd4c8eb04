using System.Text.Json;
using Engram.Engine.Keys;

namespace Engram.McpServer.Tests;

/// <summary>Memories and profiles as resources, prompts, and what completes their arguments.</summary>
public sealed class ResourceTests(ToolFixture fixture) : IClassFixture<ToolFixture>
{
    [Fact]
    public async Task Both_kinds_of_address_are_offered_as_templates()
    {
        var tenant = await fixture.NewTenantAsync();

        var templates = (await SendAsync(tenant, "resources/templates/list")).Result.GetProperty("resourceTemplates").EnumerateArray();

        Assert.Equal(["memory://{bucket}/{id}", "profile://{bucket}"], templates.Select(template => template.GetProperty("uriTemplate").GetString()));
    }

    [Fact]
    public async Task The_list_pages_through_the_profiles_and_all_memories_of_all_buckets()
    {
        var tenant = await fixture.NewTenantAsync();
        var stored = new HashSet<string>();
        for (var i = 0; i < 53; i++)
        {
            stored.Add(await tenant.StoreAsync($"Fact number {i} is about the colour of house {i * 7}.", "a"));
        }

        stored.Add(await tenant.StoreAsync("One more.", "b c/d".Replace("/", "", StringComparison.Ordinal)));
        var uris = new List<string>();
        string? cursor = null;
        var pages = 0;
        do
        {
            var page = (await SendAsync(tenant, "resources/list", cursor is null ? "{}" : JsonSerializer.Serialize(new { cursor }))).Result;
            uris.AddRange(page.GetProperty("resources").EnumerateArray().Select(resource => resource.GetProperty("uri").GetString()!));
            cursor = page.TryGetProperty("nextCursor", out var next) ? next.GetString() : null;
            pages++;
        }
        while (cursor is not null);

        Assert.Equal(3, pages);
        Assert.Equal(["profile://a", "profile://b%20cd"], uris.Take(2));
        Assert.Equal(stored.Count, uris.Count - 2);
        Assert.Equal(stored, uris.Skip(2).Select(uri => uri.Split('/')[^1]).ToHashSet());
        Assert.All(uris.Skip(55), uri => Assert.StartsWith("memory://b%20cd/", uri, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Everything_that_is_listed_can_be_read()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.StoreAsync("Ann keeps her bicycle in the cellar.", "Räume & more");

        foreach (var resource in (await SendAsync(tenant, "resources/list")).Result.GetProperty("resources").EnumerateArray())
        {
            var uri = resource.GetProperty("uri").GetString();
            var read = (await SendAsync(tenant, "resources/read", JsonSerializer.Serialize(new { uri }))).Result;
            var contents = Assert.Single(read.GetProperty("contents").EnumerateArray());
            Assert.Equal(uri, contents.GetProperty("uri").GetString());
            Assert.Contains(uri!.StartsWith("memory", StringComparison.Ordinal) ? "bicycle in the cellar" : "Räume & more", contents.GetProperty("text").GetString(), StringComparison.Ordinal);
            Assert.True(Guid.TryParse(read.GetProperty("_meta").GetProperty("engram/request_id").GetString(), out _));
            Assert.True(read.GetProperty("_meta").GetProperty("engram/timings_ms").GetProperty("db-read").GetDouble() > 0);
        }
    }

    [Theory]
    [InlineData("memory://default/0198c0de-7a11-7000-8000-000000000000")]
    [InlineData("memory://default/7")]
    [InlineData("memory://default")]
    [InlineData("profile://nowhere")]
    [InlineData("profile://")]
    [InlineData("file:///etc/passwd")]
    [InlineData("")]
    public async Task What_does_not_exist_is_not_found(string uri)
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.StoreAsync("Something.");

        var reply = await SendAsync(tenant, "resources/read", JsonSerializer.Serialize(new { uri }));

        Assert.Equal(-32002, reply.ErrorCode);
    }

    [Fact]
    public async Task Another_tenants_memory_is_not_found_and_neither_is_another_bucket_of_a_restricted_key()
    {
        var (owner, other) = (await fixture.NewTenantAsync(), await fixture.NewTenantAsync());
        var id = await owner.StoreAsync("Secret.", "hidden");
        await owner.StoreAsync("Open.", "open");
        await other.StoreAsync("Mine.", "hidden");
        await owner.UseAsync(Scopes.All, ["open"]);

        foreach (var tenant in new[] { owner, other })
        {
            var reply = await SendAsync(tenant, "resources/read", JsonSerializer.Serialize(new { uri = $"memory://hidden/{id}" }));
            Assert.Equal(-32002, reply.ErrorCode);
            Assert.DoesNotContain(id, (await SendAsync(tenant, "resources/list")).Body, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("hidden", (await SendAsync(owner, "resources/list")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_may_not_read_gets_no_resource_prompt_or_completion()
    {
        var tenant = await fixture.NewTenantAsync(Scopes.MemoriesWrite);
        await tenant.StoreAsync("Something.");

        foreach (var (method, parameters) in new[]
        {
            ("resources/list", "{}"),
            ("resources/read", """{"uri":"profile://default"}"""),
            ("prompts/get", """{"name":"recall","arguments":{"topic":"x"}}"""),
            ("completion/complete", """{"ref":{"type":"ref/prompt","name":"recall"},"argument":{"name":"bucket","value":""}}"""),
        })
        {
            Assert.Contains("memories:read", (await SendAsync(tenant, method, parameters)).ErrorMessage, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Recall_brings_what_is_known_of_a_topic_and_says_when_nothing_is()
    {
        var tenant = await fixture.NewTenantAsync();
        var id = await tenant.StoreAsync("Ann is allergic to walnuts.");

        var known = await PromptAsync(tenant, "recall", new { topic = "Ann's allergies" });
        await tenant.CallAsync("delete_memory", new { memory_id = await tenant.StoreAsync("Soon gone.", "empty"), bucket = "empty" });
        var unknown = await PromptAsync(tenant, "recall", new { topic = "Ann's allergies", bucket = "empty" });
        var remember = await PromptAsync(tenant, "remember", new { text = "Mia started school.", bucket = "family" });

        Assert.Contains("Ann is allergic to walnuts.", known, StringComparison.Ordinal);
        Assert.Contains(id, known, StringComparison.Ordinal);
        Assert.Contains("nothing is", unknown, StringComparison.Ordinal);
        Assert.All(["store_memory", "Mia started school.", "\"family\""], part => Assert.Contains(part, remember, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"name":"forget"}""", "remember, recall")]
    [InlineData("""{"name":"recall"}""", "'topic' is required")]
    [InlineData("""{"name":"recall","arguments":{"topic":" "}}""", "'topic' is required")]
    [InlineData("""{"name":"recall","arguments":{"topic":"x","bucket":"nowhere"}}""", "no bucket 'nowhere'")]
    [InlineData("""{"name":"recall","arguments":{"topic":"x","colour":"red"}}""", "'colour' is not an argument")]
    public async Task A_prompt_says_what_is_wrong_with_its_arguments(string parameters, string says)
    {
        var tenant = await fixture.NewTenantAsync();

        var reply = await SendAsync(tenant, "prompts/get", parameters);

        Assert.Equal(-32602, reply.ErrorCode);
        Assert.Contains(says, reply.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Buckets_complete_by_name_and_memories_by_id()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.StoreAsync("One.", "work");
        var id = await tenant.StoreAsync("Two.", "Workshop");
        await tenant.StoreAsync("Three.", "home");

        var buckets = await CompleteAsync(tenant, """{"ref":{"type":"ref/prompt","name":"recall"},"argument":{"name":"bucket","value":"wo"}}""");
        var ids = await CompleteAsync(tenant,
            $$"""{"ref":{"type":"ref/resource","uri":"memory://{bucket}/{id}"},"argument":{"name":"id","value":"{{id[..10]}}"},"context":{"arguments":{"bucket":"Workshop"} } }""");
        var topic = await CompleteAsync(tenant, """{"ref":{"type":"ref/prompt","name":"recall"},"argument":{"name":"topic","value":"wo"}}""");
        await tenant.UseAsync(Scopes.All, ["home"]);
        var restricted = await CompleteAsync(tenant, """{"ref":{"type":"ref/resource","uri":"profile://{bucket}"},"argument":{"name":"bucket","value":""}}""");

        Assert.Equal(["Workshop", "work"], buckets);
        Assert.Equal([id], ids);
        Assert.Empty(topic);
        Assert.Equal(["home"], restricted);
    }

    private async Task<string> PromptAsync(TestTenant tenant, string name, object arguments)
    {
        var result = (await SendAsync(tenant, "prompts/get", JsonSerializer.Serialize(new { name, arguments }))).Result;
        return Assert.Single(result.GetProperty("messages").EnumerateArray()).GetProperty("content").GetProperty("text").GetString()!;
    }

    private async Task<IEnumerable<string>> CompleteAsync(TestTenant tenant, string parameters) =>
        [.. (await SendAsync(tenant, "completion/complete", parameters)).Result.GetProperty("completion").GetProperty("values").EnumerateArray().Select(value => value.GetString()!)];

    private async Task<RawReply> SendAsync(TestTenant tenant, string method, string parameters = "{}")
    {
        using var client = fixture.Server.Client(tenant.Key);
        return await client.PostAsync(Rpc.Request(1, method, parameters));
    }
}
