using Engram.Api.Account;
using Engram.Api.Buckets;
using Engram.Api.Memories;
using Engram.Api.Recall;

namespace Engram.Api.Http;

/// <summary>
/// Says whether an answer has the shape its operation promises: what the types alone do not hold. An answer that has not is no sample of
/// the operation's time, whatever its status says.
/// </summary>
internal static class ResponseShapes
{
    private static readonly string[] Statuses = ["answered", "partial", "not_found", "conflicting"];

    public static bool IsRight(object answer) => answer switch
    {
        RouterBucketList list => list.Buckets.All(b => b.Id != Guid.Empty && b.Name.Length > 0 && b.MemoryCount >= 0),
        BucketList list => list.Buckets.All(b => b.Id != Guid.Empty && b.Name.Length > 0),
        ProfileView profile => profile.BucketId != Guid.Empty && profile.Status is "ready" or "pending" or "not_installed",
        MemoryPageView list => list.Memories.Count <= list.Limit && list.Memories.All(m => m.Id != Guid.Empty && m.Content.Length > 0),
        MemoryDetailView memory => memory.Id != Guid.Empty && memory.Content.Length > 0,
        ReceiptView receipt => IsReceipt(receipt),
        ReceiptList list => list.Memories.All(IsReceipt),
        QueryResponse response => IsAnswer(response),
        PlanUsageView usage => usage.Period.End > usage.Period.Start && usage.Memories.Used >= 0,
        _ => true,
    };

    private static bool IsReceipt(ReceiptView receipt) => receipt.Error is not null || receipt is { MemoryId: { } id, Status: not null } && id != Guid.Empty;

    /// <summary>Every citation was retrieved; an answer has its status, and a status its answer.</summary>
    private static bool IsAnswer(QueryResponse response)
    {
        if ((response.Answer is null) != (response.AnswerStatus is null) || (response.AnswerStatus is { } status && !Statuses.Contains(status)))
            return false;
        return response.Explanation is not { } explanation
            || response.Citations.All(citation => explanation.RetrievedMemories.Any(memory => memory.MemoryId == citation.MemoryId));
    }
}
