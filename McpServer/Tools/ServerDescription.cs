using System.Reflection;
using Engram.McpServer.Prompts;
using Engram.McpServer.Resources;
using Microsoft.Extensions.Options;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Engram.McpServer.Tools;

/// <summary>What this server says of itself, and the handlers behind it.</summary>
internal sealed class ServerDescription(
    ToolCatalogue tools, MemoryResources resources, ResourceSubscriptions subscriptions, MemoryPrompts prompts, ArgumentCompletions completions) : IConfigureOptions<McpServerOptions>
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
        options.Capabilities = new ServerCapabilities
        {
            Tools = new ToolsCapability(),
            Resources = new ResourcesCapability { Subscribe = true },
            Prompts = new PromptsCapability(),
            Completions = new CompletionsCapability(),
        };
        options.Handlers.ListToolsHandler = tools.ListAsync;
        options.Handlers.CallToolHandler = tools.CallAsync;
        options.Handlers.ListResourcesHandler = resources.ListAsync;
        options.Handlers.ListResourceTemplatesHandler = MemoryResources.ListTemplatesAsync;
        options.Handlers.ReadResourceHandler = resources.ReadAsync;
        options.Handlers.SubscribeToResourcesHandler = subscriptions.SubscribeAsync;
        options.Handlers.UnsubscribeFromResourcesHandler = subscriptions.UnsubscribeAsync;
        options.Handlers.SubscriptionsListenHandler = subscriptions.ListenAsync;
        options.Handlers.ListPromptsHandler = MemoryPrompts.ListAsync;
        options.Handlers.GetPromptHandler = prompts.GetAsync;
        options.Handlers.CompleteHandler = completions.CompleteAsync;
        // Tools take what they need from their constructors; a service scope per call would be paid for nothing.
        options.ScopeRequests = false;
    }
}
