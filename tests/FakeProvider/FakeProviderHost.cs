using Engram.FakeProvider.Wire;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Engram.FakeProvider;

/// <summary>
/// A model provider without a model. It speaks the wire formats of OpenAI, Azure OpenAI and Anthropic, answers by rule, and fails in the way the model's name
/// says (<see cref="Script"/>), so that everything a tenant's own provider can do to the platform can be tried without an account.
/// </summary>
public sealed class FakeProviderHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeProviderHost(WebApplication app) => (_app, Root) = (app, new Uri(app.Urls.Single()));

    /// <summary>The base address of the Anthropic wire.</summary>
    public Uri Root { get; }

    /// <summary>The base address of the OpenAI wire.</summary>
    public Uri OpenAi => new(Root, "v1");

    /// <summary>What it was asked so far.</summary>
    public RequestLog Requests => _app.Services.GetRequiredService<RequestLog>();

    /// <summary>Starts one in this process, on a free loopback port.</summary>
    public static async Task<FakeProviderHost> StartAsync(CancellationToken cancellationToken = default)
    {
        var app = Build(["--urls", "http://127.0.0.1:0", "--Logging:LogLevel:Default", "None"]);
        await app.StartAsync(cancellationToken);
        return new FakeProviderHost(app);
    }

    public async ValueTask DisposeAsync()
    {
        // What hangs on purpose must not hold up the end of a test.
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    internal static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        // A flush waits until the system has it all: an abort throws away what is still to be sent, and then the cut is not in the middle of a reply.
        builder.WebHost.UseSockets(options => options.MaxWriteBufferSize = 1);
        builder.Services.AddSingleton<RequestLog>();
        var app = builder.Build();
        app.MapGet("/health", () => "healthy");
        app.MapGet("/", () => "A fake model provider. OpenAI wire: /v1, Anthropic wire: /. Any key will do; the model's name says what happens (docs/providers.md).");
        app.MapGet("/requests", (RequestLog log) => Json.Result(log.Summary()));
        app.MapModels();
        app.MapOpenAi();
        app.MapAnthropic();
        return app;
    }
}
