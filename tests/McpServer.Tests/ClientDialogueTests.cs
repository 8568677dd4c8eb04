using System.Collections.Concurrent;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tests;

/// <summary>What the server says and asks while a client waits, and what it tells those who subscribed: for both generations of clients.</summary>
public sealed class ClientDialogueTests(ToolFixture fixture) : IClassFixture<ToolFixture>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("2025-11-25", "accept", true, true)]
    [InlineData("2025-11-25", "accept", false, false)]
    [InlineData("2025-11-25", "decline", true, false)]
    [InlineData("2025-11-25", "cancel", true, false)]
    [InlineData(null, "accept", true, true)]
    [InlineData(null, "accept", false, false)]
    [InlineData(null, "decline", true, false)]
    public async Task A_bucket_is_cleared_only_when_the_user_says_so(string? version, string action, bool ticked, bool cleared)
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.StoreAsync("One.", "work");
        await tenant.StoreAsync("Quite another one.", "work");
        var questions = new ConcurrentQueue<string>();
        await using var client = await ConnectAsync(tenant, version, new McpClientHandlers
        {
            ElicitationHandler = (request, _) =>
            {
                questions.Enqueue(request!.Message);
                return new(new ElicitResult { Action = action, Content = action == "accept" ? new Dictionary<string, JsonElement> { ["consent"] = JsonSerializer.SerializeToElement(ticked) } : null });
            },
        });

        var counted = await client.CallToolAsync("clear_memories", new Dictionary<string, object?> { ["bucket"] = "work" }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(questions);
        var result = await client.CallToolAsync(
            "clear_memories", new Dictionary<string, object?> { ["bucket"] = "work", ["confirm"] = true }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(2, counted.StructuredContent!.Value.GetProperty("memory_count").GetInt32());
        Assert.Contains("all 2 memories of the bucket \"work\"", Assert.Single(questions), StringComparison.Ordinal);
        Assert.Equal(cleared, result.IsError is not true);
        Assert.Equal(cleared ? 0 : 2, (await tenant.CallAsync("list_memories", new { bucket = "work" })).Data.GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task A_client_that_cannot_ask_its_user_clears_as_before()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.StoreAsync("One.", "work");

        var result = await tenant.CallAsync("clear_memories", new { bucket = "work", confirm = true });

        Assert.True(result.Data.GetProperty("cleared").GetBoolean());
    }

    [Theory]
    [InlineData("2025-11-25")]
    [InlineData(null)]
    public async Task Waiting_for_an_extraction_is_told_as_progress(string? version)
    {
        var tenant = await fixture.NewTenantAsync();
        await using var client = await ConnectAsync(tenant, version);
        var told = new ConcurrentQueue<ProgressNotificationValue>();
        using var enough = new CancellationTokenSource(Deadline);

        // No Worker runs beside the tests: it would wait the whole 25 seconds.
        var call = client.CallToolAsync(
            "store_memory", new Dictionary<string, object?> { ["content"] = "Ann lives in Bern.", ["wait"] = true }, new Collector(told, 3, enough), cancellationToken: enough.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.AsTask());

        Assert.True(told.Count >= 3, "The wait was given up before progress was told.");
        Assert.All(told, progress => Assert.Equal(25, progress.Total));
        Assert.All(told, progress => Assert.Contains("extracting", progress.Message, StringComparison.OrdinalIgnoreCase));
        Assert.All(told.Zip(told.Skip(1)), pair => Assert.True(pair.First.Progress < pair.Second.Progress, "Progress has to increase."));
        Assert.Equal(1, (await tenant.CallAsync("list_memories")).Data.GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task Who_subscribed_in_a_session_is_told_when_a_memory_changes_whoever_changed_it()
    {
        var tenant = await fixture.NewTenantAsync();
        var (watched, other) = (await tenant.StoreAsync("Ann lives in Bern."), await tenant.StoreAsync("The shed is green."));
        // Another process writes: a second server over the same database.
        await using var writer = await fixture.StartAsync(_ => { });
        await using var client = await ConnectAsync(tenant, "2025-11-25");
        var told = new ConcurrentQueue<string>();
        using var first = new SemaphoreSlim(0);
        var uri = $"memory://default/{watched}";
        await using var subscription = await client.SubscribeToResourceAsync(
            uri, (update, _) =>
            {
                told.Enqueue(update.Uri);
                first.Release();
                return default;
            }, cancellationToken: TestContext.Current.CancellationToken);

        using var raw = writer.Client(tenant.Key);
        await raw.PostAsync(Rpc.Call(1, "update_memory", $$"""{"memory_id":"{{other}}","content":"The shed is red."}"""));
        await raw.PostAsync(Rpc.Call(1, "update_memory", $$"""{"memory_id":"{{watched}}","content":"Ann lives in Basel."}"""));
        Assert.True(await first.WaitAsync(Deadline), "Nobody told of the change.");
        await raw.PostAsync(Rpc.Call(1, "delete_memory", $$"""{"memory_id":"{{watched}}"}"""));
        Assert.True(await first.WaitAsync(Deadline), "Nobody told of the deletion.");

        Assert.All(told, changed => Assert.Equal(uri, changed));
    }

    [Fact]
    public async Task Who_listens_without_a_session_is_told_on_the_stream_of_the_request()
    {
        var tenant = await fixture.NewTenantAsync();
        var id = await tenant.StoreAsync("Ann lives in Bern.");
        var uri = $"memory://default/{id}";
        using var client = fixture.Server.Client(tenant.Key);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        enough.CancelAfter(Deadline);
        var listen = Rpc.Modern(41, "subscriptions/listen", $$"""
            "notifications":{"toolsListChanged":true,"resourceSubscriptions":["{{uri}}","memory://default/0198c0de-7a11-7000-8000-000000000000"]}
            """);
        using var response = await client.OpenAsync(HttpMethod.Post, listen, enough.Token, Rpc.ModernHeaders("subscriptions/listen"));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(enough.Token));

        var acknowledged = await NextAsync(reader, enough.Token);
        await tenant.CallAsync("update_memory", new { memory_id = id, content = "Ann lives in Basel." });
        var updated = await NextAsync(reader, enough.Token);

        Assert.Equal("notifications/subscriptions/acknowledged", acknowledged.GetProperty("method").GetString());
        var granted = acknowledged.GetProperty("params").GetProperty("notifications");
        Assert.Equal([uri], granted.GetProperty("resourceSubscriptions").EnumerateArray().Select(one => one.GetString()));
        Assert.False(granted.TryGetProperty("toolsListChanged", out _));
        Assert.Equal("notifications/resources/updated", updated.GetProperty("method").GetString());
        Assert.Equal(uri, updated.GetProperty("params").GetProperty("uri").GetString());
        Assert.All([acknowledged, updated], message => Assert.Equal(41, message.GetProperty("params").GetProperty("_meta").GetProperty("io.modelcontextprotocol/subscriptionId").GetInt32()));
    }

    private static async Task<JsonElement> NextAsync(StreamReader reader, CancellationToken ct)
    {
        while (await reader.ReadLineAsync(ct) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                return JsonElement.Parse(line[6..]);
            }
        }

        throw new InvalidOperationException("The stream ended.");
    }

    [Fact]
    public async Task A_subscription_needs_something_that_exists_and_there_is_a_bound()
    {
        var tenant = await fixture.NewTenantAsync();
        await using var small = await fixture.StartAsync(_ => { }, ("Engram:Mcp:MaxSubscriptions", "2"));
        using var client = small.Client(tenant.Key);
        string[] uris = [];
        for (var i = 0; i < 3; i++)
        {
            uris = [.. uris, $"memory://default/{await tenant.StoreAsync($"Fact {i} of the bound, quite unlike fact {i + 70}.")}"];
        }

        var session = await client.InitializeAsync();
        Task<RawReply> SubscribeAsync(string method, string uri) =>
            client.PostAsync(Rpc.Request(7, method, JsonSerializer.Serialize(new { uri })), ("Mcp-Session-Id", session));

        Assert.Equal(-32002, (await SubscribeAsync("resources/subscribe", "memory://default/0198c0de-7a11-7000-8000-000000000000")).ErrorCode);
        Assert.True((await SubscribeAsync("resources/subscribe", uris[0])).Messages[^1].TryGetProperty("result", out _));
        Assert.True((await SubscribeAsync("resources/subscribe", uris[1])).Messages[^1].TryGetProperty("result", out _));
        Assert.Contains("MaxSubscriptions", (await SubscribeAsync("resources/subscribe", uris[2])).ErrorMessage, StringComparison.Ordinal);
        await SubscribeAsync("resources/unsubscribe", uris[0]);
        Assert.True((await SubscribeAsync("resources/subscribe", uris[2])).Messages[^1].TryGetProperty("result", out _));
    }

    private async Task<McpClient> ConnectAsync(TestTenant tenant, string? version, McpClientHandlers? handlers = null)
    {
        var transport = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = fixture.Server.Url,
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {tenant.Key}" },
        });
        return await McpClient.CreateAsync(
            transport, new McpClientOptions { ProtocolVersion = version, Handlers = handlers ?? new McpClientHandlers() }, cancellationToken: TestContext.Current.CancellationToken);
    }

    /// <summary>Takes the progress as it comes and gives up after enough of it.</summary>
    private sealed class Collector(ConcurrentQueue<ProgressNotificationValue> told, int wanted, CancellationTokenSource enough) : IProgress<ProgressNotificationValue>
    {
        public void Report(ProgressNotificationValue value)
        {
            told.Enqueue(value);
            if (told.Count >= wanted)
            {
                enough.Cancel();
            }
        }
    }
}
