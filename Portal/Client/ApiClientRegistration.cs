namespace Engram.Portal.Client;

internal static class ApiClientRegistration
{
    private const string ClientName = "engram-api";

    public static void AddEngramApiClient(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ServiceAddresses>();
        builder.Services.AddScoped<SessionToken>();
        // Without the factory's own loggers: they write whole addresses, and a search is in one.
        builder.Services.AddHttpClient(ClientName, (services, http) =>
        {
            http.BaseAddress = services.GetRequiredService<ServiceAddresses>().Api
                ?? throw new InvalidOperationException("services:api:http:0 must be the address of the Api.");
            // Each call sets its own limit: a model may take half a minute, a read may not.
            http.Timeout = Timeout.InfiniteTimeSpan;
        }).RemoveAllLoggers();
        // Not a typed client of the factory: its handlers live in a scope of their own and could not see whose circuit it is.
        builder.Services.AddScoped(services => new EngramApiClient(
            services.GetRequiredService<IHttpClientFactory>().CreateClient(ClientName),
            services.GetRequiredService<SessionToken>(),
            services.GetRequiredService<ILogger<EngramApiClient>>()));
    }
}
