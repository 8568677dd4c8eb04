using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Engram.LocalHost;
using Engram.LocalHost.Processes;
using Engram.LocalHost.Running;

namespace Aspire.Hosting;

/// <summary>An application model that can be run.</summary>
public sealed class DistributedApplication : IAsyncDisposable
{
    private readonly DistributedApplicationBuilder _model;
    private readonly ApplicationRunner _runner;
    private readonly ResourceConsole _console;

    internal DistributedApplication(DistributedApplicationBuilder model, TextWriter output)
    {
        _model = model;
        _console = new ResourceConsole(output, [.. model.Resources.Where(ApplicationRunner.Runs).Select(resource => resource.Name)]);
        _runner = new ApplicationRunner(model, ResourceNotifications, _console);
    }

    public ResourceNotificationService ResourceNotifications { get; } = new();

    internal IReadOnlyCollection<IResource> Resources => [.. _model.Resources];

    /// <summary>Everything the resources and the host have said so far, when a test runs the application.</summary>
    internal string Output => _console.ToString();

    /// <summary>A data folder that goes with the application.</summary>
    internal string? TemporaryData { get; init; }

    public static IDistributedApplicationBuilder CreateBuilder(string[] args)
    {
        if (AppHostCapture.Current is { } capture)
        {
            return new DistributedApplicationBuilder(capture.Args, capture.AppHost) { Capture = capture };
        }

        try
        {
            var builder = new DistributedApplicationBuilder(args, Assembly.GetEntryAssembly());
            if (builder.Options.Help)
            {
                Console.WriteLine(HostOptions.Usage);
                Environment.Exit(0);
            }

            return builder;
        }
        catch (LocalHostException e)
        {
            Console.Error.WriteLine(e.Message);
            Environment.Exit(2);
            throw;
        }
    }

    public void Run() => RunAsync().GetAwaiter().GetResult();

    /// <summary>Runs until Ctrl-C, SIGTERM, SIGHUP or cancellation, then stops every resource. A failed start sets the exit code 1.</summary>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        using var stop = new StopSignals(() => _console.Host("stopping (Ctrl-C again to stop at once)"), cancellationToken);
        try
        {
            await StartAsync(stop.Token);
            var orphaned = ParentWatch.WhenGoneAsync(stop.Token);
            await await Task.WhenAny(_runner.WhenStartedAsync(stop.Token), orphaned);
            await orphaned;
            _console.Host("`dotnet run` is gone, stopping");
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
        }
        catch (Exception e) when (e is LocalHostException or DistributedApplicationException)
        {
            _console.Error(e.Message);
            Environment.ExitCode = 1;
        }
        finally
        {
            await StopAsync(CancellationToken.None);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken = default) => _runner.StartAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken = default) => _runner.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _runner.Dispose();
        if (TemporaryData is not null && Directory.Exists(TemporaryData))
        {
            Directory.Delete(TemporaryData, recursive: true);
        }
    }
}
