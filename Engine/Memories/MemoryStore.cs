using Engram.Engine.Buckets;
using Engram.Engine.Database;
using Engram.Engine.Embeddings;
using Engram.Engine.Extraction;
using Engram.Engine.Lanes;
using Engram.Engine.Latency;
using Engram.Engine.Providers;
using Npgsql;

namespace Engram.Engine.Memories;

/// <summary>
/// Stores memories. The row, its postings, its vectors, its job and the bucket's counters are one transaction, so when a receipt is there the
/// memory is found by keyword and by vector, and nothing that was acknowledged can be lost.
/// </summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="encoder">Checks and encodes what is to be stored.</param>
/// <param name="own">Vectors of the tenant's own model.</param>
/// <param name="lanes">Bounds how many stores run at once.</param>
/// <param name="wakeUp">Tells the Worker that there is work.</param>
/// <param name="time">The clock.</param>
public sealed class MemoryStore(TenantDb db, MemoryEncoder encoder, OwnEmbeddings own, WorkLanes lanes, WakeUp wakeUp, TimeProvider time)
{
    // A lost race (the same text, bucket or key at the same time) is seen by the next look; it does not repeat without another writer.
    private const int Attempts = 5;

    private const string CountBuckets = "select count(*) from buckets where tenant_id = $1";

    private readonly DuplicateFinder _duplicates = new(db);

    /// <summary>Stores one memory.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id; a new name makes a bucket.</param>
    /// <param name="memory">The memory.</param>
    /// <param name="options">How.</param>
    /// <param name="timer">Gets the hops <c>embed</c> and <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <exception cref="EngramException">The input is wrong, the bucket id unknown, or the idempotency key was used for something else.</exception>
    public async Task<Receipt> StoreAsync(
        Tenant tenant, string bucket, NewMemory memory, StoreOptions options, OpTimer timer, CancellationToken cancellationToken = default)
    {
        var outcome = (await StoreAsync(tenant, bucket, [memory], options, timer, cancellationToken))[0];
        return outcome.Receipt ?? throw outcome.Failure!;
    }

    /// <summary>Stores several memories in one transaction; wrong ones are refused one by one, the others are stored.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id; a new name makes a bucket.</param>
    /// <param name="memories">1 to 500 memories.</param>
    /// <param name="options">How.</param>
    /// <param name="timer">Gets the hops <c>embed</c> and <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <returns>An outcome per memory, in order.</returns>
    /// <exception cref="EngramException">The batch as a whole is wrong, or too many stores are under way.</exception>
    public async Task<IReadOnlyList<StoreOutcome>> StoreAsync(
        Tenant tenant, string bucket, IReadOnlyList<NewMemory> memories, StoreOptions options, OpTimer timer, CancellationToken cancellationToken = default)
    {
        if (memories.Count is 0 or > MemoryLimits.MaxBatch)
            throw EngramException.Invalid("memories", $"A batch holds 1 to {MemoryLimits.MaxBatch} memories; this one has {memories.Count}.");
        if (!Guid.TryParse(bucket, out _))
            BucketName.Check(bucket);
        IdempotencyRecord.Check(options.IdempotencyKey);
        using var stay = new LaneStay(await lanes.EnterAsync(OpClass.Store, tenant, timer, cancellationToken));
        var requestHash = options.IdempotencyKey is null ? null : IdempotencyRecord.HashOf(bucket, memories);
        if (requestHash is not null && await IdempotencyRecord.FindAsync(db, tenant, options.IdempotencyKey!, requestHash, cancellationToken) is { } recorded)
            return recorded;

        var failures = new EngramException?[memories.Count];
        // At the same time, should the setting have to be read: nothing waits for it where there is none.
        var spaceTask = own.SpaceOfAsync(tenant, cancellationToken).AsTask();
        List<PreparedMemory> prepared;
        using (timer.Measure(Hop.Embed))
            prepared = await encoder.PrepareAsync(memories, failures, cancellationToken);
        var space = await spaceTask;

        var raced = false;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                StorePlan plan;
                using (timer.Measure(Hop.DbRead))
                    plan = await PlanAsync(tenant, bucket, prepared, failures, raced, options, cancellationToken);
                if (options.DryRun)
                    return plan.Outcomes;
                if (space is not null && plan.Accepted.Exists(m => m.OwnVectors is null))
                    await lanes.StepOutAsync(OpClass.Store, stay, AddOwnVectorsAsync(tenant, plan, space, options, timer, cancellationToken), timer, cancellationToken);
                plan.Space = space;
                using (timer.Measure(Hop.DbRead))
                    await WriteAsync(tenant, plan, options, requestHash, cancellationToken);
                return plan.Outcomes;
            }
            catch (PostgresException e) when (attempt < Attempts && requestHash is not null && IdempotencyRecord.IsKeyTaken(e))
            {
                if (await IdempotencyRecord.FindAsync(db, tenant, options.IdempotencyKey!, requestHash, cancellationToken) is { } other)
                    return other;
            }
            catch (PostgresException e) when (attempt < Attempts && IsRace(e))
            {
                raced = true;
            }
        }
    }

    /// <summary>Takes a store back within 24 hours, unless the memory was edited since.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id.</param>
    /// <param name="undoToken">From the receipt.</param>
    /// <param name="removal">Removes the memory.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <exception cref="EngramException">The token is not one of ours, too old, or the memory has changed.</exception>
    public async Task UndoAsync(
        Tenant tenant, string bucket, string undoToken, MemoryRemoval removal, OpTimer timer, CancellationToken cancellationToken = default)
    {
        if (!UndoToken.TryRead(undoToken, out var memoryId, out var storedAt))
            throw EngramException.Invalid("undo_token", "undo_token is not one that a receipt carried.");
        if (time.GetUtcNow() - storedAt > UndoToken.Lifetime)
            throw new EngramException(FailureKind.Conflict, "The store is older than 24 hours: delete the memory instead.", "undo_token");
        await removal.DeleteAsync(tenant, bucket, memoryId, timer, onlyVersion: 1, cancellationToken);
    }

    private async Task<StorePlan> PlanAsync(
        Tenant tenant, string bucketRef, List<PreparedMemory> prepared, EngramException?[] failures, bool raced, StoreOptions options, CancellationToken cancellationToken)
    {
        var found = await BucketScope.FindAsync(db, tenant, bucketRef, cancellationToken);
        if (found is null && Guid.TryParse(bucketRef, out _))
            throw EngramException.NoBucket(bucketRef);
        if (found is null && options.MaxBuckets is { } most)
            await DemandBucketAsync(tenant, most, cancellationToken);
        var now = time.GetUtcNow();
        var bucket = found ?? new BucketScope(Guid.CreateVersion7(now), bucketRef, [TextLanguage.Default], null, 0, 0);
        var stored = await _duplicates.FindAsync(tenant, bucket, prepared, encoder.Model, cancellationToken);

        var plan = new StorePlan(bucket, found is null, now, new StoreOutcome[failures.Length]);
        for (var i = 0; i < failures.Length; i++)
            plan.Outcomes[i] = new StoreOutcome(null, failures[i]);
        for (var i = 0; i < prepared.Count; i++)
        {
            var memory = prepared[i];
            var duplicate = stored[i] ?? plan.Accepted.Select(a => DuplicateFinder.Compare(a, memory)).FirstOrDefault(d => d is not null);
            if (duplicate is null)
                plan.Accepted.Add(memory);
            else if (!duplicate.SameText)
                plan.Merged.Add((duplicate.MemoryId, memory.Source));
            plan.Outcomes[memory.Index] = new StoreOutcome(ReceiptFor(bucket, memory, duplicate, raced, now), null);
        }

        return plan;
    }

    /// <summary>Asks the tenant's own model for what will be stored. A receipt tells what it did not give.</summary>
    private async Task AddOwnVectorsAsync(
        Tenant tenant, StorePlan plan, VectorSpace space, StoreOptions options, OpTimer timer, CancellationToken cancellationToken)
    {
        // After a lost race most have them already.
        var lacking = plan.Accepted.Where(m => m.OwnVectors is null).ToArray();
        var vectors = await own.ForStoreAsync(tenant, space, [.. lacking.Select(m => m.Source.Content)], options.StoredBy, timer, cancellationToken);
        for (var i = 0; i < lacking.Length; i++)
            lacking[i].OwnVectors = vectors[i];
        foreach (var memory in plan.Accepted.Where(m => m.OwnVectors is null))
        {
            var outcome = plan.Outcomes[memory.Index];
            plan.Outcomes[memory.Index] = outcome with { Receipt = outcome.Receipt! with { VectorPending = true } };
        }
    }

    private async Task DemandBucketAsync(Tenant tenant, long most, CancellationToken cancellationToken)
    {
        await using var batch = db.Batch(tenant).Add(CountBuckets, Sql.Uuid(tenant.Id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (reader.GetInt64(0) >= most)
            throw new EngramException(FailureKind.QuotaExceeded, $"The plan allows {most} buckets, and they are there: store into one of them, delete some, or change the plan.", "bucket");
    }

    private static Receipt ReceiptFor(BucketScope bucket, PreparedMemory memory, Duplicate? duplicate, bool raced, DateTimeOffset now)
    {
        var extraction = memory.Source.Infer ? ExtractionState.Pending : ExtractionState.Skipped;
        if (duplicate is null)
        {
            return new Receipt(
                memory.Id, bucket.Id, bucket.Name, memory.TokenCount, StoreStatus.Stored, null, null, null, extraction, UndoToken.For(memory.Id, now));
        }

        var reason = raced && duplicate.Reason == MergeReason.ContentHash ? MergeReason.ConcurrentInsertRace : duplicate.Reason;
        return new Receipt(
            duplicate.MemoryId, bucket.Id, bucket.Name, memory.TokenCount, StoreStatus.Merged, duplicate.MemoryId, Math.Round(duplicate.Similarity, 4), reason,
            extraction, null);
    }

    private async Task WriteAsync(Tenant tenant, StorePlan plan, StoreOptions options, byte[]? requestHash, CancellationToken cancellationToken)
    {
        if (plan.Accepted.Count == 0 && plan.Merged.Count == 0 && requestHash is null)
            return;
        await using var batch = db.Batch(tenant);
        if (requestHash is not null)
            batch.AddIdempotency(tenant, options.IdempotencyKey!, requestHash, IdempotencyRecord.Serialize(plan.Outcomes), plan.Now);
        var writesMemory = plan.Accepted.Count > 0;
        // A bucket that begins with the tenant's own vectors is searched by them at once; another when it has all of them.
        if (plan.IsNewBucket && writesMemory)
            batch.AddBucket(tenant, plan.Accepted.TrueForAll(m => m.OwnVectors is not null) ? plan.Bucket with { OwnModel = plan.Space?.Id } : plan.Bucket, plan.Now);
        foreach (var language in plan.Accepted.Select(m => m.Language).Distinct().Except(plan.Bucket.Languages))
            batch.AddBucketLanguage(tenant, plan.Bucket, language);
        // In the order of the unique index, so that two batches with the same texts wait for each other instead of deadlocking.
        foreach (var memory in plan.Accepted.OrderBy(m => Convert.ToHexString(m.Hash), StringComparer.Ordinal))
        {
            batch.AddMemory(tenant, plan.Bucket, memory, options.StoredBy, encoder.Model, plan.Now);
            if (memory.OwnVectors is { } ownVectors)
                batch.AddVectors(tenant, plan.Bucket.Id, memory.Id, ownVectors, plan.Space!.Id);
        }

        foreach (var (into, memory) in plan.Merged)
            batch.AddMerged(tenant, into, memory, options.StoredBy, plan.Now);
        if (writesMemory)
        {
            Guid[] ids = [.. plan.Accepted.Select(m => m.Id)];
            batch.AddJobs(tenant, plan.Bucket.Id, [.. plan.Accepted.Where(m => m.Source.Infer).Select(m => m.Id)], version: 1, plan.Now);
            batch.AddPendingVectors(tenant, plan.Bucket.Id, ids);
            batch.AddCount(tenant, plan.Bucket.Id, ids, plan.Accepted.Sum(m => m.Vectors.Count + (m.OwnVectors?.Count ?? 0)), plan.Now);
        }

        await batch.ExecuteAsync(cancellationToken);
        if (plan.Accepted.Exists(m => m.Source.Infer))
            wakeUp.Signal();
    }

    private static bool IsRace(PostgresException e) => e.SqlState switch
    {
        PostgresErrorCodes.UniqueViolation => e.ConstraintName is "memories_unique_content" or "buckets_name" or "memory_history_pkey",
        // The bucket, or the memory to merge into, was deleted meanwhile.
        PostgresErrorCodes.ForeignKeyViolation or PostgresErrorCodes.DeadlockDetected => true,
        _ => false,
    };

    /// <summary>What a store will write, and what it will answer.</summary>
    private sealed record StorePlan(BucketScope Bucket, bool IsNewBucket, DateTimeOffset Now, StoreOutcome[] Outcomes)
    {
        public List<PreparedMemory> Accepted { get; } = [];

        public List<(Guid Into, NewMemory Memory)> Merged { get; } = [];

        /// <summary>What the tenant's own vectors are, or null where it has none.</summary>
        public VectorSpace? Space { get; set; }
    }
}
