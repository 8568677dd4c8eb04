using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Extensions;

namespace Engram.Portal.Client;

/// <summary>Whole buckets, in and out, and what sums one up.</summary>
public sealed partial class EngramApiClient
{
    /// <summary>Most memories the Api lists at once.</summary>
    private const int LargestPage = 100;

    /// <summary>Every memory of a bucket as the Api gives it, newest first. What is stored meanwhile is not in it, since it pages by cursor.</summary>
    public async IAsyncEnumerable<JsonElement> AllMemoriesAsync(string bucket, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            var query = new QueryBuilder { { "limit", LargestPage.ToString(System.Globalization.CultureInfo.InvariantCulture) } };
            if (cursor is not null)
            {
                query.Add("cursor", cursor);
            }
            var page = await SendAsync<RawPage>(HttpMethod.Get, ApiPaths.Memories(bucket) + query.ToQueryString(), null, cancellationToken);
            foreach (var memory in page.Memories)
            {
                yield return memory;
            }
            cursor = page.Next;
        }
        while (cursor is not null);
    }

    public async Task<IReadOnlyList<StoreResult>> StoreAsync(string bucket, IReadOnlyList<NewMemory> memories, CancellationToken cancellationToken) =>
        (await SendAsync<StoreResults>(HttpMethod.Post, ApiPaths.Memories(bucket), new StoreMemories(memories), cancellationToken, slow: true)).Memories;

    public Task<BucketProfile> ProfileAsync(string bucket, CancellationToken cancellationToken) =>
        SendAsync<BucketProfile>(HttpMethod.Get, ApiPaths.Bucket(bucket) + "/profile", null, cancellationToken);

    public Task<BucketProfile> RegenerateProfileAsync(string bucket, CancellationToken cancellationToken) =>
        SendAsync<BucketProfile>(HttpMethod.Post, ApiPaths.Bucket(bucket) + "/profile/regenerate", null, cancellationToken, slow: true);

    public async Task<long> ClearAsync(string bucket, CancellationToken cancellationToken) =>
        (await SendAsync<Cleared>(HttpMethod.Delete, ApiPaths.Memories(bucket), null, cancellationToken, slow: true)).ClearedCount;

    /// <summary>How many memories match; removes nothing.</summary>
    public async Task<long> CountMatchingAsync(string bucket, MemoryListing listing, CancellationToken cancellationToken) =>
        (await SendAsync<Cleared>(HttpMethod.Delete, ApiPaths.Memories(bucket) + listing.ToRemovalQuery(dryRun: true), null, cancellationToken)).ClearedCount;

    public async Task<long> DeleteMatchingAsync(string bucket, MemoryListing listing, CancellationToken cancellationToken) =>
        (await SendAsync<Cleared>(HttpMethod.Delete, ApiPaths.Memories(bucket) + listing.ToRemovalQuery(dryRun: false), null, cancellationToken, slow: true)).ClearedCount;

    /// <summary>Takes a store back, by the token of its receipt.</summary>
    public Task UndoStoreAsync(string bucket, string undoToken, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, ApiPaths.Memories(bucket) + "/undo", new UndoStore(undoToken), cancellationToken);

    private sealed record UndoStore(string UndoToken);

    private sealed record RawPage(IReadOnlyList<JsonElement> Memories, string? Next);
}

public sealed record StoreMemories(IReadOnlyList<NewMemory> Memories);

/// <summary>A memory to store, as an export has it.</summary>
public sealed record NewMemory(
    string Content, string? UserId = null, string? AgentId = null, string? RunId = null, IReadOnlyList<string>? Categories = null, JsonElement? Metadata = null,
    DateTimeOffset? OccurredAt = null, string? Language = null);

public sealed record StoreResults(IReadOnlyList<StoreResult> Memories);

/// <summary>What became of one of several: stored, merged with one that was there, or refused.</summary>
/// <param name="UndoToken">Takes it back; not of one that was merged.</param>
public sealed record StoreResult(string? Id, string? Status, JsonElement? Error, string? UndoToken = null);

/// <param name="Status">ready, pending, or not_installed where none was made yet.</param>
public sealed record BucketProfile(string Status, DateTimeOffset? UpdatedAt, long NMemoriesAtGen, string? Profile, string? Source);
