using Engram.AppHost;
using Microsoft.Extensions.Hosting;

var builder = DistributedApplication.CreateBuilder(args);

// Generated at the first start and kept. Letters and digits only, since they become parts of connection strings and links.
var secret = new GenerateParameterDefault { MinLength = 40, Special = false };
var hmacSecret = builder.AddParameter("keys-hmac-secret", secret, secret: true, persist: true);
var masterKey = builder.AddParameter("vault-master-key", new MasterKeyDefault(), secret: true, persist: true);
var appPassword = builder.AddParameter("app-db-password", secret, secret: true, persist: true);
var systemPassword = builder.AddParameter("system-db-password", secret, secret: true, persist: true);
var setupToken = builder.AddParameter("portal-setup-token", secret, secret: true, persist: true);
var operatorSecret = builder.AddParameter("operator-secret", secret, secret: true, persist: true);
var devKey = builder.AddParameter("dev-api-key", new ApiKeyDefault(), secret: true, persist: true);

var postgres = builder.AddPostgres("postgres").WithImage("pgvector/pgvector", "pg17").WithDataVolume();
var database = postgres.AddDatabase("engram");

// Only `migrate` is the owner; the hosts sign in with roles that row level security binds.
var host = postgres.Resource.PrimaryEndpoint.Property(EndpointProperty.Host);
var port = postgres.Resource.PrimaryEndpoint.Property(EndpointProperty.Port);
var app = builder.AddConnectionString("engram-app",
    ReferenceExpression.Create($"Host={host};Port={port};Database=engram;Username=engram_app;Password={appPassword}"));
var system = builder.AddConnectionString("engram-system",
    ReferenceExpression.Create($"Host={host};Port={port};Database=engram;Username=engram_system;Password={systemPassword}"));

var migrate = builder.AddProject<Projects.Engram_Worker>("migrate", options => options.ExcludeLaunchProfile = true)
    .WithArgs("migrate")
    .WithReference(database).WaitFor(database)
    .WithEnvironment("Engram__Keys__HmacSecret", hmacSecret)
    .WithEnvironment("Engram__Database__AppPassword", appPassword)
    .WithEnvironment("Engram__Database__SystemPassword", systemPassword)
    .WithEnvironment("Engram__Bootstrap__ApiKey", devKey)
    .WithEnvironment("Engram__Bootstrap__PortalSetupToken", setupToken);

var api = OnTheDatabase(builder.AddProject<Projects.Engram_Api>("api"))
    .WithEnvironment("Engram__Operator__Secret", operatorSecret);
// Address and environment stand here, since for launch settings `dotnet run` writes a line to standard output, where the stdio bridge speaks the protocol.
var mcp = OnTheDatabase(builder.AddProject<Projects.Engram_McpServer>("mcp").WithHttpEndpoint(port: 5181).WithEnvironment("ASPNETCORE_ENVIRONMENT", "Development"));
var worker = OnTheDatabase(builder.AddProject<Projects.Engram_Worker>("worker").WithArgs("run"));
mcp.WithUrl($"{mcp.GetEndpoint("http")}/mcp", "mcp");

var portal = builder.AddProject<Projects.Engram_Portal>("portal")
    .WithReference(api).WithReference(mcp).WithReference(worker)
    .WaitForCompletion(migrate)
    .WithExternalHttpEndpoints()
    .WithHttpHealthCheck("/health");
portal.WithUrl($"{portal.GetEndpoint("http")}/setup?token={setupToken}", "login");

if (builder.Environment.IsDevelopment())
{
    // A tenant's own provider can be tried without any account (docs/providers.md).
    var fakeProvider = builder.AddProject<Projects.Engram_FakeProvider>("fake-provider").WithHttpHealthCheck("/health");
    foreach (var caller in new[] { api, mcp, worker })
        caller.WithEnvironment("Engram__Providers__AllowedHosts__0", $"{fakeProvider.GetEndpoint("http").Property(EndpointProperty.HostAndPort)}");
}

builder.Build().Run();

IResourceBuilder<ProjectResource> OnTheDatabase(IResourceBuilder<ProjectResource> project) => project
    .WithReference(app).WithReference(system)
    .WithEnvironment("Engram__Keys__HmacSecret", hmacSecret)
    .WithEnvironment("Engram__Vault__MasterKeys__1", masterKey)
    .WaitForCompletion(migrate)
    .WithHttpHealthCheck("/health");
