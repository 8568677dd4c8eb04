using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Testing;

/// <summary>The model of an AppHost, taken over by a test.</summary>
public interface IDistributedApplicationTestingBuilder : IDistributedApplicationBuilder, IAsyncDisposable
{
    Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default);
}

/// <summary>
/// Runs an AppHost in a test. The entry point of the AppHost's assembly is run until it builds its model, which is handed to the
/// test; the ports are free ones and the data folder is a temporary one unless the arguments say otherwise.
/// </summary>
public static class DistributedApplicationTestingBuilder
{
    /// <typeparam name="TEntryPoint">Any type of the AppHost's assembly, by custom <c>Projects.{AppHost}</c>.</typeparam>
    public static Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(CancellationToken cancellationToken = default)
        where TEntryPoint : class => CreateAsync<TEntryPoint>([], cancellationToken);

    public static async Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(string[] args, CancellationToken cancellationToken = default)
        where TEntryPoint : class
    {
        cancellationToken.ThrowIfCancellationRequested();
        string[] ports = args.Any(argument => Is(argument, "--ports")) ? [] : ["--ports", "auto"];
        var temporary = args.Any(argument => Is(argument, "--data")) ? null : Path.Combine(Path.GetTempPath(), $"engram-{Guid.NewGuid():n}");
        string[] data = temporary is null ? [] : ["--data", temporary];
        var capture = new AppHostCapture { Args = [.. args, .. ports, .. data], AppHost = typeof(TEntryPoint).Assembly };
        await RunEntryPointAsync(capture, args);
        return new TestingBuilder(capture.Builder!, temporary);
    }

    private static bool Is(string argument, string option) => argument == option || argument.StartsWith(option + "=", StringComparison.Ordinal);

    private static async Task RunEntryPointAsync(AppHostCapture capture, string[] args)
    {
        var entryPoint = capture.AppHost.EntryPoint
            ?? throw new DistributedApplicationException($"{capture.AppHost.GetName().Name} has no entry point: is it an AppHost?");
        AppHostCapture.Current = capture;
        try
        {
            var result = entryPoint.Invoke(null, entryPoint.GetParameters().Length == 0 ? [] : [args]);
            if (result is Task task)
            {
                await task;
            }
        }
        catch (Exception e) when ((e.InnerException ?? e) is AppHostCapture.CapturedException)
        {
        }
        finally
        {
            AppHostCapture.Current = null;
        }

        if (capture.Builder is null)
        {
            throw new DistributedApplicationException($"The entry point of {capture.AppHost.GetName().Name} ended without building an application.");
        }
    }

    private sealed class TestingBuilder(DistributedApplicationBuilder model, string? temporaryData) : IDistributedApplicationTestingBuilder
    {
        private DistributedApplication? _application;

        public ConfigurationManager Configuration => model.Configuration;

        public IHostEnvironment Environment => model.Environment;

        public string AppHostDirectory => model.AppHostDirectory;

        public ICollection<IResource> Resources => model.Resources;

        public IResourceBuilder<T> AddResource<T>(T resource)
            where T : IResource => model.AddResource(resource);

        public DistributedApplication Build() => _application ??= model.BuildForTest(temporaryData);

        public Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default) => Task.FromResult(Build());

        public async ValueTask DisposeAsync()
        {
            if (_application is not null)
            {
                await _application.DisposeAsync();
            }
        }
    }
}
