using System.Diagnostics;
using Engram.Engine.Providers;
using Engram.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.Engine.PostgresTests.Providers;

/// <summary>The real program, as an operator runs it.</summary>
public sealed class RotateKeysVerbTests
{
    private const string Second = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

    [Fact]
    public async Task The_verb_rewraps_renews_and_then_has_nothing_left_to_do()
    {
        var database = await MigratedDatabase.CreateAsync("verb");
        await using var services = EngineFixture.Services(database.App, database.System, ("Engram:Vault:MasterKeys:2", Second), ("Engram:Vault:CurrentVersion", "1"));
        var actor = ProviderStoreTests.ActorOf(await database.CreateTenantAsync());
        var made = await services.GetRequiredService<ProviderStore>().CreateAsync(actor, ProviderStoreTests.Wanted("sk-first-key-aaaa1111"));

        var (code, output, _) = await RunAsync(database, ["rotate-keys", "--data-keys"], ("1", MigratedDatabase.VaultKey), ("2", Second));

        Assert.Equal(0, code);
        Assert.Contains("Wrapped 1 data key(s) under master key version 2.", output, StringComparison.Ordinal);
        Assert.Contains("Gave 1 tenant(s) a fresh data key.", output, StringComparison.Ordinal);
        Assert.Equal("2 2", await database.ScalarAsync<string>("select string_agg(version || ' ' || master_version, ',') from engram.tenant_data_keys"));
        Assert.Equal("sk-first-key-aaaa1111", (await services.GetRequiredService<ProviderStore>().OpenAsync(actor.Tenant, made.Id))!.Key.Reveal());

        // Now the old master key is needed no more.
        (code, output, _) = await RunAsync(database, ["rotate-keys"], ("2", Second));
        Assert.Equal(0, code);
        Assert.Contains("Wrapped 0 data key(s)", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_version_or_setting_ends_it_with_a_message_and_not_with_a_stack()
    {
        var database = await MigratedDatabase.CreateAsync("verb");
        await using var services = EngineFixture.Services(database.App, database.System);
        await services.GetRequiredService<ProviderStore>().CreateAsync(
            ProviderStoreTests.ActorOf(await database.CreateTenantAsync()), ProviderStoreTests.Wanted("sk-first-key-aaaa1111"));

        var (code, _, error) = await RunAsync(database, ["rotate-keys"], ("2", Second));
        Assert.Equal(1, code);
        Assert.Contains("Engram:Vault:MasterKeys:1", error, StringComparison.Ordinal);

        (code, _, error) = await RunAsync(database, ["rotate-keys"]);
        Assert.Equal(2, code);
        Assert.Contains("Engram:Vault:MasterKeys is missing", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);

        (code, _, error) = await RunAsync(database, ["rotate-keys", "--faster"], ("2", Second));
        Assert.Equal(2, code);
        Assert.Contains("Usage: rotate-keys", error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(MigratedDatabase database, string[] args, params (string Version, string Key)[] keys)
    {
        // Beside this assembly's own output: <root>/tests/Engine.PostgresTests/bin/<configuration>/<framework>/.
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var root = here.Parent!.Parent!.Parent!.Parent!.Parent!.FullName;
        var assembly = Path.Combine(root, "Worker", "bin", here.Parent!.Name, here.Name, "Engram.Worker.dll");
        var start = new ProcessStartInfo("dotnet", [assembly, .. args]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["ConnectionStrings__engram-system"] = database.System;
        foreach (var (version, key) in keys)
            start.Environment[$"Engram__Vault__MasterKeys__{version}"] = key;
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var error = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, await output, await error);
    }
}
