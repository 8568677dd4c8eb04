namespace Engram.Engine.PostgresTests.Extraction;

public sealed class TripleStoreTests(EngineFixture engine)
{
    private static readonly DateTimeOffset Monday = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_later_statement_supersedes_an_earlier_one_and_deletes_nothing()
    {
        var (tenant, rows) = await LivesInAsync(("Paris", 0), ("Berlin", 10));
        Assert.Equal([("Paris", true, Monday.AddDays(10)), ("Berlin", false, null)], rows);
        _ = tenant;
    }

    [Fact]
    public async Task The_order_of_arrival_does_not_matter_to_what_holds_now()
    {
        var (_, rows) = await LivesInAsync(("Berlin", 10), ("Rome", 20), ("Paris", 0));
        Assert.Equal([("Paris", true, Monday.AddDays(10)), ("Berlin", true, Monday.AddDays(20)), ("Rome", false, null)], rows);
    }

    [Fact]
    public async Task A_repeated_statement_supports_the_triple_that_is_there()
    {
        var (_, rows) = await LivesInAsync(("Paris", 0), ("Paris", 5));
        Assert.Equal([("Paris", false, null)], rows);
    }

    [Fact]
    public async Task A_denial_ends_what_it_denies_and_stays_a_denial()
    {
        var tenant = await engine.NewTenantAsync();
        var (said, denied) = ((await engine.StoreAsync(tenant, "Ann lives in Paris.")).MemoryId, (await engine.StoreAsync(tenant, "Ann does not live in Paris any more.")).MemoryId);
        await ExtractionTestData.ExtractAsync(engine, tenant, said, Monday, [ExtractionTestData.Triple("Ann", "lives_in", "Paris")]);
        await ExtractionTestData.ExtractAsync(engine, tenant, denied, Monday.AddDays(3), [ExtractionTestData.Triple("Ann", "lives_in", "Paris", negated: true)]);
        var open = await engine.Database.ScalarAsync<bool>(
            $"select negated from engram.triples where tenant_id = '{tenant.Id}' and superseded_by is null");
        Assert.True(open);
    }

    [Fact]
    public async Task Deleting_the_later_statement_opens_the_earlier_one_again()
    {
        var tenant = await engine.NewTenantAsync();
        var (paris, berlin) = ((await engine.StoreAsync(tenant, "Ann lives in Paris.")).MemoryId, (await engine.StoreAsync(tenant, "Ann lives in Berlin.")).MemoryId);
        await ExtractionTestData.ExtractAsync(engine, tenant, paris, Monday, [ExtractionTestData.Triple("Ann", "lives_in", "Paris")]);
        await ExtractionTestData.ExtractAsync(engine, tenant, berlin, Monday.AddDays(3), [ExtractionTestData.Triple("Ann", "lives_in", "Berlin")]);
        await engine.Removal.DeleteAsync(tenant, "default", berlin, EngineFixture.Timer, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal([("Paris", false, null)], await ReadAsync(tenant));
    }

    [Fact]
    public async Task Completing_a_job_waits_for_a_deletion_of_its_memory_instead_of_deadlocking_with_it()
    {
        var tenant = await engine.NewTenantAsync();
        var memory = (await engine.StoreAsync(tenant, "Ann lives in Paris.")).MemoryId;
        var job = await ExtractionTestData.ClaimAsync(engine, tenant, memory, Monday);
        await using var connection = new Npgsql.NpgsqlConnection(engine.Database.Owner);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await RunAsync($"select from engram.memories where id = '{memory}' for update");

        var completion = engine.Triples.CompleteAsync(job, [ExtractionTestData.Triple("Ann", "lives_in", "Paris")], "test", TestContext.Current.CancellationToken);
        var until = DateTimeOffset.UtcNow.AddMinutes(1);
        while (!await engine.Database.ScalarAsync<bool>($"select exists (select from pg_stat_activity where {connection.ProcessID} = any(pg_blocking_pids(pid)))"))
        {
            Assert.True(DateTimeOffset.UtcNow < until, "The completion never waited for the memory's row.");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        // What a deletion does next; with the job's row locked by the completion this would be a deadlock.
        await RunAsync($"delete from engram.memories where id = '{memory}'");
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        Assert.False(await completion);

        async Task RunAsync(string sql)
        {
            await using var command = new Npgsql.NpgsqlCommand(sql, connection, transaction);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_worker_that_lost_its_lease_writes_nothing()
    {
        var tenant = await engine.NewTenantAsync();
        var memory = (await engine.StoreAsync(tenant, "Ann lives in Paris.")).MemoryId;
        var slow = await ExtractionTestData.ClaimAsync(engine, tenant, memory, Monday);
        var next = await ExtractionTestData.ClaimAsync(engine, tenant, memory, Monday);
        Assert.False(await engine.Triples.CompleteAsync(slow, [ExtractionTestData.Triple("Ann", "lives_in", "Oslo")], "test", TestContext.Current.CancellationToken));
        Assert.Empty(await ReadAsync(tenant));
        Assert.True(await engine.Triples.CompleteAsync(next, [ExtractionTestData.Triple("Ann", "lives_in", "Paris")], "test", TestContext.Current.CancellationToken));
        Assert.False(await engine.Triples.CompleteAsync(next, [ExtractionTestData.Triple("Ann", "lives_in", "Paris")], "test", TestContext.Current.CancellationToken));
        Assert.Single(await ReadAsync(tenant));
    }

    [Fact]
    public async Task A_job_for_a_text_that_was_edited_since_writes_nothing()
    {
        var tenant = await engine.NewTenantAsync();
        var memory = (await engine.StoreAsync(tenant, "Ann lives in Paris.")).MemoryId;
        var job = await ExtractionTestData.ClaimAsync(engine, tenant, memory, Monday);
        await engine.Editor.EditAsync(
            tenant, "default", memory, new Engine.Memories.MemoryEdit("Ann lives in Oslo.", default, null), null, EngineFixture.Timer, TestContext.Current.CancellationToken);
        Assert.False(await engine.Triples.CompleteAsync(job, [ExtractionTestData.Triple("Ann", "lives_in", "Paris")], "test", TestContext.Current.CancellationToken));
        Assert.Empty(await ReadAsync(tenant));
    }

    [Fact]
    public async Task A_name_leads_to_the_entity_that_bears_it()
    {
        var tenant = await engine.NewTenantAsync();
        var memory = (await engine.StoreAsync(tenant, "My name is Caroline and I own a parrot.")).MemoryId;
        await ExtractionTestData.ExtractAsync(engine, tenant, memory, ("user", "name", "Caroline"), ("user", "has", "parrot"));
        var result = await engine.Recall.QueryAsync(
            tenant, new Engine.Recall.RecallRequest { Query = "What does Caroline own?" }, EngineFixture.Timer, TestContext.Current.CancellationToken);
        Assert.Contains(result.GraphFacts, f => f is { Predicate: "has", Object: "parrot", Depth: 1 });
        Assert.Equal(1, Assert.Single(result.Hits).Graph?.Rank);
    }

    [Fact]
    public async Task Many_workers_with_the_same_names_make_each_entity_once()
    {
        var tenant = await engine.NewTenantAsync();
        var memories = await Task.WhenAll(Enumerable.Range(0, 24).Select(async i => (await engine.StoreAsync(tenant, $"Visit {i}: Ann met Bob in Rome on trip {i}.")).MemoryId));
        var done = await Task.WhenAll(memories.Select(m => ExtractionTestData.ExtractAsync(engine, tenant, m, ("Ann", "met", "Bob"), ("Bob", "visited", "Rome"), ("Ann", "visited", "Rome"))));
        Assert.All(done, Assert.True);
        Assert.Equal(3L, await engine.Database.ScalarAsync<long>($"select count(*) from engram.entities where tenant_id = '{tenant.Id}'"));
        Assert.Equal(3L, await engine.Database.ScalarAsync<long>($"select count(*) from engram.triples where tenant_id = '{tenant.Id}'"));
        Assert.Equal(72L, await engine.Database.ScalarAsync<long>($"select count(*) from engram.triple_sources where tenant_id = '{tenant.Id}'"));
    }

    private async Task<(Tenant Tenant, List<(string City, bool Superseded, DateTimeOffset? Until)> Rows)> LivesInAsync(params (string City, int Day)[] statements)
    {
        var tenant = await engine.NewTenantAsync();
        foreach (var (city, day) in statements)
        {
            var memory = (await engine.StoreAsync(tenant, $"Day {day}: Ann lives in {city}.")).MemoryId;
            await ExtractionTestData.ExtractAsync(engine, tenant, memory, Monday.AddDays(day), [ExtractionTestData.Triple("Ann", "lives_in", city)]);
        }

        return (tenant, await ReadAsync(tenant));
    }

    private async Task<List<(string City, bool Superseded, DateTimeOffset? Until)>> ReadAsync(Tenant tenant)
    {
        await using var batch = engine.TenantDb.Batch(tenant).Add(
            """
            select o.name, t.superseded_by is not null, t.valid_to from triples t join entities o on o.tenant_id = t.tenant_id and o.id = t.object_id
            order by t.valid_from
            """);
        await using var reader = await batch.ExecuteReaderAsync();
        var rows = new List<(string, bool, DateTimeOffset?)>();
        while (await reader.ReadAsync())
            rows.Add((reader.GetString(0), reader.GetBoolean(1), reader.IsDBNull(2) ? null : reader.GetFieldValue<DateTimeOffset>(2)));
        return rows;
    }
}
