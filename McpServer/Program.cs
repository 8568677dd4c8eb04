using Engram.Engine;
using Engram.Engine.Database;
using Engram.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddKeyedNpgsqlDataSource(TenantDb.ConnectionName);
builder.AddKeyedNpgsqlDataSource(SystemDb.ConnectionName);
builder.Services.AddEngramEngine();

var app = builder.Build();
app.MapDefaultEndpoints();
await app.RunAsync();
