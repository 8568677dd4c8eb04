using Engram.Engine.Extraction.Llm;
using Engram.Engine.Latency;
using Engram.Engine.Providers;

namespace Engram.Engine.Extraction;

/// <summary>
/// Does one claimed job: leaves out what is not to be extracted, extracts with the tenant's model or else by rules, outside any transaction, and
/// completes under the lease's fence. A provider's fault never touches the memory: the job waits for its next attempt and says why.
/// </summary>
public sealed class JobExtraction : IDisposable
{
    // Of a key that is wrong or a model that does not exist nothing is better in seconds; somebody has to do something.
    private static readonly TimeSpan NeedsPerson = TimeSpan.FromMinutes(5);

    // An outage outlasts seconds: 20 s doubling, so that the attempts reach over the better part of an hour.
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan BreakerPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BudgetPause = TimeSpan.FromMinutes(15);

    // Extraction by rules and writing triples are the processor's and the database's work: one core is left to those who wait for an answer.
    private readonly SemaphoreSlim _turn = new(Math.Max(1, Environment.ProcessorCount - 1));

    private readonly Func<LlmContext, CancellationToken, ValueTask<TenantChat?>> _models;
    private readonly ITripleExtractor _rules;
    private readonly RecalledTexts _recalled;
    private readonly JobQueue _queue;
    private readonly TripleStore _triples;

    /// <summary>Puts the parts together.</summary>
    /// <param name="models">The tenants' models.</param>
    /// <param name="rules">Extracts where a tenant has no model.</param>
    /// <param name="recalled">What was recalled lately.</param>
    /// <param name="queue">The queue.</param>
    /// <param name="triples">Writes triples.</param>
    public JobExtraction(TenantModels models, ITripleExtractor rules, RecalledTexts recalled, JobQueue queue, TripleStore triples)
        : this((models ?? throw new ArgumentNullException(nameof(models))).ForAsync, rules, recalled, queue, triples)
    {
    }

    internal JobExtraction(
        Func<LlmContext, CancellationToken, ValueTask<TenantChat?>> models, ITripleExtractor rules, RecalledTexts recalled, JobQueue queue, TripleStore triples)
    {
        (_models, _rules, _recalled, _queue, _triples) = (models, rules, recalled, queue, triples);
    }

    /// <summary>Does the job.</summary>
    /// <param name="job">The job, as claimed.</param>
    /// <param name="timer">Gets the hops, and the failure where there is one.</param>
    /// <param name="cancellationToken">Ends it; the job is then to be given back.</param>
    /// <returns>False where the lease was lost: nothing was written.</returns>
    public async Task<bool> RunAsync(ExtractionJob job, OpTimer timer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(timer);
        try
        {
            return await ExtractAsync(job, timer, cancellationToken);
        }
        catch (ProviderException e) when (e.Fault.Attempts == 0)
        {
            // The breaker is open: the provider was not asked, so the job lost no attempt.
            timer.Fail(OpOutcome.ProviderFault, ProviderFaultKinds.NameOf(e.Fault.Kind));
            await _queue.DeferAsync(job, ReasonOf(e.Fault), e.Fault, e.Fault.RetryAfter ?? BreakerPause, cancellationToken);
            return true;
        }
        catch (ProviderException e)
        {
            timer.Fail(OpOutcome.ProviderFault, ProviderFaultKinds.NameOf(e.Fault.Kind));
            await _queue.FailAsync(job, ReasonOf(e.Fault), e.Fault, WaitAfter(e.Fault, job.Attempt), cancellationToken);
            return true;
        }
        catch (EngramException e) when (e.Kind is FailureKind.QuotaExceeded or FailureKind.NotReady)
        {
            timer.Fail(OpOutcome.ClientError, e.Kind == FailureKind.QuotaExceeded ? "quota_exceeded" : "not_ready");
            // Nothing was tried, so nothing failed: the memory waits for the budget, or for the operator.
            await _queue.DeferAsync(job, e.Message, fault: null, BudgetPause, cancellationToken);
            return true;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private async ValueTask<Turn> TurnAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        return new Turn(_turn);
    }

    private async Task<bool> ExtractAsync(ExtractionJob job, OpTimer timer, CancellationToken cancellationToken)
    {
        if (TextKind.ReasonToSkip(job.Input.Text) is { } reason)
            return await CompleteAsync(job, timer, ExtractionResult.Empty, "none", reason, cancellationToken);
        var (text, recalled) = await _recalled.WithoutRecalledAsync(job, cancellationToken);
        // List numbers are all that a copied list may leave.
        if (recalled && !text.Any(char.IsLetter))
            return await CompleteAsync(job, timer, ExtractionResult.Empty, "none", "recalled", cancellationToken);

        var context = new LlmContext(job.Tenant, job.Id, "extract", ModelRole.Extract) { BucketId = job.BucketId, MemoryId = job.MemoryId, KeyId = job.StoredBy, Timer = timer };
        using var chat = await _models(context, cancellationToken);
        var input = job.Input with { Text = text };
        var skipped = recalled ? "recalled" : null;
        if (chat is not null)
        {
            // Waiting for the provider takes no core, so it takes no turn.
            var extractor = new LlmExtractor(chat);
            var extracted = await extractor.ExtractAsync(input, cancellationToken);
            using (await TurnAsync(cancellationToken))
                return await CompleteAsync(job, timer, extracted, extractor.Name, skipped, cancellationToken);
        }

        using (await TurnAsync(cancellationToken))
            return await CompleteAsync(job, timer, await _rules.ExtractAsync(input, cancellationToken), _rules.Name, skipped, cancellationToken);
    }

    private async Task<bool> CompleteAsync(ExtractionJob job, OpTimer timer, ExtractionResult result, string extractor, string? skipped, CancellationToken cancellationToken)
    {
        using var hop = timer.Measure(Hop.DbRead, "triples");

        // The rules say nothing that the triples do not say: no round trip for that.
        if (extractor != _rules.Name || result.DroppedWithoutEvidence > 0 || skipped is not null)
            await _queue.NoteAsync(job, extractor, result.DroppedWithoutEvidence, skipped, cancellationToken);
        return await _triples.CompleteAsync(job, result.Triples, extractor, cancellationToken);
    }

    /// <summary>In words for the tenant: the kind, and what a person can do.</summary>
    private static string ReasonOf(ProviderFault fault) => $"{fault.Provider} ({fault.Model}) {ProviderFaultKinds.NameOf(fault.Kind)}: {fault.Hint}";

    private static TimeSpan WaitAfter(ProviderFault fault, int attempt)
    {
        var floor = (fault.Kind is ProviderFaultKind.Auth or ProviderFaultKind.BadRequest ? NeedsPerson : Outage) * Math.Pow(2, Math.Clamp(attempt - 1, 0, 7));
        return fault.RetryAfter is { } asked && asked > floor ? asked : floor;
    }

    private readonly struct Turn(SemaphoreSlim turns) : IDisposable
    {
        public void Dispose() => turns.Release();
    }
}
