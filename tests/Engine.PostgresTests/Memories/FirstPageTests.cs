using System.Data;
using System.Text.Json;
using Engram.Engine.Database;
using Engram.Engine.Memories;
using Npgsql;

namespace Engram.Engine.PostgresTests.Memories;

/// <summary>Whoever kept a first page is told whether it is still the one.</summary>
public sealed class FirstPageTests(EngineFixture engine)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_page_that_was_kept_is_sent_again_after_every_kind_of_change_and_not_otherwise()
    {
        var tenant = await engine.NewTenantAsync();
        var ids = new List<Guid>();
        foreach (var text in new[] { "Ann lives in Bern.", "Ben owns a tandem.", "Cleo reads at night." })
            ids.Add((await engine.StoreAsync(tenant, text)).MemoryId);
        var (page, version) = await FirstAsync(tenant, known: null);

        await AssertKeptAsync(tenant, version);
        foreach (var (name, change) in new (string, Func<Task>)[]
        {
            ("edited text", () => EditAsync(tenant, ids[0], new MemoryEdit("Ann lives in Basel.", default, null))),
            ("edited metadata", () => EditAsync(tenant, ids[1], new MemoryEdit(null, JsonElement.Parse("""{"a":1}"""), null))),
            ("edited categories", () => EditAsync(tenant, ids[1], new MemoryEdit(null, default, ["bikes"]))),
            ("deleted", () => engine.Removal.DeleteAsync(tenant, "default", ids[2], EngineFixture.Timer, cancellationToken: Cancel)),
            ("stored", () => engine.StoreAsync(tenant, "Dora keeps bees.")),
        })
        {
            await change();
            (page, version) = await FirstAsync(tenant, version);
            Assert.True(page is not null, $"{name}: the page was taken for unchanged");
            await AssertKeptAsync(tenant, version);
        }

        Assert.Equal(["Dora keeps bees.", "Ben owns a tandem.", "Ann lives in Basel."], page!.Memories.Select(memory => memory.Content));
    }

    [Fact]
    public async Task What_changes_below_a_page_changes_it_only_through_the_total()
    {
        var tenant = await engine.NewTenantAsync();
        var oldest = (await engine.StoreAsync(tenant, "The oldest of them.")).MemoryId;
        for (var i = 0; i < 3; i++)
            await engine.StoreAsync(tenant, $"Younger memory number {i}.");
        var (_, version) = await FirstAsync(tenant, known: null, limit: 2);

        await EditAsync(tenant, oldest, new MemoryEdit(null, default, ["old"]));
        Assert.Null((await FirstAsync(tenant, version, limit: 2)).Page);

        await engine.Removal.DeleteAsync(tenant, "default", oldest, EngineFixture.Timer, cancellationToken: Cancel);
        Assert.Equal(3, (await FirstAsync(tenant, version, limit: 2)).Page!.Total);
    }

    [Fact]
    public async Task A_page_of_another_tenant_or_of_a_bucket_that_was_made_anew_is_another_page()
    {
        var (tenant, other) = (await engine.NewTenantAsync(), await engine.NewTenantAsync());
        foreach (var one in new[] { tenant, other })
            await engine.Buckets.CreateAsync(one, "empty", description: null, EngineFixture.Timer, Cancel);
        var (_, version) = await FirstAsync(tenant, known: null, bucket: "empty");

        // Without the state, which says only that nothing changed since somebody kept this tenant's page.
        Assert.NotNull((await FirstAsync(other, version with { State = null }, bucket: "empty")).Page);
        await engine.Buckets.DeleteAsync(tenant, "empty", EngineFixture.Timer, cancellationToken: Cancel);
        Assert.Equal(
            FailureKind.BucketNotFound,
            (await Assert.ThrowsAsync<EngramException>(() => FirstAsync(tenant, version, bucket: "empty"))).Kind);
        await engine.Buckets.CreateAsync(tenant, "empty", description: null, EngineFixture.Timer, Cancel);
        Assert.NotNull((await FirstAsync(tenant, version, bucket: "empty")).Page);
    }

    [Fact]
    public async Task What_was_still_being_written_when_a_page_was_read_is_on_the_next_one()
    {
        var tenant = await engine.NewTenantAsync();
        var id = (await engine.StoreAsync(tenant, "Ann lives in Bern.")).MemoryId;
        await using var writer = await engine.TenantDb.BeginAsync(tenant, Cancel);
        await using (var update = writer.Batch())
            await update.Add("update memories set version = version + 1 where tenant_id = $1 and id = $2", Sql.Uuid(tenant.Id), Sql.Uuid(id)).ExecuteAsync(Cancel);
        var (page, version) = await FirstAsync(tenant, known: null);
        await writer.CommitAsync(Cancel);

        Assert.Equal(1, Assert.Single(page!.Memories).Version);
        Assert.Equal(2, Assert.Single((await FirstAsync(tenant, version)).Page!.Memories).Version);
    }

    [Fact]
    public async Task Nothing_is_read_again_of_a_database_that_is_in_the_same_state_and_never_after_a_start_that_was_not_clean()
    {
        var tenant = await engine.NewTenantAsync();
        await engine.StoreAsync(tenant, "Ann lives in Bern.");
        await using var connection = new NpgsqlConnection(engine.Database.App);
        await connection.OpenAsync(Cancel);
        // Others commit all the time; this transaction sees none of it.
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, Cancel);
        var (rows, _, state) = await PageAsync(known: null, knownState: null);
        Assert.Equal(2, rows);

        // No fingerprint of any page: only who looks at the rows finds out.
        Assert.Equal((1, 4711, state), await PageAsync(4711, state));
        Assert.Equal(2, (await PageAsync(4711, state + 1)).Rows);

        // As PostgreSQL itself does when it starts after a crash, with ids of transactions that may have been in use before.
        await engine.Database.ExecuteAsync("select pg_stat_reset_shared('bgwriter')");
        await using (var clear = new NpgsqlCommand("select pg_stat_clear_snapshot()", connection, transaction))
            await clear.ExecuteNonQueryAsync(Cancel);
        (rows, _, var afterwards) = await PageAsync(4711, state);
        Assert.Equal(2, rows);
        Assert.NotEqual(state, afterwards);

        async Task<(int Rows, long? Fingerprint, long? State)> PageAsync(long? known, long? knownState)
        {
            await using var command = new NpgsqlCommand(
                "select fingerprint, state from engram.memory_page($1, 'default', null, 21, $2, $3)", connection, transaction);
            command.Parameters.AddRange(new[] { Sql.Uuid(tenant.Id), Sql.NullableLong(known), Sql.NullableLong(knownState) });
            await using var reader = await command.ExecuteReaderAsync(Cancel);
            Assert.True(await reader.ReadAsync(Cancel));
            var (count, fingerprint, found) = (1, reader.GetInt64(0), reader.GetInt64(1));
            while (await reader.ReadAsync(Cancel))
                count++;
            return (count, fingerprint, found);
        }
    }

    private async Task AssertKeptAsync(Tenant tenant, PageVersion version)
    {
        // Other tests commit all the time: with the state it may be either way that the page is found the same, without it only by its rows.
        Assert.Null((await FirstAsync(tenant, version)).Page);
        Assert.Null((await FirstAsync(tenant, version with { State = null })).Page);
    }

    private Task<(MemoryPage? Page, PageVersion Version)> FirstAsync(Tenant tenant, PageVersion? known, int limit = 20, string bucket = "default") =>
        engine.Reader.FirstPageAsync(tenant, bucket, limit, known, EngineFixture.Timer, Cancel);

    private Task EditAsync(Tenant tenant, Guid id, MemoryEdit edit) =>
        engine.Editor.EditAsync(tenant, "default", id, edit, null, EngineFixture.Timer, Cancel);
}
