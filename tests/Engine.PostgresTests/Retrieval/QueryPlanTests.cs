using System.Text;
using Engram.Engine.Buckets;
using Engram.Engine.Database;
using Engram.Engine.Embeddings;
using Engram.Engine.Graph;
using Engram.Engine.Memories;
using Engram.Engine.Recall;
using Npgsql;

namespace Engram.Engine.PostgresTests.Retrieval;

/// <summary>Under row level security an operator that is not leakproof loses its index. These plans are made as the hosts' role.</summary>
public sealed class QueryPlanTests(EngineFixture engine)
{
    [Fact]
    public async Task The_keyword_arm_reads_the_postings_by_their_key()
    {
        var (tenant, bucket) = await SeedAsync();
        var plan = await ExplainAsync(tenant, batch => KeywordArm.Add(batch, tenant, bucket, ["tea", "number"], filter: null, limit: 200));
        Assert.Contains("postings_pkey", plan, StringComparison.Ordinal);
        Assert.Contains("Index Cond: ((tenant_id = ", plan, StringComparison.Ordinal);
        Assert.Matches(@"Index Cond: .*lexeme = ANY", plan);
        Assert.DoesNotContain("Seq Scan on postings", plan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_vector_arm_reads_only_the_buckets_key_range_below_the_crossover()
    {
        var (tenant, bucket) = await SeedAsync();
        // Nine buckets more: where a tenant has a single one, any index that begins with the tenant is as good.
        await engine.Database.ExecuteAsync($"""
            insert into engram.memory_vectors (tenant_id, bucket_id, model, memory_id, chunk, embedding)
            select v.tenant_id, b.id, v.model, v.memory_id, v.chunk, v.embedding
            from engram.memory_vectors v cross join (select gen_random_uuid() as id from generate_series(1, 9)) b where v.bucket_id = '{bucket.Id}';
            analyze engram.memory_vectors
            """);
        var embedder = engine.Get<OnnxEmbedder>();
        var plan = await ExplainAsync(tenant, batch => VectorArm.Add(batch, tenant, bucket, embedder.Embed("tea"), embedder.ModelId, null, 200));
        // The other plans are those of a small table.
        await engine.Database.ExecuteAsync(
            $"delete from engram.memory_vectors where tenant_id = '{tenant.Id}' and bucket_id <> '{bucket.Id}'; analyze engram.memory_vectors");
        Assert.True(plan.Contains("memory_vectors_pkey", StringComparison.Ordinal), plan);
        Assert.Matches(@"Index Cond: .*bucket_id = ", plan);
        Assert.DoesNotContain("Seq Scan on memory_vectors", plan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_vector_arm_uses_the_buckets_own_hnsw_index_above_the_crossover()
    {
        var (tenant, bucket) = await SeedAsync();
        var embedder = engine.Get<OnnxEmbedder>();
        var index = await engine.Get<VectorIndexes>().BuildAsync(tenant, bucket.Id, embedder.ModelId, embedder.Dimensions, TestContext.Current.CancellationToken);
        var indexed = (await BucketScope.FindAsync(engine.TenantDb, tenant, bucket.Name, TestContext.Current.CancellationToken))!;
        Assert.Equal(index, indexed.VectorIndex);

        var plan = await ExplainAsync(tenant, batch =>
        {
            batch.Add(VectorSql.IndexSettings, Sql.Text("40"));
            VectorArm.Add(batch, tenant, indexed, embedder.Embed("tea"), embedder.ModelId, null, 10);
        });
        Assert.Contains($"Index Scan using {index}", plan, StringComparison.Ordinal);

        var best = (await engine.QueryAsync(tenant, "tea number 7 of the collection", bucket.Name))[0];
        Assert.Contains("number 7 ", best, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_graph_arm_reads_aliases_and_triples_by_index()
    {
        var (tenant, bucket) = await SeedAsync();
        var plan = await ExplainAsync(tenant, batch => GraphArm.Add(batch, tenant, bucket, ["anna", "user"], filter: null, asOf: null), statements: 2);
        Assert.Matches(@"entity_aliases_(pkey|search)", plan);
        Assert.Matches(@"Index Cond: .*alias = ANY", plan);
        Assert.DoesNotContain("Seq Scan on entity_aliases", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Seq Scan on triples", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Seq Scan on triple_sources", plan, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name")]
    [InlineData("recent")]
    [InlineData("around")]
    public async Task The_graphs_pages_read_every_table_by_index(string page)
    {
        var (tenant, bucket) = await SeedAsync();
        var plan = await ExplainAsync(tenant, batch =>
        {
            if (page == "name")
                GraphReader.AddByName(batch, tenant, bucket, "ann", "", 20);
            else if (page == "recent")
                GraphReader.AddRecent(batch, tenant, bucket, 20);
            else
                GraphReader.Add(batch, tenant, bucket, Guid.CreateVersion7(), 2, DateTimeOffset.UtcNow, 20);
        });
        Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal);
        if (page == "name")
            Assert.Matches(@"Index Cond: .*alias ~>=~ ", plan);
    }

    private async Task<(Tenant Tenant, BucketScope Bucket)> SeedAsync()
    {
        var tenant = await engine.NewTenantAsync();
        NewMemory[] memories = [.. Enumerable.Range(0, 400).Select(i => new NewMemory
        {
            Content = $"Tea number {i} of the collection comes from garden {i % 37} and was picked by Anna{i % 11}.", Dedup = DedupPolicy.Off,
        })];
        await engine.Memories.StoreAsync(tenant, "teas", memories, new StoreOptions(), EngineFixture.Timer);
        await engine.Database.ExecuteAsync("analyze engram.memory_vectors; analyze engram.postings");
        return (tenant, (await BucketScope.FindAsync(engine.TenantDb, tenant, "teas", TestContext.Current.CancellationToken))!);
    }

    /// <summary>The plans as they are for a large table: a small one is rightly scanned whole, so sequential scans are priced out.</summary>
    private async Task<string> ExplainAsync(Tenant tenant, Action<TenantBatch> add, int statements = 1)
    {
        await using var connection = new NpgsqlConnection(engine.Database.App);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var settings = new NpgsqlCommand($"set local enable_seqscan = off; select set_config('app.tenant_id', '{tenant.Id}', true)", connection);
        await settings.ExecuteNonQueryAsync();

        await using var wanted = new TenantBatch(new NpgsqlBatch(connection, transaction), tenant: null);
        add(wanted);
        var plan = new StringBuilder();
        foreach (var command in wanted.Commands)
        {
            var explain = command.CommandText.Contains("set_config", StringComparison.Ordinal) ? command.CommandText : "explain " + command.CommandText;
            await using var one = new NpgsqlCommand(explain, connection, transaction);
            foreach (NpgsqlParameter parameter in command.Parameters)
                one.Parameters.Add(parameter.Clone());
            await using var reader = await one.ExecuteReaderAsync();
            while (await reader.ReadAsync())
                plan.AppendLine(reader.GetString(0));
        }

        Assert.True(wanted.Commands.Count >= statements);
        return plan.ToString();
    }
}
