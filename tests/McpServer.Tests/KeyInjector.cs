using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Engram.McpServer.Tests;

/// <summary>Adds the key to every request, for peers that cannot send one.</summary>
internal sealed class KeyInjector(string key) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, following) =>
        {
            context.Request.Headers.Authorization = $"Bearer {key}";
            return following(context);
        });
        next(app);
    };
}
