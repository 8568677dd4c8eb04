using Microsoft.Extensions.AI;

namespace Engram.Engine.Providers;

/// <summary>What every decorator of one composed client knows.</summary>
/// <param name="Connection">The tenant's provider.</param>
/// <param name="Model">The model that is asked.</param>
/// <param name="Context">On whose behalf.</param>
/// <param name="Deadline">When the whole operation must have ended.</param>
/// <param name="Options">Section <c>Engram:Providers</c>.</param>
/// <param name="Time">The clock.</param>
internal sealed record CallTarget(
    ProviderConnection Connection, string Model, LlmContext Context, DateTimeOffset Deadline, ProviderOptions Options, TimeProvider Time)
{
    public string Provider => Connection.Entry.Id;

    public TimeSpan TimeLeft => Deadline - Time.GetUtcNow();

    /// <summary>The label of the hops.</summary>
    public string Role => ModelRoleNames.Of(Context.Role);

    public ProviderFault Fault(ProviderFaultKind kind, int? status, LlmProgress progress, string hint) =>
        new(Provider, Model, kind, status, progress.Elapsed.TotalMilliseconds, progress.Attempts, hint);
}

/// <summary>What is known so far of one call, through all its attempts.</summary>
internal sealed class LlmProgress(TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();

    public DateTimeOffset At { get; } = time.GetUtcNow();

    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    public int Attempts { get; set; }

    public TimeSpan Wait { get; set; }

    public TimeSpan? FirstToken { get; set; }

    public long InputTokens { get; set; }

    public long OutputTokens { get; set; }

    public string? ResponseModel { get; set; }

    /// <summary>What ended the attempt before this one.</summary>
    public ProviderFault? LastFault { get; set; }

    public void Add(UsageDetails? usage)
    {
        InputTokens += usage?.InputTokenCount ?? 0;
        OutputTokens += usage?.OutputTokenCount ?? 0;
    }

    public static LlmProgress Of(ChatOptions? options) => ((CallOptions)options!).Progress;
}

/// <summary>The caller's options with the call's progress, which so goes from decorator to decorator without being ambient.</summary>
internal sealed class CallOptions(ChatOptions? options, LlmProgress progress) : ChatOptions(options)
{
    public LlmProgress Progress { get; } = progress;

    /// <summary>The adapters below clone what they are given, and need none of this.</summary>
    public override ChatOptions Clone() => new CallOptions(this, Progress);
}
