using System.Text;
using Engram.Engine.Database;
using Engram.Engine.Embeddings;
using Engram.Engine.Graph;
using Engram.Engine.Recall;
using Npgsql;

namespace Engram.Engine.PostgresTests.Retrieval;

/// <summary>Under row level security an operator that is not leakproof loses its index. These plans are made as the hosts' role.</summary>
public sealed class QueryPlanTests(PlanFixture plans) : IClassFixture<PlanFixture>
{
    [Fact]
    public async Task The_keyword_arm_reads_the_postings_by_their_key()
    {
        var plan = await ExplainAsync(batch => KeywordArm.Add(batch, plans.Tenant, plans.Bucket, ["tea", "number"], filter: null, limit: 200));
        Assert.Contains("postings_pkey", plan, StringComparison.Ordinal);
        Assert.Contains("Index Cond: ((tenant_id = ", plan, StringComparison.Ordinal);
        Assert.Matches(@"Index Cond: .*lexeme = ANY", plan);
        Assert.DoesNotContain("Seq Scan on postings", plan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_vector_arm_reads_only_the_buckets_key_range_below_the_crossover()
    {
        var embedder = plans.Engine.Get<OnnxEmbedder>();
        var plan = await ExplainAsync(batch => VectorArm.Add(batch, plans.Tenant, plans.Bucket, embedder.Embed("tea"), embedder.ModelId, null, 200));
        Assert.True(plan.Contains("memory_vectors_pkey", StringComparison.Ordinal), plan);
        Assert.Matches(@"Index Cond: .*bucket_id = ", plan);
        Assert.DoesNotContain("Seq Scan on memory_vectors", plan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_vector_arm_uses_the_buckets_own_hnsw_index_above_the_crossover()
    {
        var (engine, tenant) = (plans.Engine, plans.Tenant);
        var embedder = engine.Get<OnnxEmbedder>();
        var bucket = await plans.BucketAsync(PlanFixture.Indexed);
        var index = await engine.Get<VectorIndexes>().BuildAsync(tenant, bucket.Id, embedder.ModelId, embedder.Dimensions, TestContext.Current.CancellationToken);
        var indexed = await plans.BucketAsync(PlanFixture.Indexed);
        Assert.Equal(index, indexed.VectorIndex);

        var plan = await ExplainAsync(batch =>
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
        var plan = await ExplainAsync(
            batch => GraphArm.Add(batch, plans.Tenant, plans.Bucket, ["anna", "user"], filter: null, asOf: null), statements: 2);
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
        var (tenant, bucket) = (plans.Tenant, plans.Bucket);
        var plan = await ExplainAsync(batch =>
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

    /// <summary>The plans as they are for a large table: a small one is rightly scanned whole, so sequential scans are priced out.</summary>
    private async Task<string> ExplainAsync(Action<TenantBatch> add, int statements = 1)
    {
        await using var connection = new NpgsqlConnection(plans.Engine.Database.App);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var settings = new NpgsqlCommand($"set local enable_seqscan = off; select set_config('app.tenant_id', '{plans.Tenant.Id}', true)", connection);
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
