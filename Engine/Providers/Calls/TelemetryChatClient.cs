using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Providers;

/// <summary>One span and the measurements of each call, by OpenTelemetry's conventions for generative AI. Never a prompt or a reply.</summary>
internal sealed class TelemetryChatClient(IChatClient inner, CallTarget target, ProviderTelemetry telemetry) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var progress = LlmProgress.Of(options);
        using var span = telemetry.StartChat(target, options!);
        string? error = null;
        try
        {
            return await base.GetResponseAsync(messages, options, cancellationToken);
        }
        catch (Exception e)
        {
            error = ErrorOf(e);
            throw;
        }
        finally
        {
            telemetry.EndChat(span, target, progress, error);
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var progress = LlmProgress.Of(options);
        using var span = telemetry.StartChat(target, options!);
        string? error = null;
        var updates = base.GetStreamingResponseAsync(messages, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
        try
        {
            while (true)
            {
                try
                {
                    // The caller's own span is current again after each yield; requests of a later attempt belong below this one.
                    Activity.Current = span ?? Activity.Current;
                    if (!await updates.MoveNextAsync())
                    {
                        yield break;
                    }
                }
                catch (Exception e)
                {
                    error = ErrorOf(e);
                    throw;
                }

                yield return updates.Current;
            }
        }
        finally
        {
            await updates.DisposeAsync();
            telemetry.EndChat(span, target, progress, error);
        }
    }

    private static string ErrorOf(Exception e) => e switch
    {
        ProviderException provider => ProviderFaultKinds.NameOf(provider.Fault.Kind),
        OperationCanceledException => "cancelled",
        _ => e.GetType().Name,
    };
}
