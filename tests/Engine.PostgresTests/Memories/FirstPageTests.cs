using System.Text.Json;
using Engram.Engine.Memories;

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
        var page = (await FirstAsync(tenant, known: null))!;

        Assert.Null(await FirstAsync(tenant, page.Fingerprint));
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
            var next = await FirstAsync(tenant, page.Fingerprint);
            Assert.True(next is not null, $"{name}: the page was taken for unchanged");
            Assert.Null(await FirstAsync(tenant, next.Fingerprint));
            page = next;
        }

        Assert.Equal(["Dora keeps bees.", "Ben owns a tandem.", "Ann lives in Basel."], page.Memories.Select(memory => memory.Content));
    }

    [Fact]
    public async Task What_changes_below_a_page_changes_it_only_through_the_total()
    {
        var tenant = await engine.NewTenantAsync();
        var oldest = (await engine.StoreAsync(tenant, "The oldest of them.")).MemoryId;
        for (var i = 0; i < 3; i++)
            await engine.StoreAsync(tenant, $"Younger memory number {i}.");
        var page = (await FirstAsync(tenant, known: null, limit: 2))!;

        await EditAsync(tenant, oldest, new MemoryEdit(null, default, ["old"]));
        Assert.Null(await FirstAsync(tenant, page.Fingerprint, limit: 2));

        await engine.Removal.DeleteAsync(tenant, "default", oldest, EngineFixture.Timer, cancellationToken: Cancel);
        Assert.Equal(3, (await FirstAsync(tenant, page.Fingerprint, limit: 2))!.Total);
    }

    [Fact]
    public async Task A_page_of_another_tenant_or_of_a_bucket_that_was_made_anew_is_another_page()
    {
        var (tenant, other) = (await engine.NewTenantAsync(), await engine.NewTenantAsync());
        foreach (var one in new[] { tenant, other })
            await engine.Buckets.CreateAsync(one, "empty", description: null, EngineFixture.Timer, Cancel);
        var page = (await FirstAsync(tenant, known: null, bucket: "empty"))!;

        Assert.NotNull(await FirstAsync(other, page.Fingerprint, bucket: "empty"));
        await engine.Buckets.DeleteAsync(tenant, "empty", EngineFixture.Timer, cancellationToken: Cancel);
        Assert.Equal(
            FailureKind.BucketNotFound,
            (await Assert.ThrowsAsync<EngramException>(() => FirstAsync(tenant, page.Fingerprint, bucket: "empty"))).Kind);
        await engine.Buckets.CreateAsync(tenant, "empty", description: null, EngineFixture.Timer, Cancel);
        Assert.NotNull(await FirstAsync(tenant, page.Fingerprint, bucket: "empty"));
    }

    private Task<MemoryPage?> FirstAsync(Tenant tenant, long? known, int limit = 20, string bucket = "default") =>
        engine.Reader.FirstPageAsync(tenant, bucket, limit, known, EngineFixture.Timer, Cancel);

    private Task EditAsync(Tenant tenant, Guid id, MemoryEdit edit) =>
        engine.Editor.EditAsync(tenant, "default", id, edit, null, EngineFixture.Timer, Cancel);
}
