using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Providers;

/// <summary>
/// Leaves a connection alone that failed several times in a row, so that callers learn it at once instead of waiting for the next timeout.
/// A refused key or request is an answer: it shows that the provider is there.
/// </summary>
internal sealed class BreakerChatClient(IChatClient inner, CallTarget target, Breakers breakers) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        using var pass = Enter(LlmProgress.Of(options));
        try
        {
            var response = await base.GetResponseAsync(messages, options, cancellationToken);
            pass.Answered();
            return response;
        }
        catch (ProviderException e)
        {
            Count(pass, e.Fault);
            throw;
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var pass = Enter(LlmProgress.Of(options));
        await using var updates = base.GetStreamingResponseAsync(messages, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await updates.MoveNextAsync())
                {
                    break;
                }
            }
            catch (ProviderException e)
            {
                Count(pass, e.Fault);
                throw;
            }

            yield return updates.Current;
        }

        pass.Answered();
    }

    private Breakers.Pass Enter(LlmProgress progress) => Enter(target, breakers, progress);

    /// <exception cref="ProviderException">The breaker is open.</exception>
    public static Breakers.Pass Enter(CallTarget target, Breakers breakers, LlmProgress progress)
    {
        var pass = breakers.Enter((target.Context.Tenant.Id, target.Connection.Id), out var opensIn, out var last);
        return pass ?? throw new ProviderException(
            target.Fault(ProviderFaultKind.Unavailable, null, progress, FaultHints.BreakerOpen(opensIn, last)) with { RetryAfter = opensIn });
    }

    public static void Count(Breakers.Pass pass, ProviderFault fault)
    {
        if (fault.Kind is ProviderFaultKind.Auth or ProviderFaultKind.BadRequest)
        {
            pass.Answered();
        }
        else
        {
            pass.Failed(fault);
        }
    }
}
