using Engram.Engine.Extraction;

namespace Engram.Engine.PostgresTests;

/// <summary>Completes a memory's own job with given triples, as a Worker would.</summary>
internal static class ExtractionTestData
{
    public static Task<bool> ExtractAsync(EngineFixture engine, Tenant tenant, Guid memory, params (string Subject, string Predicate, string Object)[] triples) =>
        ExtractAsync(engine, tenant, memory, DateTimeOffset.UtcNow, [.. triples.Select(t => Triple(t.Subject, t.Predicate, t.Object))]);

    public static async Task<bool> ExtractAsync(EngineFixture engine, Tenant tenant, Guid memory, DateTimeOffset eventTime, IReadOnlyList<ExtractedTriple> triples)
    {
        var job = await ClaimAsync(engine, tenant, memory, eventTime);
        return await engine.Triples.CompleteAsync(job, triples, "test", TestContext.Current.CancellationToken);
    }

    public static ExtractedTriple Triple(string subject, string predicate, string @object, bool negated = false) =>
        new(subject, predicate, @object, new EvidenceSpan(0, 4), 0.9) { SingleValued = predicate == "lives_in", Negated = negated };

    /// <summary>Leases the memory's queued job. Not through the queue, which would hand out other tests' jobs too.</summary>
    public static async Task<ExtractionJob> ClaimAsync(EngineFixture engine, Tenant tenant, Guid memory, DateTimeOffset eventTime)
    {
        var id = await engine.Database.ScalarAsync<Guid>(
            $"""
            update engram.jobs set state = 'running', fence = fence + 1, attempts = attempts + 1, leased_until = now() + interval '1 minute'
            where tenant_id = '{tenant.Id}' and memory_id = '{memory}' returning id
            """);
        var fence = await engine.Database.ScalarAsync<long>($"select fence from engram.jobs where id = '{id}'");
        var bucket = await engine.Database.ScalarAsync<Guid>($"select bucket_id from engram.jobs where id = '{id}'");
        var version = await engine.Database.ScalarAsync<int>($"select memory_version from engram.jobs where id = '{id}'");
        return new ExtractionJob(tenant, id, bucket, memory, version, fence, 1, new ExtractionInput("text", eventTime, "en", null));
    }
}
