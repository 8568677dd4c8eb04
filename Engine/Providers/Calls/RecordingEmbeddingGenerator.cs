using Engram.Engine.Latency;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Providers;

/// <summary>Bounds a call for embeddings by the operation's deadline, makes what goes wrong a typed fault, and records it with its price.</summary>
internal sealed class RecordingEmbeddingGenerator(IEmbeddingGenerator<string, Embedding<float>> inner, CallTarget target, Action<LlmCall> record)
    : DelegatingEmbeddingGenerator<string, Embedding<float>>(inner)
{
    public override async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var progress = new LlmProgress(target.Time) { Attempts = 1 };
        ProviderFault? fault = null;
        try
        {
            var embeddings = await BeforeDeadlineAsync(values, options, progress, cancellationToken);
            progress.Add(embeddings.Usage);
            return embeddings;
        }
        catch (ProviderException e)
        {
            fault = e.Fault;
            throw;
        }
        finally
        {
            record(new LlmCall(target.Context, target.Provider, target.Model, progress.At, progress.Elapsed.TotalMilliseconds, 0, progress.Attempts)
            {
                InputTokens = progress.InputTokens,
                CostUsd = PriceTable.CostUsd(target.Provider, target.Model, progress.InputTokens, 0, target.Connection.Prices),
                Fault = fault,
            });
        }
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
            return await base.GenerateAsync(values, options, either.Token);
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
            throw new ProviderException(fault, e);
        }
    }
}
