using Engram.Engine.Latency;
using Npgsql;

namespace Engram.Engine.PostgresTests.Latency;

public sealed class SmokeRunTests(EngineFixture engine)
{
    [Theory]
    [InlineData("update smoke_runs set verdict = 'passed'")]
    [InlineData("delete from smoke_runs")]
    [InlineData("update smoke_timings set ms = 0")]
    [InlineData("delete from smoke_timings")]
    public async Task What_was_kept_cannot_be_tidied_up(string tidy)
    {
        var tenant = await engine.NewTenantAsync();
        var run = new NewSmokeRun(DateTimeOffset.UtcNow, null, "failed", 12.5, 3.1, [new SmokeCheck("auth", "first", "failed", 7, "It was not."), new SmokeCheck("auth", "second", "skipped", null, null)]);
        var kept = await engine.Get<SmokeRuns>().AppendAsync(tenant, run, EngineFixture.Timer, TestContext.Current.CancellationToken);

        await using var batch = engine.TenantDb.Batch(tenant).Add(tidy);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => batch.ExecuteAsync(TestContext.Current.CancellationToken));

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        var (found, checks) = (await engine.Get<SmokeRuns>().FindAsync(tenant, kept.Id, EngineFixture.Timer, TestContext.Current.CancellationToken))!.Value;
        Assert.Equal(("failed", 1, 1), (found.Verdict, found.Failed, found.Skipped));
        Assert.Equal([7d, null], checks.Select(check => check.Ms));
    }
}
