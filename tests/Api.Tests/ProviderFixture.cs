using System.Net;
using System.Text.Json;
using Engram.Engine.Keys;
using Engram.FakeProvider;
using Engram.Tests.Shared;

namespace Engram.Api.Tests;

/// <summary>The real host with a fake provider that it may reach.</summary>
public sealed class ProviderFixture(ApiFixture api) : IAsyncLifetime
{
    /// <summary>Nobody listens there.</summary>
    public const string Nowhere = "127.0.0.1:9";

    /// <summary>What a token costs here: two dollars for a million read, eight for a million written.</summary>
    private static readonly object Prices = new Dictionary<string, object> { ["*"] = new { input = 2, output = 8 } };

    public FakeProviderHost Provider { get; private set; } = null!;

    public ApiHost Host { get; private set; } = null!;

    /// <summary>Another, that gives up soon.</summary>
    public ApiHost Hasty { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Provider = await FakeProviderHost.StartAsync();
        var settings = ProviderFaultTable.Settings(Provider.Root.Authority, Nowhere);
        Host = api.Start(settings);
        Hasty = api.Start([.. settings, ProviderFaultTable.Hasty]);
    }

    public ValueTask DisposeAsync() => Provider.DisposeAsync();

    /// <summary>A tenant that answers with a model of the fake provider, set up as a person does it, over HTTP.</summary>
    /// <returns>The tenant, and its key at the provider: its requests are found by it.</returns>
    public async Task<(TestTenant Tenant, string ProviderKey)> NewTenantAsync(string provider, string model, string role = "synthesize", string? key = null, string? baseUrl = null, ApiHost? host = null)
    {
        var tenant = await api.NewTenantAsync(Scopes.All, host: host ?? Host);
        key ??= $"fake-{Guid.NewGuid():N}";
        baseUrl ??= (provider == "anthropic" ? Provider.Root : Provider.OpenAi).ToString();
        var made = await tenant.Http.PostAsync("/account/providers", JsonSerializer.Serialize(new { provider, label = "fake", base_url = baseUrl, api_key = key, prices = Prices })).JsonAsync(HttpStatusCode.Created);
        await SetModelAsync(tenant, made.Text("id"), model, role);
        return (tenant, key);
    }

    /// <summary>The host in which a model's fault shows within a test's patience.</summary>
    public ApiHost HostFor(string model) => ProviderFaultTable.WaitsForTheDeadline(model) ? Hasty : Host;

    public static Task<JsonElement> SetModelAsync(TestTenant tenant, string connectionId, string model, string role) =>
        tenant.Http.PutAsync(new Uri($"/account/models/{role}", UriKind.Relative), Wire.Json(JsonSerializer.Serialize(new { connection_id = connectionId, model }))).JsonAsync(HttpStatusCode.OK);
}
