using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Engram.ServiceDefaults.Starting;

/// <summary>Calls a host makes to itself before anybody else can.</summary>
/// <param name="services">The host's services.</param>
/// <param name="http">Goes to the host's own pipeline.</param>
/// <param name="cancellationToken">Ends it when it has taken long enough.</param>
public delegate Task Rehearsal(IServiceProvider services, HttpClient http, CancellationToken cancellationToken);

/// <summary>
/// Before the host's own server binds its sockets, another one on a loopback port that nobody was told serves the same pipeline, and the
/// host calls itself there: real requests over real sockets compile, connect and prepare what the first caller would otherwise pay for.
/// </summary>
internal sealed class RehearsingServer(IServer server, Rehearsal rehearsal, StartUp startUp, IServiceProvider services, ILoggerFactory loggers) : IServer
{
    /// <summary>A slow start is worse than a cold one.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    public IFeatureCollection Features => server.Features;

    public async Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Longest);
            await RehearseAsync(application, limit.Token);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // A cold start is slow, not wrong, and readiness has checks of its own.
            Log.NotWarmed(loggers.CreateLogger<RehearsingServer>(), e is HttpRequestException ? e.Message : e.GetType().Name);
        }

        startUp.WarmUp = Stopwatch.GetElapsedTime(started);
        await server.StartAsync(application, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => server.StopAsync(cancellationToken);

    // The container made the server and disposes it.
    public void Dispose()
    {
    }

    private async Task RehearseAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        var options = new KestrelServerOptions { ApplicationServices = services };
        options.Listen(IPAddress.Loopback, 0);
        using var stage = new KestrelServer(Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers), loggers);
        await stage.StartAsync(application, cancellationToken);
        using (var http = new HttpClient { BaseAddress = new Uri(stage.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()) })
            await rehearsal(services, http, cancellationToken);
        await stage.StopAsync(cancellationToken);
    }
}
