using Engram.Api.Http;
using Engram.Engine.Extraction;
using Engram.Engine.Memories;

namespace Engram.Api.Memories;

/// <summary>Answers a store: 201 with a receipt, or with one per item; 200 for a dry run; a problem where nothing was stored.</summary>
internal static class StoreReply
{
    public static IResult For(IReadOnlyList<StoreOutcome> outcomes, bool isBatch, bool dryRun, IReadOnlyDictionary<Guid, ExtractionReport>? reports)
    {
        if (outcomes.All(outcome => outcome.Receipt is null))
            return NothingStored(outcomes, isBatch);
        if (!isBatch)
            return Reply(ReceiptView.From(outcomes[0].Receipt!, dryRun, ReportOf(outcomes[0].Receipt!)), dryRun, LocationOf(outcomes[0].Receipt!));
        var items = outcomes.Select(outcome => outcome.Receipt is { } receipt
            ? ReceiptView.From(receipt, dryRun, ReportOf(receipt))
            : ReceiptView.From(outcome.Failure!, Problems.From(outcome.Failure!).Code));
        return Reply(new ReceiptList([.. items]), dryRun, location: null);

        ExtractionReport? ReportOf(Receipt receipt) => reports?.GetValueOrDefault(receipt.MemoryId);
    }

    private static BufferedJson Reply(object value, bool dryRun, string? location) =>
        dryRun ? new BufferedJson(value) : new BufferedJson(value, StatusCodes.Status201Created, location);

    private static Problem NothingStored(IReadOnlyList<StoreOutcome> outcomes, bool isBatch)
    {
        var first = Problems.From(outcomes[0].Failure!);
        if (!isBatch || outcomes.Count == 1)
            return first;
        return Problems.Invalid([.. outcomes.Select((outcome, i) => new FieldError(
            outcome.Failure!.Field is { } field ? (field.StartsWith("memories[", StringComparison.Ordinal) ? field : $"memories[{i}].{field}") : $"memories[{i}]",
            outcome.Failure.Message))]);
    }

    private static string LocationOf(Receipt receipt) => $"/v1/buckets/{Uri.EscapeDataString(receipt.BucketName)}/memories/{receipt.MemoryId}";
}
