using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Providers;

/// <summary>
/// The span and the instruments of model calls (OpenTelemetry GenAI semantic conventions). Metrics carry no tenant, and name only models
/// that the price table knows: a tenant may type any name, and each would be a series of its own.
/// </summary>
public sealed class ProviderTelemetry : IDisposable
{
    private const string Name = "Engram";
    private const string OtherModel = "_OTHER";

    /// <summary>The conventions' own boundaries, seconds and tokens.</summary>
    private static readonly InstrumentAdvice<double> Seconds =
        new() { HistogramBucketBoundaries = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92] };

    private static readonly InstrumentAdvice<long> Tokens =
        new() { HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864] };

    private readonly ActivitySource _source = new(Name);
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstChunk;
    private readonly Histogram<long> _tokens;

    /// <summary>Makes the instruments.</summary>
    /// <param name="meters">The host's meters.</param>
    public ProviderTelemetry(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create(Name);
        _duration = meter.CreateHistogram("gen_ai.client.operation.duration", "s", "Time of a model call, retries and pauses included", advice: Seconds);
        _firstChunk = meter.CreateHistogram("gen_ai.client.operation.time_to_first_chunk", "s", "Time to the first token of a streamed reply", advice: Seconds);
        _tokens = meter.CreateHistogram("gen_ai.client.token.usage", "{token}", "Tokens read and written", advice: Tokens);
    }

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();

    internal Activity? StartChat(CallTarget target, ChatOptions options)
    {
        var span = _source.StartActivity($"chat {target.Model}", ActivityKind.Client);
        if (span is { IsAllDataRequested: true })
        {
            span.SetTag("gen_ai.operation.name", "chat");
            span.SetTag("gen_ai.provider.name", NameOf(target.Provider));
            span.SetTag("gen_ai.request.model", target.Model);
            span.SetTag("gen_ai.output.type", options.ResponseFormat is ChatResponseFormatJson ? "json" : "text");
            span.SetTag("gen_ai.request.max_tokens", options.MaxOutputTokens);
            span.SetTag("gen_ai.request.temperature", options.Temperature);
            span.SetTag("server.address", target.Connection.BaseUrl.Host);
            span.SetTag("server.port", target.Connection.BaseUrl.Port);
            span.SetTag("engram.role", target.Role);
        }

        return span;
    }

    internal void EndChat(Activity? span, CallTarget target, LlmProgress progress, string? error)
    {
        var tags = new TagList
        {
            { "gen_ai.operation.name", "chat" },
            { "gen_ai.provider.name", NameOf(target.Provider) },
            { "gen_ai.request.model", PriceTable.Find(target.Provider, target.Model) is null ? OtherModel : target.Model },
        };
        if (progress.Attempts > 0 && error is null)
        {
            _tokens.Record(progress.InputTokens, [.. tags, new("gen_ai.token.type", "input")]);
            _tokens.Record(progress.OutputTokens, [.. tags, new("gen_ai.token.type", "output")]);
        }

        if (progress.FirstToken is { } first)
        {
            _firstChunk.Record(first.TotalSeconds, tags);
        }

        if (error is not null)
        {
            tags.Add("error.type", error);
        }

        _duration.Record(progress.Elapsed.TotalSeconds, tags);
        if (span is null)
        {
            return;
        }

        span.SetTag("gen_ai.response.model", progress.ResponseModel);
        span.SetTag("gen_ai.usage.input_tokens", progress.InputTokens);
        span.SetTag("gen_ai.usage.output_tokens", progress.OutputTokens);
        span.SetTag("engram.attempts", progress.Attempts);
        if (error is not null)
        {
            span.SetTag("error.type", error);
            span.SetStatus(ActivityStatusCode.Error);
        }
    }

    /// <summary>The conventions' names where they have one of their own.</summary>
    private static string NameOf(string provider) => provider switch
    {
        "azure-openai" => "azure.ai.openai",
        "gemini" => "gcp.gemini",
        "mistral" => "mistral_ai",
        "xai" => "x_ai",
        _ => provider,
    };
}
