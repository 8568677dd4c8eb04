using System.Runtime.CompilerServices;
using Engram.Engine.Latency;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Providers;

/// <summary>
/// One attempt: the hop <c>llm-call</c>, tokens and first token, and whatever goes wrong made a typed fault. A reply without text, or one
/// that ends before its end, went wrong as well.
/// </summary>
internal sealed class AttemptChatClient(IChatClient inner, CallTarget target) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var progress = LlmProgress.Of(options);
        progress.Attempts++;
        var exchange = HttpExchange.Current = new HttpExchange();
        using var hop = new HopClock(target, Hop.LlmCall);
        try
        {
            var response = await base.GetResponseAsync(messages, options, cancellationToken);
            progress.Add(response.Usage);
            progress.ResponseModel = response.ModelId;
            return response.Text.Length > 0 ? response : throw Empty(response.FinishReason, exchange, progress);
        }
        catch (Exception e) when (e is not ProviderException)
        {
            throw Translate(e, exchange, progress, cancellationToken);
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var progress = LlmProgress.Of(options);
        progress.Attempts++;
        var exchange = new HttpExchange();
        using var hop = new HopClock(target, Hop.LlmCall);
        ChatFinishReason? finish = null;
        var anyText = false;
        await using var updates = base.GetStreamingResponseAsync(messages, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                // Anew for every piece: what an iterator sets in its asynchronous context is gone with each yield.
                HttpExchange.Current = exchange;
                if (!await updates.MoveNextAsync())
                {
                    break;
                }
            }
            catch (Exception e)
            {
                throw Translate(e, exchange, progress, cancellationToken);
            }

            var update = updates.Current;
            finish = update.FinishReason ?? finish;
            progress.ResponseModel = update.ModelId ?? progress.ResponseModel;
            if (update.Text.Length > 0)
            {
                anyText = true;
                progress.FirstToken ??= progress.Elapsed;
            }

            foreach (var usage in update.Contents.OfType<UsageContent>())
            {
                progress.Add(usage.Details);
            }

            hop.Pause();
            yield return update;
            hop.Resume();
        }

        if (!anyText)
        {
            throw Empty(finish, exchange, progress);
        }

        if (finish is null)
        {
            throw new ProviderException(target.Fault(ProviderFaultKind.Reset, exchange.Status, progress, FaultHints.EndedEarly));
        }
    }

    private ProviderException Empty(ChatFinishReason? finish, HttpExchange exchange, LlmProgress progress) =>
        new(target.Fault(ProviderFaultKind.Malformed, exchange.Status, progress, FaultHints.Empty(finish)));

    private Exception Translate(Exception e, HttpExchange exchange, LlmProgress progress, CancellationToken cancellationToken)
    {
        // However an SDK words it: what happens after the token was cancelled happened because of it.
        if (cancellationToken.IsCancellationRequested)
        {
            return new OperationCanceledException(e.Message, e, cancellationToken);
        }

        return FaultClassifier.Classify(e, exchange, target, progress) is { } fault ? new ProviderException(fault, e) : e;
    }
}
