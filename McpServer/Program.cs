using Engram.McpServer;
using Engram.McpServer.Stdio;
using Engram.McpServer.Transport;
using Engram.ServiceDefaults;

if (args.Contains(StdioCommand.Switch))
{
    return await StdioCommand.RunAsync();
}

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddEngramMcp();

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapMcp();
await app.RunAsync();
return 0;
