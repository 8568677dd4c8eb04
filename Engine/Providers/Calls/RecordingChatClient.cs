using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Providers;

/// <summary>Counts tokens and price, and hands every call, good or bad, to the log of calls.</summary>
internal sealed class RecordingChatClient(IChatClient inner, CallTarget target, Action<LlmCall> record) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var progress = new LlmProgress(target.Time);
        ProviderFault? fault = null;
        try
        {
            return await base.GetResponseAsync(messages, new CallOptions(options, progress), cancellationToken);
        }
        catch (ProviderException e)
        {
            fault = e.Fault;
            throw;
        }
        finally
        {
            Record(progress, fault);
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var progress = new LlmProgress(target.Time);
        ProviderFault? fault = null;
        var updates = base.GetStreamingResponseAsync(messages, new CallOptions(options, progress), cancellationToken).GetAsyncEnumerator(cancellationToken);
        try
        {
            while (true)
            {
                try
                {
                    if (!await updates.MoveNextAsync())
                    {
                        yield break;
                    }
                }
                catch (ProviderException e)
                {
                    fault = e.Fault;
                    throw;
                }

                yield return updates.Current;
            }
        }
        finally
        {
            await updates.DisposeAsync();
            Record(progress, fault);
        }
    }

    private void Record(LlmProgress progress, ProviderFault? fault)
    {
        // A caller who went away before anything was asked has cost nothing and learnt nothing.
        if (progress.Attempts == 0 && fault is null)
        {
            return;
        }

        var call = new LlmCall(
            target.Context, target.Provider, target.Model, progress.At, progress.Elapsed.TotalMilliseconds, progress.Wait.TotalMilliseconds, progress.Attempts)
        {
            InputTokens = progress.InputTokens,
            OutputTokens = progress.OutputTokens,
            CostUsd = PriceTable.CostUsd(target.Provider, target.Model, progress.InputTokens, progress.OutputTokens, target.Connection.Prices),
            FirstTokenMs = progress.FirstToken?.TotalMilliseconds,
            ConnectionId = target.Connection.Id,
            Fault = fault,
        };
        target.Context.Timer?.CountLlmCall(
            call.Provider, call.Model, call.InputTokens, call.OutputTokens, call.CostUsd, fault is null ? null : ProviderFaultKinds.NameOf(fault.Kind));
        record(call);
    }
}
