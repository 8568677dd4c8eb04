using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Engram.Engine.Providers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Tests.Providers;

/// <summary>What goes over the wire, and what does not.</summary>
public sealed class ProviderTransportTests(FakeProviderFixture fake) : IClassFixture<FakeProviderFixture>
{
    private const string OpenAiReply =
        """{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    public async Task A_redirect_is_not_followed_wherever_it_leads(string provider)
    {
        await using var inside = await RawServer.StartAsync(context => context.Response.WriteAsync(OpenAiReply));
        await using var outside = await RawServer.StartAsync(context =>
        {
            context.Response.Redirect(new Uri(inside.Root, "/v1/chat/completions").ToString(), permanent: true, preserveMethod: true);
            return Task.CompletedTask;
        });
        using var rig = new ProviderRig(outside.Root, options => options.AllowedHosts.Add(inside.Root.Authority));

        var fault = await FaultOf(rig, provider);

        Assert.Equal((ProviderFaultKind.BadRequest, 308, 1), (fault.Kind, fault.UpstreamStatus, fault.Attempts));
        Assert.Contains("redirect", fault.Hint, StringComparison.Ordinal);
        Assert.Single(outside.Requests);
        Assert.Empty(inside.Requests);
    }

    [Fact]
    public async Task A_name_that_has_come_to_point_inside_is_not_connected_to()
    {
        await using var inside = await RawServer.StartAsync(context => context.Response.WriteAsync(OpenAiReply));
        var asked = 0;
        using var rig = new ProviderRig(new Uri("https://models.example.com/"), options => options.AllowedHosts.Clear(), resolve: (_, _) =>
        {
            asked++;
            return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
        });

        var fault = await FaultOf(rig, "openai-compatible");

        Assert.Equal((ProviderFaultKind.BadRequest, null, 1), (fault.Kind, fault.UpstreamStatus, fault.Attempts));
        Assert.Contains("not one of the public internet", fault.Hint, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", fault.Hint, StringComparison.Ordinal);
        Assert.Equal(1, asked);
        Assert.Empty(inside.Requests);
    }

    [Fact]
    public async Task A_stored_address_that_the_operator_no_longer_answers_for_is_not_called()
    {
        using var rig = new ProviderRig(fake.Host.Root, options => options.AllowedHosts.Clear());

        var fault = await FaultOf(rig, "openai-compatible");

        Assert.Equal(ProviderFaultKind.BadRequest, fault.Kind);
        Assert.Empty(fake.Host.Requests.Of(rig.Key));
    }

    [Fact]
    public async Task A_name_is_resolved_once_for_a_connection_and_the_answer_is_what_is_connected_to()
    {
        var port = fake.Host.Root.Port;
        var asked = new ConcurrentQueue<string>();
        using var rig = new ProviderRig(new Uri($"http://models.example.com:{port}/"), resolve: (host, _) =>
        {
            asked.Enqueue(host);
            return Task.FromResult<IPAddress[]>([asked.Count == 1 ? IPAddress.Loopback : IPAddress.Parse("192.0.2.1")]);
        });
        using var chat = rig.Chat("openai-compatible", "fake-answer");

        await chat.Client.GetResponseAsync("Hello", null, Cancel);
        await chat.Client.GetResponseAsync("Hello", null, Cancel);

        Assert.Equal("models.example.com", Assert.Single(asked));
        Assert.Equal(2, fake.Host.Requests.Of(rig.Key).Count);
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    public async Task A_packed_reply_is_not_unpacked(string provider)
    {
        await using var server = await RawServer.StartAsync(async context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            context.Response.ContentType = "application/json";
            await using var gzip = new GZipStream(context.Response.Body, CompressionLevel.Fastest);
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(OpenAiReply));
        });
        using var rig = new ProviderRig(server.Root);

        Assert.Equal(ProviderFaultKind.Malformed, (await FaultOf(rig, provider)).Kind);
        Assert.False(server.Requests.First().ContainsKey("Accept-Encoding"));
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    public async Task Nothing_of_the_operators_environment_goes_along(string provider)
    {
        await using var server = await RawServer.StartAsync(context => context.Response.WriteAsync("no"));
        using var rig = new ProviderRig(server.Root);

        await FaultOf(rig, provider);

        var headers = server.Requests.First();
        Assert.DoesNotContain(headers.Values, value => value.Contains("operators", StringComparison.Ordinal));
        Assert.Equal($"Bearer {rig.Key}", headers["Authorization"]);
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    public async Task A_local_server_without_keys_gets_none_of_value(string provider)
    {
        await using var server = await RawServer.StartAsync(context => context.Response.WriteAsync("no"));
        using var rig = new ProviderRig(server.Root);
        var connection = rig.Connection(provider) with { Key = ProviderSecret.None };
        using var chat = rig.Clients.Create(connection, "m", rig.Context());

        await Assert.ThrowsAsync<ProviderException>(() => chat.Client.GetResponseAsync("Hello", null, Cancel));

        Assert.Equal("Bearer none", server.Requests.First()["Authorization"]);
    }

    [Fact]
    public async Task Tenants_share_connections_and_never_a_key()
    {
        using var rig = new ProviderRig(fake.Host.Root);
        var keys = Enumerable.Range(0, 24).Select(i => $"{rig.Key}-{i}").ToArray();

        await Parallel.ForEachAsync(keys, Cancel, async (key, cancel) =>
        {
            for (var i = 0; i < 3; i++)
            {
                using var chat = rig.Clients.Create(
                    rig.Connection(i % 2 == 0 ? "openai" : "anthropic", key), "fake-answer", rig.Context() with { Tenant = new Tenant(Guid.NewGuid()) });
                await chat.Client.GetResponseAsync($"I come with {key}.", null, cancel);
            }
        });

        foreach (var key in keys)
        {
            var seen = fake.Host.Requests.Of(key);
            Assert.Equal(3, seen.Count);
            Assert.All(seen, request => Assert.Contains($"I come with {key}.", request.Body, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("openai", "max_completion_tokens", "max_tokens")]
    [InlineData("mistral", "max_tokens", "max_completion_tokens")]
    public async Task The_bound_on_the_reply_goes_by_the_name_the_provider_knows(string provider, string sent, string notSent)
    {
        using var rig = new ProviderRig(fake.Host.Root);
        using var chat = rig.Chat(provider, "fake-answer");

        await chat.Client.GetResponseAsync("Hello", new ChatOptions { MaxOutputTokens = 77, Temperature = 0 }, Cancel);

        var body = Assert.Single(fake.Host.Requests.Of(rig.Key)).Body;
        Assert.Contains($"\"{sent}\":77", body, StringComparison.Ordinal);
        Assert.DoesNotContain($"\"{notSent}\"", body, StringComparison.Ordinal);
        Assert.Contains("\"temperature\":0", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_refuses_a_temperature_is_sent_none()
    {
        await using var server = await RawServer.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            context.Response.StatusCode = body.Contains("temperature", StringComparison.Ordinal) ? 400 : 200;
            await context.Response.WriteAsync(OpenAiReply);
        });
        using var rig = new ProviderRig(server.Root);
        using var chat = rig.Chat("openai", "gpt-5-mini");

        Assert.Equal("hello", (await chat.Client.GetResponseAsync("Hello", new ChatOptions { Temperature = 0 }, Cancel)).Text);
    }

    [Theory]
    [InlineData("7", null, 7.0)]
    [InlineData(null, "1500", 1.5)]
    [InlineData("7", "1500", 1.5)]
    [InlineData("Sat, 21 Nov 2026 12:00:30 GMT", null, 30.0)]
    [InlineData("Sat, 21 Nov 2026 11:00:00 GMT", null, 0.0)]
    [InlineData("soon", null, null)]
    [InlineData(null, null, null)]
    public void How_long_to_wait_is_read_in_every_form(string? seconds, string? milliseconds, double? expected)
    {
        using var response = new HttpResponseMessage(HttpStatusCode.TooManyRequests);
        response.Headers.Date = new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
        if (seconds is not null)
            response.Headers.TryAddWithoutValidation("Retry-After", seconds);
        if (milliseconds is not null)
            response.Headers.TryAddWithoutValidation("retry-after-ms", milliseconds);
        var exchange = new HttpExchange();

        exchange.Note(response);

        Assert.Equal(expected, exchange.RetryAfter?.TotalSeconds);
    }

    [Fact]
    public async Task An_account_without_credit_is_told_apart_from_a_busy_one()
    {
        await using var server = await RawServer.StartAsync(context =>
        {
            context.Response.StatusCode = 429;
            return context.Response.WriteAsync("""{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}""");
        });
        using var rig = new ProviderRig(server.Root);

        var fault = await FaultOf(rig, "openai");

        Assert.Equal((ProviderFaultKind.Auth, 429, 1), (fault.Kind, fault.UpstreamStatus, fault.Attempts));
        Assert.Contains("credit", fault.Hint, StringComparison.Ordinal);
    }

    /// <summary>As an operator might have it. The SDKs read it once in a process, so it is there before the first of them is used.</summary>
    [ModuleInitializer]
    internal static void SetOperatorsEnvironment()
    {
        Environment.SetEnvironmentVariable("ANTHROPIC_API_KEY", "operators-key");
        Environment.SetEnvironmentVariable("ANTHROPIC_AUTH_TOKEN", "operators-token");
        Environment.SetEnvironmentVariable("ANTHROPIC_BASE_URL", "https://operators.example.com");
        Environment.SetEnvironmentVariable("ANTHROPIC_CUSTOM_HEADERS", "x-operator: operators-header");
        Environment.SetEnvironmentVariable("OPENAI_API_KEY", "operators-key");
        Environment.SetEnvironmentVariable("OPENAI_BASE_URL", "https://operators.example.com");
    }

    private static async Task<ProviderFault> FaultOf(ProviderRig rig, string provider)
    {
        using var chat = rig.Chat(provider, "m");
        return (await Assert.ThrowsAsync<ProviderException>(() => chat.Client.GetResponseAsync("Hello", null, Cancel))).Fault;
    }
}
