using Engram.LocalHost;
using Engram.LocalHost.Postgres;

namespace Engram.AppHost.Tests;

/// <summary>A private copy of PostgreSQL is used whole or not at all.</summary>
public sealed class PostgresBundleTests
{
    private const string Library = "usr/lib/x/libpq.so";

    [Theory]
    [InlineData(17, "0.8.0", true)]
    [InlineData(15, "0.10.1", true)]
    [InlineData(14, "0.8.0", false)]
    [InlineData(17, "0.7.4", false)]
    [InlineData(17, null, false)]
    public void Only_a_recent_PostgreSQL_with_a_recent_pgvector_is_used(int major, string? vector, bool expected) =>
        Assert.Equal(expected, PostgresInstallation.IsRecentEnough(major, vector));

    [Fact]
    public void A_copy_without_its_manifest_is_not_used()
    {
        using var cache = new TemporaryFolder();
        Make(cache.Path, manifest: false);
        Assert.Null(PostgresBundle.Find(cache.Path));
    }

    [Fact]
    public void A_copy_with_a_truncated_file_is_not_used()
    {
        using var cache = new TemporaryFolder();
        Make(cache.Path, manifest: true);
        Assert.NotNull(PostgresBundle.Find(cache.Path));
        File.WriteAllText(cache[Library], "cut");
        Assert.Null(PostgresBundle.Find(cache.Path));
    }

    [Fact]
    public async Task A_start_waits_while_another_one_fetches_and_uses_what_that_one_made()
    {
        using var cache = new TemporaryFolder();
        var folder = PostgresBundle.FolderIn(cache.Path);
        var said = new List<string>();
        Task<PostgresInstallation> waiting;
        using (FolderLock.TryTake(folder + ".lock")!)
        {
            waiting = PostgresBundle.EnsureAsync(said.Add, CancellationToken.None, cache.Path);
            await Eventually.TrueAsync(() => said.Count > 0, TimeSpan.FromSeconds(60), () => "It does not say that it waits.");
            Assert.False(waiting.IsCompleted);
            Make(folder, manifest: true);
        }

        var installation = await waiting.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.StartsWith(folder, installation.Bin, StringComparison.Ordinal);
        Assert.Equal(["another start is fetching PostgreSQL, waiting for it"], said);
    }

    private static void Make(string folder, bool manifest)
    {
        Directory.CreateDirectory(Path.Combine(folder, Path.GetDirectoryName(Library)!));
        File.WriteAllText(Path.Combine(folder, Library), "a whole library");
        if (manifest)
        {
            File.WriteAllLines(Path.Combine(folder, "bundle.manifest"), ["PostgreSQL 17.0 with pgvector 0.8.0 (private copy)", $"15 {Library}"]);
        }
    }
}
