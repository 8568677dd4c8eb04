using Engram.McpServer;
using Engram.McpServer.Transport;
using Engram.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddEngramMcp();

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapMcp();
await app.RunAsync();
