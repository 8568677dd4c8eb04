using System.Runtime.CompilerServices;
using Engram.Engine.Latency;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Providers;

/// <summary>
/// Tries again what may go well the next time: a limit, a provider in trouble, a broken connection. Never more often than the option says,
/// never earlier than the provider asked for, never when the pause would outlast the deadline, and never once a part of the reply is out.
/// </summary>
internal sealed class RetryChatClient(IChatClient inner, CallTarget target) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var progress = LlmProgress.Of(options);
        while (true)
        {
            TimeSpan pause;
            try
            {
                return await base.GetResponseAsync(messages, options, cancellationToken);
            }
            catch (ProviderException e) when (PauseAfter(e.Fault, progress) is { } next)
            {
                (progress.LastFault, pause) = (e.Fault, next);
            }

            await PauseAsync(pause, progress, cancellationToken);
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var progress = LlmProgress.Of(options);
        for (var handedOut = false; ;)
        {
            // What comes before the first word (roles, ids) waits for it, so that an attempt that fails before has left no trace.
            var held = new List<ChatResponseUpdate>();
            TimeSpan? pause = null;
            await using (var updates = base.GetStreamingResponseAsync(messages, options, cancellationToken).GetAsyncEnumerator(cancellationToken))
            {
                while (true)
                {
                    try
                    {
                        if (!await updates.MoveNextAsync())
                        {
                            break;
                        }
                    }
                    catch (ProviderException e) when (!handedOut && PauseAfter(e.Fault, progress) is { } next)
                    {
                        (progress.LastFault, pause) = (e.Fault, next);
                        break;
                    }

                    held.Add(updates.Current);
                    if (!handedOut && updates.Current.Text.Length == 0)
                    {
                        continue;
                    }

                    handedOut = true;
                    foreach (var update in held)
                    {
                        yield return update;
                    }

                    held.Clear();
                }
            }

            if (pause is null)
            {
                foreach (var update in held)
                {
                    yield return update;
                }

                yield break;
            }

            await PauseAsync(pause.Value, progress, cancellationToken);
        }
    }

    /// <summary>How long to wait before the next attempt, or null where there is none.</summary>
    private TimeSpan? PauseAfter(ProviderFault fault, LlmProgress progress)
    {
        if (progress.Attempts >= target.Options.Attempts || !MayGoWellNextTime(fault.Kind))
        {
            return null;
        }

        var backoff = Math.Min(
            target.Options.RetryMilliseconds * Math.Pow(2, progress.Attempts - 1), target.Options.LongestRetrySeconds * 1000);
        var pause = TimeSpan.FromMilliseconds((backoff / 2) + (Random.Shared.NextDouble() * backoff / 2));
        if (fault.RetryAfter > pause)
        {
            pause = fault.RetryAfter.Value;
        }

        return pause < target.TimeLeft ? pause : null;
    }

    private static bool MayGoWellNextTime(ProviderFaultKind kind) =>
        kind is ProviderFaultKind.Timeout or ProviderFaultKind.RateLimited or ProviderFaultKind.Unavailable or ProviderFaultKind.Reset;

    private async Task PauseAsync(TimeSpan pause, LlmProgress progress, CancellationToken cancellationToken)
    {
        var started = target.Time.GetTimestamp();
        using var hop = new HopClock(target, Hop.LlmWait);
        try
        {
            await Task.Delay(pause, target.Time, cancellationToken);
        }
        finally
        {
            progress.Wait += target.Time.GetElapsedTime(started);
        }
    }
}
