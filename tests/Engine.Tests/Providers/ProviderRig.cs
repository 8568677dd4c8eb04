using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Engram.Engine.Latency;
using Engram.Engine.Providers;
using Engram.FakeProvider;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Tests.Providers;

/// <summary>One fake provider for all tests of this folder.</summary>
public sealed class FakeProviderFixture : IAsyncLifetime
{
    public FakeProviderHost Host { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Host = await FakeProviderHost.StartAsync();

    public async ValueTask DisposeAsync() => await Host.DisposeAsync();
}

/// <summary>The clients as a host composes them, in front of a provider on this machine. Each has a tenant, a connection and a key of its own.</summary>
internal sealed class ProviderRig : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly ProviderHttp _http;
    private readonly ProviderTelemetry _telemetry;

    public ProviderRig(
        Uri provider, Action<ProviderOptions>? configure = null, TimeProvider? time = null, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        var values = new ProviderOptions { RetryMilliseconds = 1, AllowedHosts = [provider.Authority] };
        configure?.Invoke(values);
        var options = Options.Create(values);
        Root = provider;
        Guard = new ProviderUrlGuard(options);
        _http = new ProviderHttp(Guard, options, resolve);
        _telemetry = new ProviderTelemetry(_services.GetRequiredService<IMeterFactory>());
        Breakers = new Breakers(options, time ?? TimeProvider.System);
        Clients = new ChatClients(_http, Breakers, _telemetry, Calls.Enqueue, options, time ?? TimeProvider.System);
        Test = new ConnectionTest(Clients, time ?? TimeProvider.System);
    }

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public Uri Root { get; }

    public string Key { get; } = $"sk-{Guid.NewGuid():N}";

    public Tenant Tenant { get; } = new(Guid.CreateVersion7());

    public Guid ConnectionId { get; } = Guid.CreateVersion7();

    public OpTimer Timer { get; } = new(Guid.CreateVersion7());

    public ConcurrentQueue<LlmCall> Calls { get; } = [];

    public ProviderUrlGuard Guard { get; }

    public Breakers Breakers { get; }

    public ChatClients Clients { get; }

    public ConnectionTest Test { get; }

    public MeterListener Listen(Action<string, double, KeyValuePair<string, object?>[]> seen)
    {
        var factory = _services.GetRequiredService<IMeterFactory>();
        var listener = new MeterListener { InstrumentPublished = (instrument, self) => { if (instrument.Meter.Scope == factory) self.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => seen(instrument.Name, value, tags.ToArray()));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => seen(instrument.Name, value, tags.ToArray()));
        listener.Start();
        return listener;
    }

    public LlmContext Context(ModelRole role = ModelRole.Synthesize) => new(Tenant, Timer.RequestId, "POST /v1/query", role) { Timer = Timer };

    /// <summary>A connection over a wire: <c>openai</c>, <c>anthropic</c>, <c>azure-openai</c> or any id of the catalogue.</summary>
    public ProviderConnection Connection(string provider, string? key = null)
    {
        var entry = ProviderCatalogue.Find(provider)!;
        var url = entry.WireFormat == WireFormat.OpenAi ? new Uri(Root, "/v1/") : Root;
        return new ProviderConnection(ConnectionId, entry, url, new ProviderSecret(key ?? Key));
    }

    public TenantChat Chat(string provider, string model, string? key = null) => Clients.Create(Connection(provider, key), model, Context());

    public LlmCall OnlyCall() => Assert.Single(Calls);

    public void Dispose()
    {
        _http.Dispose();
        _telemetry.Dispose();
        _services.Dispose();
    }
}
