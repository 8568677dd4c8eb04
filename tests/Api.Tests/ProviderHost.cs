using System.Collections.Concurrent;
using System.Diagnostics;
using Engram.FakeProvider;
using Microsoft.Extensions.Logging;

namespace Engram.Api.Tests;

/// <summary>A fake provider, and a host that may call it.</summary>
public sealed class ProviderHost(ApiFixture fixture) : IAsyncLifetime
{
    public FakeProviderHost Provider { get; private set; } = null!;

    public ApiHost Api { get; private set; } = null!;

    public CapturedOutput Output { get; } = new();

    public async ValueTask InitializeAsync()
    {
        Provider = await FakeProviderHost.StartAsync();
        Api = fixture.Start(
            Output,
            ("Engram:Providers:AllowedHosts:0", Provider.Root.Authority),
            ("Engram:Providers:RetryMilliseconds", "20"));
    }

    public Task<TestTenant> NewTenantAsync() => fixture.NewTenantAsync(host: Api);

    public async ValueTask DisposeAsync()
    {
        Output.Dispose();
        await Provider.DisposeAsync();
    }
}

/// <summary>Everything the process tells of itself: every log line at every level, every span with its tags and events.</summary>
public sealed class CapturedOutput : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ActivityListener _spans;

    public CapturedOutput()
    {
        _spans = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span => _lines.Enqueue(
                $"span {span.DisplayName} {span.StatusDescription} {string.Join(' ', span.TagObjects)} {string.Join(' ', span.Events.Select(e => $"{e.Name} {string.Join(' ', e.Tags)}"))}"),
        };
        ActivitySource.AddActivityListener(_spans);
    }

    public IReadOnlyCollection<string> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => new Writer(categoryName, _lines);

    public void Dispose() => _spans.Dispose();

    private sealed class Writer(string category, ConcurrentQueue<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var parts = state is IEnumerable<KeyValuePair<string, object?>> named ? string.Join(' ', named) : "";
            lines.Enqueue($"{logLevel} {category} {formatter(state, exception)} {parts} {exception}");
        }
    }
}
