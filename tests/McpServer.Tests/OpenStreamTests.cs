using System.Net;
using Engram.Engine.Keys;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Engram.McpServer.Tests;

/// <summary>Streams stay open for hours: what they were let in with is looked at again, and before anything is told on one.</summary>
public sealed class OpenStreamTests(ToolFixture fixture) : IClassFixture<ToolFixture>
{
    private const string Listen = "subscriptions/listen";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("GET /mcp")]
    [InlineData("GET /sse")]
    [InlineData(Listen)]
    public async Task An_open_stream_ends_soon_after_its_key_was_revoked(string kind)
    {
        await using var server = await StartAsync("00:00:01");
        var tenant = await fixture.NewTenantAsync();
        using var stream = await OpenedStream.OpenAsync(server, tenant, tenant.Key, kind);

        await tenant.RevokeAsync(server.Services.GetRequiredService<ApiKeys>());

        await stream.ReadToEndAsync();
    }

    [Theory]
    [InlineData("expires_at = now()")]
    [InlineData("scopes = '{memories:write}'")]
    [InlineData("revoked_at = now()")]
    public async Task A_stream_of_subscriptions_ends_when_its_key_loses_what_it_needs(string change)
    {
        await using var server = await StartAsync("00:00:01");
        var tenant = await fixture.NewTenantAsync();
        using var stream = await OpenedStream.OpenAsync(server, tenant, tenant.Key, Listen);

        await tenant.ChangeKeyAsync(change);

        // With its answer, so that the client knows it as an end and not as a broken connection.
        Assert.Contains("\"result\"", (await stream.ReadToEndAsync())[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("revoked_at = now()")]
    [InlineData("scopes = '{memories:write}'")]
    [InlineData("buckets = '{other}'")]
    public async Task Nothing_more_is_told_on_streams_of_a_key_that_may_no_longer_know_it(string change)
    {
        // Long enough that the streams are not looked at meanwhile.
        await using var server = await StartAsync("00:10:00");
        var tenant = await fixture.NewTenantAsync();
        var id = await tenant.StoreAsync("Ann lives in Bern.");
        using var session = await OpenedStream.OpenAsync(server, tenant, tenant.Key, "GET /mcp", id);
        using var listening = await OpenedStream.OpenAsync(server, tenant, tenant.Key, Listen, id);
        await tenant.CallAsync("update_memory", new { memory_id = id, content = "Ann lives in Basel." });
        await session.NextAsync("notifications/resources/updated");
        await listening.NextAsync("notifications/resources/updated");

        await tenant.ChangeKeyAsync(change);
        using var client = server.Client(tenant.Key);
        await PollAsync(async () => !HasResult(await client.PostAsync(Rpc.Request(9, "resources/read", $$"""{"uri":"memory://default/{{id}}"}"""))));
        await tenant.UseAsync(Scopes.All);
        using var witness = await OpenedStream.OpenAsync(server, tenant, tenant.Key, Listen, id);
        await tenant.CallAsync("update_memory", new { memory_id = id, content = "Ann lives in Chur." });
        await witness.NextAsync("notifications/resources/updated");
        await server.StopAsync();

        Assert.DoesNotContain("notifications/resources/updated", string.Concat(await session.ReadToEndAsync()), StringComparison.Ordinal);
        Assert.DoesNotContain("notifications/resources/updated", string.Concat(await listening.ReadToEndAsync()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET /mcp")]
    [InlineData(Listen)]
    public async Task An_open_stream_ends_with_the_token_that_opened_it(string kind)
    {
        var clock = new ManualClock();
        await using var issuer = await TestIssuer.StartAsync(clock.GetUtcNow);
        await using var server = await fixture.StartAsync(
            services =>
            {
                services.RemoveAll<TimeProvider>();
                services.AddSingleton<TimeProvider>(clock);
            },
            issuer.Settings);
        var tenant = await fixture.NewTenantAsync();
        var token = issuer.Token(tenant.Tenant.Id, "memories:read");
        using var stream = await OpenedStream.OpenAsync(server, tenant, token, kind);

        clock.Advance(TimeSpan.FromMinutes(6));

        await stream.ReadToEndAsync();
        using var client = server.Client(token);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.PostAsync(Rpc.Request(1, "tools/list"))).Status);
    }

    private Task<McpTestServer> StartAsync(string keepAlive) =>
        fixture.StartAsync(_ => { }, ("Engram:Mcp:StreamKeepAlive", keepAlive), ("Engram:Mcp:LegacySse", "true"));

    private static bool HasResult(RawReply reply) => reply.Messages is [.., var last] && last.TryGetProperty("result", out _);

    private static async Task PollAsync(Func<Task<bool>> condition)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Deadline);
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), deadline.Token);
        }
    }

    /// <summary>A stream of one kind that has been open long enough to have carried something, subscribed to a memory if one is given.</summary>
    private sealed class OpenedStream : IDisposable
    {
        private readonly RawMcpClient _client;
        private HttpResponseMessage _response = null!;
        private StreamReader _reader = null!;

        private OpenedStream(RawMcpClient client) => _client = client;

        public static async Task<OpenedStream> OpenAsync(McpTestServer server, TestTenant tenant, string credential, string kind, string? memory = null)
        {
            var uri = $"memory://default/{memory ?? (kind == Listen ? await tenant.StoreAsync("Ann lives in Bern.") : "")}";
            var stream = new OpenedStream(new RawMcpClient(new Uri(server.Url, kind == "GET /sse" ? "/sse" : "/mcp"), credential));
            if (kind == Listen)
            {
                var listen = Rpc.Modern(41, Listen, $$"""
                    "notifications":{"resourceSubscriptions":["{{uri}}"]}
                    """);
                await stream.OpenAsync(HttpMethod.Post, listen, Rpc.ModernHeaders(Listen));
                await stream.NextAsync("notifications/subscriptions/acknowledged");
                return stream;
            }

            string? session = null;
            if (kind == "GET /mcp")
            {
                session = await stream._client.InitializeAsync();
                var subscribed = memory is null ? null : await stream._client.PostAsync(Rpc.Request(7, "resources/subscribe", $$"""{"uri":"{{uri}}"}"""), ("Mcp-Session-Id", session));
                Assert.True(subscribed is null || HasResult(subscribed));
            }

            await stream.OpenAsync(HttpMethod.Get, null, ("Mcp-Session-Id", session));
            return stream;
        }

        public async Task NextAsync(string method)
        {
            while (await ReadLineAsync() is { } line)
            {
                if (line.StartsWith("data: ", StringComparison.Ordinal) && line.Contains($"\"{method}\"", StringComparison.Ordinal))
                {
                    return;
                }
            }

            Assert.Fail($"The stream ended without {method}.");
        }

        /// <summary>What else comes until the server ends the stream.</summary>
        public async Task<List<string>> ReadToEndAsync()
        {
            List<string> data = [];
            while (await ReadLineAsync() is { } line)
            {
                if (line.StartsWith("data: ", StringComparison.Ordinal))
                {
                    data.Add(line);
                }
            }

            return data;
        }

        public void Dispose()
        {
            _reader.Dispose();
            _response.Dispose();
            _client.Dispose();
        }

        private async Task OpenAsync(HttpMethod method, string? body, params (string, string?)[] headers)
        {
            _response = await _client.OpenAsync(method, body, TestContext.Current.CancellationToken, headers);
            Assert.Equal(HttpStatusCode.OK, _response.StatusCode);
            _reader = new StreamReader(await _response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        }

        private Task<string?> ReadLineAsync() => _reader.ReadLineAsync().WaitAsync(Deadline);
    }
}
