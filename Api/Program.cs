using Engram.Api.Account;
using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine;
using Engram.Engine.Database;
using Engram.Engine.Keys;
using Engram.ServiceDefaults;

var builder = WebApplication.CreateSlimBuilder(args);
builder.AddServiceDefaults();
builder.AddKeyedNpgsqlDataSource(TenantDb.ConnectionName);
builder.AddKeyedNpgsqlDataSource(SystemDb.ConnectionName);
builder.Services.AddEngramEngine();
builder.Services.AddEngramKeys();
builder.AddHttpLayer();

var app = builder.Build();
app.UseRequestFrame();
app.UseRouting();
app.UseKeyAuthentication();
app.MapDefaultEndpoints();

var api = app.MapGroup("").WithRouteFilter();
api.MapPortalAccounts();
api.MapKeys();
await app.RunAsync();
