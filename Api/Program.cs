using Engram.Api.Account;
using Engram.Api.Auth;
using Engram.Api.Buckets;
using Engram.Api.Http;
using Engram.Api.Memories;
using Engram.Api.Recall;
using Engram.Engine;
using Engram.Engine.Database;
using Engram.Engine.Keys;
using Engram.Engine.Usage;
using Engram.ServiceDefaults;

var builder = WebApplication.CreateSlimBuilder(args);
builder.AddServiceDefaults();
builder.AddKeyedNpgsqlDataSource(TenantDb.ConnectionName);
builder.AddKeyedNpgsqlDataSource(SystemDb.ConnectionName);
builder.Services.AddEngramEngine().AddEngramKeys().AddEngramUsage();
builder.AddHttpLayer();

var app = builder.Build();
app.UseRequestFrame();
app.UseRouting();
app.UseKeyAuthentication();
app.MapDefaultEndpoints();
app.MapOpenApi();

var api = app.MapGroup("").WithRouteFilter().WithCommonProblems();
api.MapBuckets();
api.MapMemories();
api.MapQuery();
api.MapPlanUsage();
api.MapJobs();
api.MapKeys();
api.MapProviders();
api.MapModels();
api.MapLedgers();
api.MapBudgets();
api.MapPortalAccounts();
await app.RunAsync();
