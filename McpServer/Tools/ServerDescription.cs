using System.Reflection;
using Microsoft.Extensions.Options;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Engram.McpServer.Tools;

/// <summary>What this server says of itself, and the handlers behind it.</summary>
internal sealed class ServerDescription(ToolCatalogue tools) : IConfigureOptions<McpServerOptions>
{
    private const string Instructions =
        "Engram is long-term memory shared by every conversation of this account. Before answering anything that may depend on what the " +
        "user said earlier (preferences, people, plans, decisions), call search_memories, or query_memory for a ready answer with " +
        "citations. When the user states something worth knowing later, call store_memory with one self-contained sentence per fact. " +
        "Memories live in buckets; use \"default\" unless the user names another.";

    public void Configure(McpServerOptions options)
    {
        options.ServerInfo = new Implementation
        {
            Name = "engram",
            Title = "Engram memory",
            Version = typeof(ServerDescription).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0],
        };
        options.ServerInstructions = Instructions;
        options.Capabilities = new ServerCapabilities { Tools = new ToolsCapability() };
        options.Handlers.ListToolsHandler = tools.ListAsync;
        options.Handlers.CallToolHandler = tools.CallAsync;
        // Tools take what they need from their constructors; a service scope per call would be paid for nothing.
        options.ScopeRequests = false;
    }
}
