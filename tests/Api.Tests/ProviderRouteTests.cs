using System.Net;
using System.Text.Json;
using Engram.Engine;
using Engram.Engine.Providers;
using Engram.Tests.Shared;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.Api.Tests;

public class ProviderRouteTests(ProviderHost host, ApiFixture fixture) : IClassFixture<ProviderHost>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_connection_lives_from_create_over_test_and_rotate_to_delete_and_never_shows_its_key()
    {
        var http = (await host.NewTenantAsync()).Http;
        var created = await http.PostAsync("/account/providers", Create("sk-first-key-of-mine-1111")).JsonAsync(HttpStatusCode.Created);
        var path = $"/account/providers/{created.Text("id")}";
        Assert.Equal(("...1111", "Mine"), (created.Text("key"), created.Text("label")));

        var set = await SendAsync(http, HttpMethod.Put, "/account/models/synthesize", new { connection_id = created.Text("id"), model = "fake-answer" }).JsonAsync(HttpStatusCode.OK);
        Assert.Equal("fake-answer", set.Text("model"));
        var tested = await http.PostAsync($"{path}/test", "{}").JsonAsync(HttpStatusCode.OK);
        Assert.True(tested.GetProperty("ok").GetBoolean() && tested.GetProperty("model_found").GetBoolean(), tested.GetRawText());
        Assert.True(tested.GetProperty("latency_ms").GetDouble() > 0);
        Assert.Equal("fake-answer", tested.Text("model"));

        var rotated = await http.PostAsync($"{path}/rotate", """{"api_key":"sk-second-key-of-mine-2222"}""").JsonAsync(HttpStatusCode.OK);
        Assert.Equal("...2222", rotated.Text("key"));
        await http.PostAsync($"{path}/test", "{}").JsonAsync(HttpStatusCode.OK);
        Assert.Single(host.Provider.Requests.Of("sk-second-key-of-mine-2222"));

        var updated = await SendAsync(http, HttpMethod.Patch, path, new { label = "Renamed", prices = new { fake = new { input = 1.5, output = 6 } } }).JsonAsync(HttpStatusCode.OK);
        Assert.Equal(1.5m, updated.GetProperty("prices").GetProperty("fake").GetProperty("input").GetDecimal());
        var list = await http.GetJsonAsync("/account/providers");
        Assert.Equal("synthesize", list.GetProperty("providers")[0].GetProperty("roles")[0].GetString());
        Assert.DoesNotContain("sk-", list.GetRawText() + created.GetRawText() + rotated.GetRawText() + updated.GetRawText() + tested.GetRawText(), StringComparison.Ordinal);

        await http.DeleteAsync(path).JsonAsync(HttpStatusCode.NoContent);
        await http.GetAsync(path).ProblemAsync(404, "provider_not_found", "id");
        Assert.Equal(0, (await http.GetJsonAsync("/account/models")).GetProperty("models").GetArrayLength());
    }

    [Fact]
    public async Task A_refused_key_is_told_in_the_providers_own_words_without_the_key()
    {
        var http = (await host.NewTenantAsync()).Http;
        var created = await http.PostAsync("/account/providers", Create("sk-wrong-key-of-mine-9999")).JsonAsync(HttpStatusCode.Created);

        var tested = await http.PostAsync($"/account/providers/{created.Text("id")}/test", """{"model":"fake-answer"}""").JsonAsync(HttpStatusCode.OK);

        Assert.False(tested.GetProperty("ok").GetBoolean());
        Assert.Equal(("auth", 401), (tested.Text("kind"), tested.GetProperty("upstream_status").GetInt32()));
        Assert.NotEmpty(tested.Text("provider_words"));
        Assert.NotEmpty(tested.Text("hint"));
        Assert.DoesNotContain("sk-wrong", tested.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://api.example.com/v1/")]
    [InlineData("https://127.0.0.1/v1/")]
    [InlineData("https://10.0.0.8/v1/")]
    [InlineData("https://169.254.169.254/latest/")]
    [InlineData("https://[::ffff:10.0.0.8]/v1/")]
    [InlineData("https://localhost/v1/")]
    [InlineData("https://user:password@api.example.com/v1/")]
    [InlineData("not a url")]
    public async Task An_address_that_must_not_be_called_is_refused_by_name(string address)
    {
        var http = (await host.NewTenantAsync()).Http;
        var body = JsonSerializer.Serialize(new { provider = "openai-compatible", api_key = "sk-key-of-mine-1111", base_url = address });
        await http.PostAsync("/account/providers", body).ProblemAsync(400, "invalid_request", "base_url");
    }

    [Theory]
    [InlineData("""{"provider":"nobody","api_key":"sk-key-of-mine-1111"}""", "provider")]
    [InlineData("""{"provider":"openai"}""", "api_key")]
    [InlineData("""{"provider":"openai","api_key":"sk with spaces"}""", "api_key")]
    [InlineData("""{"provider":"azure-openai","api_key":"sk-key-of-mine-1111"}""", "base_url")]
    [InlineData("""{"provider":"openai","api_key":"sk-key-of-mine-1111","prices":{"m":{"input":-1,"output":1}}}""", "prices.m.input")]
    [InlineData("""{"provider":"openai","api_key":"sk-key-of-mine-1111","prices":{"m":{"input":1}}}""", "prices.m.output")]
    [InlineData("""{"provider":"openai","key":"sk-key-of-mine-1111"}""", "key")]
    public async Task A_connection_that_makes_no_sense_is_refused_by_field_and_its_key_is_not_repeated(string body, string field)
    {
        var http = (await host.NewTenantAsync()).Http;
        var problem = await http.PostAsync("/account/providers", body).ProblemAsync(400, "invalid_request", field);
        Assert.DoesNotContain("sk-key", problem.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Faults_and_costs_are_in_the_ledger_and_in_plan_usage()
    {
        var tenant = await host.NewTenantAsync();
        var created = await tenant.Http.PostAsync("/account/providers", Create("sk-ledger-key-of-mine-1111")).JsonAsync(HttpStatusCode.Created);
        var path = $"/account/providers/{created.Text("id")}";
        await SendAsync(tenant.Http, HttpMethod.Patch, path, new { prices = new Dictionary<string, object> { ["*"] = new { input = 1000, output = 2000 } } }).JsonAsync(HttpStatusCode.OK);
        foreach (var model in (string[])["fake-answer", "fault-503", "fault-429", "fault-401"])
            await tenant.Http.PostAsync($"{path}/test", JsonSerializer.Serialize(new { model })).JsonAsync(HttpStatusCode.OK);

        await UntilAsync(async () => (await tenant.Http.GetJsonAsync("/account/provider-faults")).GetProperty("faults").GetArrayLength() == 3, "the faults are not in the ledger");
        var limited = await tenant.Http.GetJsonAsync("/account/provider-faults?kind=rate_limited&provider=openai-compatible&from=2020-01-01T00:00:00Z");
        var fault = Assert.Single(limited.GetProperty("faults").EnumerateArray());
        Assert.Equal(("fault-429", 429, tenant.KeyId.ToString()), (fault.Text("model"), fault.GetProperty("upstream_status").GetInt32(), fault.Text("key_id")));
        var first = await tenant.Http.GetJsonAsync("/account/provider-faults?limit=2");
        var second = await tenant.Http.GetJsonAsync($"/account/provider-faults?limit=2&cursor={first.Text("next")}");
        Assert.Equal((2, 1), (first.GetProperty("faults").GetArrayLength(), second.GetProperty("faults").GetArrayLength()));
        using var export = await tenant.Http.GetAsync("/account/provider-faults?format=ndjson");
        Assert.Equal("application/x-ndjson", export.Content.Headers.ContentType?.MediaType);
        var lines = (await export.Content.ReadAsStringAsync()).TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement.Text("kind"));
        Assert.Equal(["auth", "rate_limited", "unavailable"], lines.Order(StringComparer.Ordinal));

        var calls = (await tenant.Http.GetJsonAsync($"/account/llm-calls?key_id={tenant.KeyId}&operation=test_provider")).GetProperty("calls").EnumerateArray().ToArray();
        Assert.Equal(4, calls.Length);
        var good = calls.Single(call => !call.TryGetProperty("kind", out _));
        Assert.True(good.GetProperty("cost_usd").GetDecimal() > 0);
        var ofRequest = await tenant.Http.GetJsonAsync($"/account/llm-calls?request_id={good.Text("request_id")}");
        Assert.Equal(good.Text("id"), Assert.Single(ofRequest.GetProperty("calls").EnumerateArray()).Text("id"));
        Assert.Equal(0, (await tenant.Http.GetJsonAsync($"/account/llm-calls?memory_id={Guid.NewGuid()}")).GetProperty("calls").GetArrayLength());

        var usage = await tenant.Http.GetJsonAsync("/account/plan_usage");
        var (input, output) = (usage.GetProperty("tokens").GetProperty("input").GetInt64(), usage.GetProperty("tokens").GetProperty("output").GetInt64());
        Assert.True(input > 0 && output > 0, usage.GetRawText());
        Assert.Equal(((input * 1000m) + (output * 2000m)) / 1_000_000m, usage.GetProperty("cost_usd").GetDecimal());
        Assert.Equal(4, usage.GetProperty("by_model").EnumerateArray().Sum(row => row.GetProperty("calls").GetInt64()));
        Assert.Equal(usage.GetProperty("cost_usd").GetDecimal(), usage.GetProperty("by_key").EnumerateArray().Single(key => key.Text("key_id") == tenant.KeyId.ToString()).GetProperty("cost_usd").GetDecimal());
        var connection = await tenant.Http.GetJsonAsync(path);
        Assert.True(connection.TryGetProperty("last_success_at", out _) && connection.Text("last_error").Contains(':', StringComparison.Ordinal), connection.GetRawText());
    }

    [Fact]
    public async Task Budgets_are_set_read_and_replaced_as_a_whole()
    {
        var tenant = await host.NewTenantAsync();
        var body = new { tenant = new { daily_tokens = 1000 }, keys = new[] { new { key_id = tenant.KeyId, daily_usd = 0.5m } } };
        var set = await SendAsync(tenant.Http, HttpMethod.Put, "/account/budgets", body).JsonAsync(HttpStatusCode.OK);
        Assert.Equal(1000, set.GetProperty("tenant").GetProperty("daily_tokens").GetInt64());
        Assert.Equal(0.5m, set.GetProperty("keys")[0].GetProperty("daily_usd").GetDecimal());

        await SendAsync(tenant.Http, HttpMethod.Put, "/account/budgets", new { }).JsonAsync(HttpStatusCode.OK);
        var none = await tenant.Http.GetJsonAsync("/account/budgets");
        Assert.False(none.GetProperty("tenant").TryGetProperty("daily_tokens", out _));
        Assert.Equal(0, none.GetProperty("keys").GetArrayLength());
        await SendAsync(tenant.Http, HttpMethod.Put, "/account/budgets", new { tenant = new { daily_tokens = -1 } }).ProblemAsync(400, "invalid_request", "tenant.daily_tokens");
        await SendAsync(tenant.Http, HttpMethod.Put, "/account/budgets", new { keys = new[] { new { key_id = Guid.NewGuid(), daily_usd = 1 } } }).ProblemAsync(404, "key_not_found");
    }

    [Fact]
    public async Task Every_change_of_keys_buckets_providers_and_budgets_is_in_the_audit()
    {
        // The newest first, which two changes within one millisecond do not tell.
        var api = fixture.Start(new TickingClock(TimeSpan.FromMilliseconds(2)), ("Engram:Providers:AllowedHosts:0", host.Provider.Root.Authority));
        var tenant = await fixture.NewTenantAsync(host: api);
        var http = tenant.Http;
        var key = await http.PostAsync("/account/keys", """{"name":"Agent","scopes":["memories:read"]}""").JsonAsync(HttpStatusCode.Created);
        var rolled = await http.PostAsync($"/account/keys/{key.Text("id")}/roll", "{}").JsonAsync(HttpStatusCode.Created);
        await http.DeleteAsync($"/account/keys/{rolled.Text("id")}").JsonAsync(HttpStatusCode.NoContent);
        await http.DeleteAsync($"/account/keys/{Guid.NewGuid()}").ProblemAsync(404, "key_not_found");
        await http.StoreAsync("gone", "Soon deleted.");
        await http.DeleteAsync("/v1/buckets/gone").JsonAsync(HttpStatusCode.NoContent);
        await http.PostAsync("/account/providers", Create("sk-audit-key-of-mine-1111")).JsonAsync(HttpStatusCode.Created);
        await SendAsync(http, HttpMethod.Put, "/account/budgets", new { tenant = new { daily_usd = 5 } }).JsonAsync(HttpStatusCode.OK);

        var entries = (await http.GetJsonAsync("/account/audit")).GetProperty("entries").EnumerateArray().ToArray();
        Assert.Equal(["budgets.set", "provider.create", "bucket.delete", "key.revoke", "key.roll", "key.create"], entries.Select(entry => entry.Text("action")));
        Assert.All(entries, entry =>
        {
            Assert.Equal(("test", "127.0.0.1", tenant.KeyId.ToString()), (entry.Text("actor"), entry.Text("ip"), entry.Text("key_id")));
            Assert.StartsWith(entry.Text("key_prefix"), tenant.Key, StringComparison.Ordinal);
        });
        Assert.DoesNotContain(key.Text("key"), string.Concat(entries.Select(entry => entry.GetRawText())), StringComparison.Ordinal);
        Assert.Equal(3, (await http.GetJsonAsync("/account/audit?action=key.")).GetProperty("entries").GetArrayLength());
        Assert.Equal(0, (await http.GetJsonAsync("/account/audit?actor=somebody")).GetProperty("entries").GetArrayLength());
        Assert.Equal(0, (await http.GetJsonAsync("/account/audit?to=2020-01-01")).GetProperty("entries").GetArrayLength());

        var seen = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await http.GetJsonAsync($"/account/audit?limit=4{cursor}");
            seen.AddRange(page.GetProperty("entries").EnumerateArray().Select(entry => entry.Text("id")));
            cursor = page.TryGetProperty("next", out var next) ? $"&cursor={next.GetString()}" : null;
        }

        Assert.Equal(entries.Select(entry => entry.Text("id")), seen);
        var lines = await http.GetStringAsync("/account/audit?format=ndjson");
        Assert.Equal(seen, lines.TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement.Text("id")));
        await http.GetAsync("/account/audit?format=xml").ProblemAsync(400, "invalid_request", "format");
        await http.GetAsync("/account/audit?from=yesterday-ish").ProblemAsync(400, "invalid_request", "from");
        await http.GetAsync("/account/provider-faults?kind=bad").ProblemAsync(400, "invalid_request", "kind");
        await http.GetAsync("/account/provider-faults?cursor=7").ProblemAsync(400, "invalid_request", "cursor");
    }

    [Fact]
    public async Task Rotating_the_key_under_load_fails_no_call_and_the_new_key_is_used_at_once()
    {
        var tenant = await host.NewTenantAsync();
        var created = await tenant.Http.PostAsync("/account/providers", Create("sk-load-key-000000")).JsonAsync(HttpStatusCode.Created);
        var path = $"/account/providers/{created.Text("id")}";
        await SendAsync(tenant.Http, HttpMethod.Put, "/account/models/synthesize", new { connection_id = created.Text("id"), model = "fake-answer@5ms" }).JsonAsync(HttpStatusCode.OK);
        var models = host.Api.Services.GetRequiredService<TenantModels>();
        using var stop = new CancellationTokenSource();
        var calls = 0;
        var load = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await CallAsync(models, tenant);
                Interlocked.Increment(ref calls);
            }
        })).ToArray();

        for (var i = 1; i <= 20; i++)
        {
            var key = $"sk-load-key-{i:D6}";
            await tenant.Http.PostAsync($"{path}/rotate", JsonSerializer.Serialize(new { api_key = key })).JsonAsync(HttpStatusCode.OK);

            // A call that begins after the answer goes with the new key, and with no other.
            await CallAsync(models, tenant);
            Assert.NotEmpty(host.Provider.Requests.Of(key));
        }

        await stop.CancelAsync();
        await Task.WhenAll(load);
        Assert.True(calls > 20, $"only {calls} calls were made meanwhile");
    }

    private static async Task CallAsync(TenantModels models, TestTenant tenant)
    {
        var context = new LlmContext(new Tenant(tenant.Id), Guid.CreateVersion7(), "POST /v1/query", ModelRole.Synthesize);
        using var chat = await models.ForAsync(context);
        Assert.NotEmpty((await chat!.Client.GetResponseAsync("Say something.")).Text);
    }

    private string Create(string key) => JsonSerializer.Serialize(
        new { provider = "openai-compatible", label = "Mine", base_url = host.Provider.OpenAi.ToString(), api_key = key });

    private static Task<HttpResponseMessage> SendAsync(HttpClient http, HttpMethod method, string path, object body) =>
        http.SendAsync(new HttpRequestMessage(method, path) { Content = Wire.Json(JsonSerializer.Serialize(body)) });

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
