using Engram.Engine;
using Engram.Engine.Database;
using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Engram.Engine.Usage;
using Engram.McpServer.Prompts;
using Engram.McpServer.Resources;
using Engram.McpServer.Tools;
using Engram.McpServer.Transport;
using Engram.ServiceDefaults;

namespace Engram.McpServer;

/// <summary>Registers what this host adds to the engine: the endpoint and the tools, in the order in which they are listed.</summary>
internal static class EngramMcp
{
    public static WebApplicationBuilder AddEngramMcp(this WebApplicationBuilder builder)
    {
        // The SDK logs message bodies at Trace and one line a message at Information; neither belongs in this server's log.
        builder.Logging.AddFilter("ModelContextProtocol", LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.AddKeyedNpgsqlDataSource(TenantDb.ConnectionName, keepsNoSessionState: true);
        builder.AddKeyedNpgsqlDataSource(SystemDb.ConnectionName);
        builder.Services.AddEngramEngine().AddEngramKeys().AddEngramUsage().AddEngramLatency();
        builder.Services.AddSingleton<BucketArguments>();
        builder.Services.AddSingleton<KeptPages>();
        builder.Services.AddSingleton<MemoryResources>();
        builder.Services.AddSingleton<ResourceSubscriptions>();
        builder.Services.AddHostedService<ChangeWatcher>();
        builder.Services.AddSingleton<MemoryPrompts>();
        builder.Services.AddSingleton<ArgumentCompletions>();
        builder.Services.AddSingleton<EngramTool, StoreMemoryTool>();
        builder.Services.AddSingleton<EngramTool, QueryMemoryTool>();
        builder.Services.AddSingleton<EngramTool, SearchMemoriesTool>();
        builder.Services.AddSingleton<EngramTool, ListMemoriesTool>();
        builder.Services.AddSingleton<EngramTool, ListBucketsTool>();
        builder.Services.AddSingleton<EngramTool, GetMemoryTool>();
        builder.Services.AddSingleton<EngramTool, UpdateMemoryTool>();
        builder.Services.AddSingleton<EngramTool, DeleteMemoryTool>();
        builder.Services.AddSingleton<EngramTool, ClearMemoriesTool>();
        builder.Services.AddSingleton<EngramTool, GetProfileTool>();
        if (builder.Configuration.GetValue<bool>($"{McpTransportOptions.Section}:{nameof(McpTransportOptions.BenchmarkNoOpTool)}"))
        {
            builder.Services.AddSingleton<EngramTool, NoOpTool>();
        }

        builder.Services.AddMcpEndpoint();
        builder.AddRehearsal(McpRehearsal.RunAsync);
        return builder;
    }
}
