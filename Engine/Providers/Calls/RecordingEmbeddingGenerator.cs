using System.Numerics.Tensors;
using Engram.Engine.Latency;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Providers;

/// <summary>
/// Bounds a call for embeddings by the operation's deadline, leaves a failing connection alone, makes what goes wrong a typed fault, and records it
/// with its price. One attempt: whoever stores or asks has another way, and the Worker comes again.
/// </summary>
/// <param name="inner">The official SDK.</param>
/// <param name="target">The call.</param>
/// <param name="breakers">What failed lately, or null to ask in any case.</param>
/// <param name="dimensions">The length the vectors must have, or null for any.</param>
/// <param name="record">Where the call is recorded.</param>
internal sealed class RecordingEmbeddingGenerator(
    IEmbeddingGenerator<string, Embedding<float>> inner, CallTarget target, Breakers? breakers, int? dimensions, Action<LlmCall> record)
    : DelegatingEmbeddingGenerator<string, Embedding<float>>(inner)
{
    public override async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var progress = new LlmProgress(target.Time);
        ProviderFault? fault = null;
        using var pass = Enter(progress);
        try
        {
            progress.Attempts = 1;
            var embeddings = await BeforeDeadlineAsync(values, options, progress, cancellationToken);
            pass?.Answered();
            return embeddings;
        }
        catch (ProviderException e)
        {
            fault = e.Fault;
            if (pass is not null)
                BreakerChatClient.Count(pass, fault);
            throw;
        }
        finally
        {
            Record(progress, fault);
        }
    }

    private Breakers.Pass? Enter(LlmProgress progress)
    {
        try
        {
            return breakers is null ? null : BreakerChatClient.Enter(target, breakers, progress);
        }
        catch (ProviderException e)
        {
            Record(progress, e.Fault);
            throw;
        }
    }

    private void Record(LlmProgress progress, ProviderFault? fault)
    {
        var call = new LlmCall(target.Context, target.Provider, target.Model, progress.At, progress.Elapsed.TotalMilliseconds, 0, progress.Attempts)
        {
            InputTokens = progress.InputTokens,
            CostUsd = PriceTable.CostUsd(target.Provider, target.Model, progress.InputTokens, 0, target.Connection.Prices),
            ConnectionId = target.Connection.Id,
            Fault = fault,
        };
        target.Context.Timer?.CountLlmCall(call.Provider, call.Model, call.InputTokens, 0, call.CostUsd, fault is null ? null : ProviderFaultKinds.NameOf(fault.Kind));
        record(call);
    }

    private async Task<GeneratedEmbeddings<Embedding<float>>> BeforeDeadlineAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options, LlmProgress progress, CancellationToken cancellationToken)
    {
        var left = target.TimeLeft;
        using var timer = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, target.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        using var hop = new HopClock(target, Hop.LlmCall);
        var exchange = HttpExchange.Current = new HttpExchange();
        try
        {
            var embeddings = await base.GenerateAsync(values, options, either.Token);
            progress.Add(embeddings.Usage);
            return embeddings.All(embedding => IsUsable(embedding.Vector.Span))
                ? embeddings
                : throw new InvalidDataException("A vector of the reply has another length than the model's others, or says nothing.");
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception e) when (timer.IsCancellationRequested)
        {
            throw new ProviderException(target.Fault(ProviderFaultKind.Timeout, null, progress, FaultHints.DeadlinePassed(progress)), e);
        }
        catch (Exception e) when (FaultClassifier.Classify(e, exchange, target, progress) is { } fault)
        {
            throw new ProviderException(fault.Hint == FaultHints.NotUnderstood ? fault with { Hint = FaultHints.NoVectors } : fault, e);
        }
    }

    private bool IsUsable(ReadOnlySpan<float> vector) =>
        vector.Length > 0 && (dimensions is null || vector.Length == dimensions) && TensorPrimitives.Norm(vector) is > 0 and < float.PositiveInfinity;
}
