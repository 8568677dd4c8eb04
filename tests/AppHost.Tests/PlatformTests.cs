using System.Net;
using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Engram.Engine.Keys;
using Engram.LocalHost.Processes;
using Npgsql;
using Projects;

namespace Engram.AppHost.Tests;

/// <summary>The real application, from PostgreSQL to the portal.</summary>
public sealed class PlatformTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    private static readonly string[] Services = ["api", "mcp", "worker", "portal"];

    [Fact]
    public async Task The_platform_starts_healthy_and_the_hosts_sign_in_without_the_owners_rights()
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Engram_AppHost>();
        await using var app = await builder.BuildAsync();
        await app.StartAsync();
        foreach (var service in Services)
        {
            await HealthyAsync(app, service);
            using var client = app.CreateHttpClient(service);
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health")).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/alive")).StatusCode);
        }

        Assert.True(await IsBoundByRowLevelSecurityAsync(app, "engram-app"));
        Assert.False(await IsBoundByRowLevelSecurityAsync(app, "engram"), "the owner is not, or this test could not fail");
    }

    [Fact]
    public async Task The_development_key_is_well_formed_accepted_and_the_same_after_a_restart()
    {
        using var data = new TemporaryFolder();
        string key;
        using (var host = AppHostProcess.Start<Engram_AppHost>(data.Path, "--ports", "auto"))
        {
            var endpoints = await host.EndpointsAsync();
            Assert.Equal(["api", "mcp", "worker", "portal", "fake-provider", "postgres", "api_key", "operator_secret", "portal_login"], endpoints.Keys);
            Assert.EndsWith("/mcp", endpoints["mcp"], StringComparison.Ordinal);
            Assert.StartsWith(endpoints["portal"] + "/setup?token=", endpoints["portal_login"], StringComparison.Ordinal);
            key = endpoints["api_key"];
            Assert.True(ApiKeyFormat.IsWellFormed(key));
            host.Signal(StopSignal.Terminate);
            Assert.Equal(0, await host.ExitCodeAsync());
        }

        using var again = AppHostProcess.Start<Engram_AppHost>(data.Path, "--ports", "auto");
        Assert.Equal(key, (await again.EndpointsAsync())["api_key"]);
        again.Signal(StopSignal.Terminate);
        await again.ExitCodeAsync();
    }

    [Fact]
    public async Task Killing_the_AppHost_with_SIGKILL_stops_the_whole_platform_and_the_next_start_works()
    {
        using var data = new TemporaryFolder();
        using (var host = AppHostProcess.Start<Engram_AppHost>(data.Path, "--ports", "auto"))
        {
            var endpoints = await host.EndpointsAsync();
            host.Signal(StopSignal.Kill);
            await host.ExitCodeAsync();
            // A killed AppHost leaves it behind, and the next one must not be taken for ready by it.
            File.Delete(host.EndpointsFile!);
            await Eventually.TrueAsync(() => !Listens(endpoints), TimeSpan.FromMinutes(3), () => "Something still listens.");
        }

        using var again = AppHostProcess.Start<Engram_AppHost>(data.Path, "--ports", "auto");
        await again.EndpointsAsync();
        again.Signal(StopSignal.Terminate);
        Assert.Equal(0, await again.ExitCodeAsync());
    }

    private static bool Listens(Dictionary<string, string> endpoints)
    {
        var ports = Services.Select(service => new Uri(endpoints[service]).Port).Append(new NpgsqlConnectionStringBuilder(endpoints["postgres"]).Port);
        return ports.Any(port => !LocalHost.Postgres.FreePort.IsFree(port));
    }

    private static async Task HealthyAsync(DistributedApplication app, string resource)
    {
        try
        {
            await app.ResourceNotifications.WaitForResourceHealthyAsync(resource).WaitAsync(Limit);
        }
        catch (Exception e) when (e is TimeoutException or DistributedApplicationException)
        {
            Assert.Fail($"{resource} did not get healthy: {e.Message}\n{app.Output}");
        }
    }

    private static async Task<bool> IsBoundByRowLevelSecurityAsync(DistributedApplication app, string connection)
    {
        await using var database = new NpgsqlConnection(await app.GetConnectionStringAsync(connection) + ";Pooling=false");
        await database.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = current_user", database);
        return (bool)(await command.ExecuteScalarAsync())!;
    }
}
