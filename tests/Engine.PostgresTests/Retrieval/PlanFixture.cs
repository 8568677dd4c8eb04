using Engram.Engine.Buckets;
using Engram.Engine.Memories;

namespace Engram.Engine.PostgresTests.Retrieval;

/// <summary>
/// A database of its own whose tables are like those of a tenant in use: a plan depends on what is in the tables and on what PostgreSQL knows of it,
/// which other tests would change at any time.
/// </summary>
public sealed class PlanFixture : IAsyncLifetime
{
    /// <summary>A bucket that may get an index of its own, which the others are read without.</summary>
    public const string Indexed = "indexed";

    public EngineFixture Engine { get; } = new();

    public Tenant Tenant { get; private set; }

    /// <summary>One bucket of ten, all alike.</summary>
    internal BucketScope Bucket { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await Engine.InitializeAsync();
        Tenant = await Engine.NewTenantAsync();
        await StoreTeasAsync("teas");
        Bucket = await BucketAsync("teas");
        var (tenant, bucket) = (Tenant.Id, Bucket.Id);
        await Engine.Database.ExecuteAsync($"""
            insert into engram.buckets (tenant_id, id, name) select '{tenant}', gen_random_uuid(), 'other-' || i from generate_series(1, 9) i;
            insert into engram.memory_vectors (tenant_id, bucket_id, model, memory_id, chunk, embedding)
                select v.tenant_id, b.id, v.model, v.memory_id, v.chunk, v.embedding from engram.memory_vectors v
                join engram.buckets b on b.tenant_id = v.tenant_id and b.id <> v.bucket_id where v.bucket_id = '{bucket}';
            insert into engram.entities (tenant_id, id, bucket_id, name)
                select b.tenant_id, gen_random_uuid(), b.id, 'person ' || i from engram.buckets b, generate_series(1, 400) i where b.tenant_id = '{tenant}';
            insert into engram.entity_aliases (tenant_id, bucket_id, alias, entity_id) select tenant_id, bucket_id, name, id from engram.entities where tenant_id = '{tenant}';
            insert into engram.triples (tenant_id, id, bucket_id, subject_id, predicate, object_id, confidence)
                select s.tenant_id, gen_random_uuid(), s.bucket_id, s.id, 'knows', o.id, 1 from engram.entities s
                join engram.entities o on o.tenant_id = s.tenant_id and o.bucket_id = s.bucket_id and right(o.name, 2) = right(s.name, 2) and o.id <> s.id
                where s.tenant_id = '{tenant}';
            insert into engram.triple_sources (tenant_id, triple_id, memory_id, span_start, span_length, extractor, confidence)
                select t.tenant_id, t.id, m.ids[1 + abs(hashtext(t.id::text) % 400)], 0, 1, 'rules', 1 from engram.triples t,
                    (select array_agg(id) as ids from engram.memories where tenant_id = '{tenant}') m where t.tenant_id = '{tenant}'
            """);
        await StoreTeasAsync(Indexed);
        await Engine.Database.ExecuteAsync("analyze");
    }

    public ValueTask DisposeAsync() => Engine.DisposeAsync();

    internal async Task<BucketScope> BucketAsync(string name) =>
        (await BucketScope.FindAsync(Engine.TenantDb, Tenant, name, TestContext.Current.CancellationToken))!;

    private async Task StoreTeasAsync(string bucket)
    {
        NewMemory[] memories = [.. Enumerable.Range(0, 400).Select(i => new NewMemory
        {
            Content = $"Tea number {i} of the collection comes from garden {i % 37} and was picked by Anna{i % 11}.", Dedup = DedupPolicy.Off,
        })];
        await Engine.Memories.StoreAsync(Tenant, bucket, memories, new StoreOptions(), EngineFixture.Timer);
    }
}
