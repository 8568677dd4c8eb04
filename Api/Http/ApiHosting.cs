using Engram.Api.Auth;
using Engram.ServiceDefaults;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Engram.Api.Http;

/// <summary>What the HTTP layer needs of the host.</summary>
internal static class ApiHosting
{
    public static WebApplicationBuilder AddHttpLayer(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<LimitOptions>().BindConfiguration("Engram:Limits").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<OperatorOptions>().BindConfiguration("Engram:Operator").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<OidcOptions>().BindConfiguration("Engram:Oidc").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddHttpClient(nameof(IdTokens), client => client.Timeout = TimeSpan.FromSeconds(10)).RemoveAllLoggers();
        builder.Services.AddSingleton<IdTokens>();
        builder.Services.AddSingleton<SignInLimit>();
        builder.Services.AddSingleton<IConfigureOptions<KestrelServerOptions>>(services => new ConfigureOptions<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = services.GetRequiredService<IOptions<LimitOptions>>().Value.BodyBytes;
        }));
        // Thrown and caught by the request frame, which says what is wrong; the default only sets the status.
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.ConfigureHttpJsonOptions(options =>
            ApiJson.Configure(options.SerializerOptions).TypeInfoResolverChain.Insert(0, ApiJson.Wire));
        builder.AddRehearsal(ApiRehearsal.RunAsync);
        builder.Services.AddOpenApi(ApiDocument.Name, ApiDocument.Configure);
        return builder;
    }
}
