using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Providers;

/// <summary>
/// Ends the call when the operation's time is up, by cancelling what runs: the provider's connection is closed, as it is when the caller
/// goes away. Which of the two it was tells a timeout from a cancellation.
/// </summary>
internal sealed class DeadlineChatClient(IChatClient inner, CallTarget target) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var progress = LlmProgress.Of(options);
        using var timer = StartTimer(progress);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            return await base.GetResponseAsync(messages, options, either.Token);
        }
        catch (OperationCanceledException e)
        {
            throw WhyEnded(e, progress, cancellationToken);
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var progress = LlmProgress.Of(options);
        using var timer = StartTimer(progress);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        await using var updates = base.GetStreamingResponseAsync(messages, options, either.Token).GetAsyncEnumerator(either.Token);
        while (true)
        {
            try
            {
                if (!await updates.MoveNextAsync())
                {
                    yield break;
                }
            }
            catch (OperationCanceledException e)
            {
                throw WhyEnded(e, progress, cancellationToken);
            }

            yield return updates.Current;
        }
    }

    private CancellationTokenSource StartTimer(LlmProgress progress)
    {
        var left = target.TimeLeft;
        return left > TimeSpan.Zero ? new CancellationTokenSource(left, target.Time) : throw TimedOut(progress, null);
    }

    private Exception WhyEnded(OperationCanceledException e, LlmProgress progress, CancellationToken caller) =>
        caller.IsCancellationRequested ? new OperationCanceledException(e.Message, e, caller) : TimedOut(progress, e);

    private ProviderException TimedOut(LlmProgress progress, Exception? inner) =>
        new(target.Fault(ProviderFaultKind.Timeout, null, progress, FaultHints.DeadlinePassed(progress)), inner);
}
