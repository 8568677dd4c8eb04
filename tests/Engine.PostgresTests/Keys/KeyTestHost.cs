using System.Diagnostics;
using System.Diagnostics.Metrics;
using Engram.Engine.Database;
using Engram.Engine.Keys;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Engram.Engine.PostgresTests.Keys;

/// <summary>One process's worth of key handling, with a clock that tests can turn.</summary>
internal sealed class KeyTestHost : IAsyncDisposable
{
    public const string Secret = "a secret of the tests that is long enough";

    private readonly ServiceProvider _services;
    private readonly MeterListener _meters = new();

    public KeyTestHost(EngineFixture fixture, bool background = false, params (string Key, string Value)[] settings)
    {
        var services = new ServiceCollection();
        Dictionary<string, string?> values = new() { ["Engram:Keys:HmacSecret"] = Secret, ["Engram:Keys:LastUsedSeconds"] = "0.05" };
        foreach (var (key, value) in settings)
            values[key] = value;
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
        services.AddLogging();
        services.AddSingleton<TimeProvider>(Clock);
        services.AddKeyedSingleton(TenantDb.ConnectionName, (_, _) => NpgsqlDataSource.Create(fixture.Database.App));
        services.AddKeyedSingleton(SystemDb.ConnectionName, (_, _) => NpgsqlDataSource.Create(fixture.Database.System));
        services.AddSingleton<TenantDb>().AddSingleton<SystemDb>().AddEngramKeys();
        _services = services.BuildServiceProvider();
        // Here and not in the callback: another host's instrument may be published while this one's services are disposed of.
        var scope = _services.GetRequiredService<IMeterFactory>();
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "engram.keys.refused" && ReferenceEquals(instrument.Meter.Scope, scope))
                listener.EnableMeasurementEvents(instrument);
        };
        _meters.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            lock (Refusals)
                Refusals.Add((string)tags[0].Value!);
        });
        _meters.Start();
        Authenticator = _services.GetRequiredService<ApiKeyAuthenticator>();
        if (background)
        {
            foreach (var service in _services.GetServices<IHostedService>())
                service.StartAsync(CancellationToken.None).GetAwaiter().GetResult();
        }
    }

    public TurnableClock Clock { get; } = new();

    public List<string> Refusals { get; } = [];

    public ApiKeyAuthenticator Authenticator { get; }

    public ApiKeys Keys => _services.GetRequiredService<ApiKeys>();

    public KeyCache Cache => _services.GetRequiredService<KeyCache>();

    public LastUsedWriter LastUsed => _services.GetRequiredService<LastUsedWriter>();

    public byte[] Hash(string key) => _services.GetRequiredService<KeyHasher>().Hash(key);

    public async Task<KeyFailure> FailureAsync(string? key) => (await Authenticator.AuthenticateAsync(key)).Failure;

    public async Task StopAsync()
    {
        foreach (var service in _services.GetServices<IHostedService>())
            await service.StopAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _meters.Dispose();
        await _services.DisposeAsync();
    }

    /// <summary>Stands at the time it was made, moved on by hand. Timers run in real time.</summary>
    internal sealed class TurnableClock(DateTimeOffset? start = null) : TimeProvider
    {
        private long _now = (start ?? DateTimeOffset.UtcNow).UtcTicks;

        public void Advance(TimeSpan time) => Interlocked.Add(ref _now, time.Ticks);

        public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _now), TimeSpan.Zero);
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, string otherwise)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(1), otherwise);
            await Task.Delay(10);
        }
    }
}
