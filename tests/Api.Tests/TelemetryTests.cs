using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Engram.Engine.Latency;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.Api.Tests;

/// <summary>What OpenTelemetry exports and what /account/requests tells are the same operations with the same times.</summary>
public class TelemetryTests(ApiFixture fixture)
{
    private sealed record Measured(string Operation, string Class, string Series, string Outcome, double Seconds);

    [Fact]
    public async Task The_exported_numbers_are_those_of_the_records()
    {
        var host = fixture.Start();
        var meters = host.Services.GetRequiredService<IMeterFactory>();
        var (operations, hops) = (new ConcurrentQueue<Measured>(), new ConcurrentQueue<(string Hop, double Seconds)>());
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            // Other hosts of this process have meters of the same name.
            if (instrument.Meter.Scope == meters && instrument.Name is "engram.operation.duration" or "engram.hop.duration" && instrument.Meter.Scope == meters)
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            var named = tags.ToArray().ToDictionary(tag => tag.Key, tag => (string)tag.Value!);
            if (instrument.Name == "engram.hop.duration")
                hops.Enqueue((named["engram.hop"], value));
            else
                operations.Enqueue(new Measured(named["engram.operation"], named["engram.class"], named["engram.series"], named["engram.outcome"], value));
        });
        listener.Start();
        var spans = new ConcurrentQueue<Activity>();
        using var tracing = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Engram",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(tracing);

        var tenant = await fixture.NewTenantAsync(host: host);
        for (var i = 0; i < 3; i++)
            await tenant.Http.GetJsonAsync("/router/buckets");
        await tenant.Http.StoreAsync("default", "Ann prefers window seats.");
        await tenant.Http.PostAsync("/v1/query", """{"query":"Which seat?","options":{"skip_synthesis":true}}""").JsonAsync(System.Net.HttpStatusCode.OK);
        await tenant.Http.GetAsync("/v1/buckets/nowhere/profile").ProblemAsync(404, "bucket_not_found");

        JsonElement[] records;
        var until = DateTimeOffset.UtcNow.AddSeconds(20);
        do
        {
            Assert.True(DateTimeOffset.UtcNow < until, "Not every operation was recorded.");
            await host.Services.GetRequiredService<OperationLog>().FlushAsync(TestContext.Current.CancellationToken);
            records = [.. (await tenant.Http.GetJsonAsync("/account/requests?limit=500")).GetProperty("requests").EnumerateArray().Where(r => r.Text("operation") != "GET /account/requests")];
        }
        while (records.Length < 6);

        Assert.Equal(
            records.Select(r => (r.Text("operation"), r.Text("class"), r.Text("series"), r.Text("outcome"), Microseconds(r.GetProperty("duration_ms").GetDouble() / 1000))).Order(),
            operations.Where(o => o.Operation != "GET /account/requests").Select(o => (o.Operation, o.Class, o.Series, o.Outcome, Microseconds(o.Seconds))).Order());
        foreach (var record in records)
        {
            var span = Assert.Single(spans, s => (string?)s.GetTagItem("engram.request_id") == record.Text("request_id"));
            Assert.Equal((record.Text("operation"), record.Text("series"), record.Text("outcome")), (span.DisplayName, span.GetTagItem("engram.series"), span.GetTagItem("engram.outcome")));
            Assert.Equal(record.GetProperty("duration_ms").GetDouble(), span.Duration.TotalMilliseconds, 0.002);
            var recorded = record.GetProperty("hops").EnumerateArray().Select(h => (Name: h.Text("hop"), Ms: h.GetProperty("duration_ms").GetDouble())).OrderBy(h => h).ToArray();
            var traced = spans.Where(s => s.ParentSpanId == span.SpanId).Select(s => (Name: s.DisplayName, Ms: s.Duration.TotalMilliseconds)).OrderBy(h => h).ToArray();
            Assert.Equal(recorded.Select(h => h.Name), traced.Select(h => h.Name));
            Assert.All(recorded.Zip(traced), pair => Assert.Equal(pair.First.Ms, pair.Second.Ms, 0.002));
            Assert.All(recorded, h => Assert.Contains(hops, m => m.Hop == h.Name && Microseconds(m.Seconds) == Microseconds(h.Ms / 1000)));
        }
    }

    [Fact]
    public async Task What_the_limits_and_the_scopes_refuse_is_an_operation_of_its_tenant_too_and_a_receipt_has_its_bytes()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.StoreAsync("default", "Ann prefers window seats.");
        var owner = tenant.Http;
        await tenant.UseNewKeyAsync(Engine.Keys.Scopes.MemoriesRead);
        await tenant.Http.GetAsync("/account/keys").ProblemAsync(403, "insufficient_scope");

        var refused = await OneAsync("outcome=client_error");
        Assert.Equal(
            ("GET /account/keys", "insufficient_scope", 403), (refused.Text("operation").TrimEnd('/'), refused.Text("cause"), refused.GetProperty("status").GetInt32()));
        var stored = await OneAsync("class=store");
        Assert.True(stored.GetProperty("response_bytes").GetInt64() > 100);
        Assert.Contains("serialize", stored.GetProperty("hops").EnumerateArray().Select(h => h.Text("hop")));

        async Task<JsonElement> OneAsync(string filter)
        {
            var until = DateTimeOffset.UtcNow.AddSeconds(20);
            while (true)
            {
                Assert.True(DateTimeOffset.UtcNow < until, $"Nothing of {filter} was ever recorded.");
                await fixture.Api.Services.GetRequiredService<OperationLog>().FlushAsync(TestContext.Current.CancellationToken);
                if ((await owner.GetJsonAsync($"/account/requests?{filter}")).GetProperty("requests") is var found && found.GetArrayLength() == 1)
                    return found[0];
            }
        }
    }

    private static long Microseconds(double seconds) => (long)Math.Truncate((seconds * 1e6) + 1e-3);
}
