using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Engram.Portal.Tests.StandIn;

/// <summary>
/// A server that speaks the Api's wire contract over real HTTP from memory, so that the portal's tests can also make it
/// refuse, fail and disappear on purpose. That the real Api speaks the same is tested with the real platform.
/// </summary>
public sealed class StandInApi : IAsyncDisposable
{
    public const string SetupToken = "setup-token-of-the-test";
    public const string FirstKey = "eng_live_FirstKeyFirstKeyFirstKeyFirstKeyFirstKeyFi000001";
    public const string Email = "ada@example.test";
    public const string Password = "correct horse battery";
    private readonly WebApplication app;

    private StandInApi(WebApplication app, StandInTenant tenant)
    {
        this.app = app;
        Tenant = tenant;
    }

    public StandInTenant Tenant { get; }

    public string Address => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<StandInApi> StartAsync(bool isSetUp = true, string urls = "http://127.0.0.1:0")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.PropertyNamingPolicy = System.Text.Json.JsonNamingPolicy.SnakeCaseLower);
        var app = builder.Build();
        app.Urls.Add(urls);
        var tenant = new StandInTenant { IsSetUp = isSetUp };
        app.Use((context, next) => AnswerAsync(tenant, context, next));
        StandInRoutes.Map(app, tenant);
        await app.StartAsync();
        return new StandInApi(app, tenant);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static async Task AnswerAsync(StandInTenant tenant, HttpContext context, RequestDelegate next)
    {
        context.Response.Headers["X-Request-Id"] = "req-" + Guid.CreateVersion7().ToString("N")[..12];
        var path = context.Request.Path.Value!;
        tenant.Requests.Enqueue($"{context.Request.Method} {path}{context.Request.QueryString}");
        if (tenant.FailWith is { } fault && path.Contains(fault.Path, StringComparison.Ordinal))
        {
            await StandInRoutes.Problem(fault.Status, fault.Code, fault.Detail).ExecuteAsync(context);
            return;
        }
        await Task.Delay(tenant.Slowness);
        var isOpen = path is "/health" or "/public/latency" or "/account/portal/setup" or "/account/portal/accept" or "/account/portal/sign-in" or "/account/portal/sign-in/oidc";
        var bearer = context.Request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal);
        if (!isOpen && !tenant.Sessions.ContainsKey(bearer))
        {
            await StandInRoutes.Problem(401, "unauthenticated", "The session is unknown or has ended.").ExecuteAsync(context);
            return;
        }
        await next(context);
    }
}

/// <summary>What the stand-in remembers; tests look into it and change it.</summary>
public sealed class StandInTenant
{
    public bool IsSetUp { get; set; }

    /// <summary>How long every answer takes.</summary>
    public TimeSpan Slowness { get; set; }

    public string Name { get; set; } = "Test tenant";

    public string Role { get; set; } = "owner";

    public string? LastIdToken { get; set; }

    public string? LastInvitationToken { get; set; }

    public (string Path, int Status, string Code, string Detail)? FailWith { get; set; }

    public ConcurrentDictionary<string, string> Sessions { get; } = new();

    public ConcurrentQueue<string> Requests { get; } = new();

    public List<StandInBucket> Buckets { get; } = [new("default", "Where memories go when nobody says where")];

    public List<StandInKey> Keys { get; } = [new("dev", ["memories:read", "memories:write", "memories:delete", "buckets:admin", "usage:read", "account:admin"])];

    public List<StandInOperation> Operations { get; } = [];

    public List<StandInProvider> Providers { get; } = [];

    public List<StandInJob> Jobs { get; } = [];

    public List<StandInFault> Faults { get; } = [];

    public List<StandInAudit> Audit { get; } = [];

    public StandInBucket? Bucket(string name) => Buckets.Find(bucket => bucket.Name == name);
}

public sealed class StandInBucket(string name, string? description)
{
    public string Id { get; } = Guid.CreateVersion7().ToString();

    public string Name { get; } = name;

    public string? Description { get; set; } = description;

    public DateTimeOffset CreatedAt { get; } = DateTimeOffset.UtcNow.AddDays(-3);

    public List<StandInMemory> Memories { get; } = [];
}

public sealed class StandInMemory(string content)
{
    public string Id { get; } = Guid.CreateVersion7().ToString();

    public string Content { get; set; } = content;

    public string Status { get; init; } = "stored";

    public string? UserId { get; init; }

    public string[] Categories { get; set; } = [];

    public DateTimeOffset CreatedAt { get; init; } = DateTimeOffset.UtcNow;

    public List<object> Triples { get; } = [];

    public List<object> History { get; } = [];
}

public sealed class StandInKey(string name, string[] scopes)
{
    public string Id { get; } = Guid.CreateVersion7().ToString();

    public string Name { get; } = name;

    public string[] Scopes { get; } = scopes;

    public string[]? Buckets { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; set; }

    public string Prefix => "eng_live_" + Id[^4..];
}
