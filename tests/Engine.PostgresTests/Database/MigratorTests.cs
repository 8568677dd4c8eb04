using Engram.Engine.Database;
using Engram.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;

namespace Engram.Engine.PostgresTests.Database;

public sealed class MigratorTests
{
    private static readonly Migrator Migrator = new(NullLogger<Migrator>.Instance);

    [Fact]
    public async Task A_second_run_applies_nothing()
    {
        var database = await MigratedDatabase.CreateAsync("migrated_twice");
        Assert.Empty(await Migrator.MigrateAsync(database.Owner, MigratedDatabase.Passwords));
    }

    [Fact]
    public async Task Two_runs_at_once_apply_each_migration_once()
    {
        var owner = await PostgresForTests.CreateDatabaseAsync("migrated_at_once");
        var applied = await Task.WhenAll(
            Enumerable.Range(0, 3).Select(_ => Migrator.MigrateAsync(owner, MigratedDatabase.Passwords)));
        Assert.Single(applied, a => a.Count > 0);
    }

    [Fact]
    public async Task A_migration_changed_after_it_was_applied_is_refused()
    {
        var database = await MigratedDatabase.CreateAsync("changed");
        await database.ExecuteAsync("update engram.schema_migrations set checksum = 'other' where name = '0002_memories'");
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => Migrator.MigrateAsync(database.Owner, MigratedDatabase.Passwords));
        Assert.Contains("0002_memories", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused()
    {
        var database = await MigratedDatabase.CreateAsync("newer");
        await database.ExecuteAsync("insert into engram.schema_migrations (name, checksum) values ('9999_future', 'x')");
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => Migrator.MigrateAsync(database.Owner, MigratedDatabase.Passwords));
        Assert.Contains("newer version", refused.Message, StringComparison.Ordinal);
    }
}
