using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Engram.ServiceDefaults;

/// <summary>Data sources by connection name, configured with the keys of Aspire's Npgsql integration.</summary>
public static class NpgsqlDataSources
{
    /// <summary>
    /// Registers a keyed <see cref="NpgsqlDataSource"/> and its health check. Settings come from <c>Aspire:Npgsql</c>, then
    /// <c>Aspire:Npgsql:{name}</c>, then <c>ConnectionStrings:{name}</c>.
    /// </summary>
    /// <param name="builder">The host.</param>
    /// <param name="name">Of the connection string.</param>
    /// <param name="keepsNoSessionState">
    /// Nothing that goes through these connections outlives its transaction, so they go back into the pool as they are. The reset is half a
    /// dozen statements parsed anew with every use: half of what PostgreSQL does for a small read.
    /// </param>
    public static TBuilder AddKeyedNpgsqlDataSource<TBuilder>(this TBuilder builder, string name, bool keepsNoSessionState = false)
        where TBuilder : IHostApplicationBuilder
    {
        var settings = new NpgsqlSettings();
        builder.Configuration.GetSection("Aspire:Npgsql").Bind(settings);
        builder.Configuration.GetSection($"Aspire:Npgsql:{name}").Bind(settings);
        if (builder.Configuration.GetConnectionString(name) is { Length: > 0 } connectionString)
            settings.ConnectionString = connectionString;

        builder.Services.AddKeyedSingleton(name, (services, _) => Create(name, settings, keepsNoSessionState, services.GetRequiredService<ILoggerFactory>()));
        if (!settings.DisableHealthChecks)
        {
            builder.Services.AddHealthChecks().Add(new(
                $"PostgreSql_{name}",
                services => new NpgsqlHealthCheck(services.GetRequiredKeyedService<NpgsqlDataSource>(name)),
                failureStatus: null,
                tags: null,
                timeout: TimeSpan.FromSeconds(5)));
        }

        return builder;
    }

    private const int NpgsqlDefaultPoolSize = 100;

    private static NpgsqlDataSource Create(string name, NpgsqlSettings settings, bool keepsNoSessionState, ILoggerFactory loggers)
    {
        if (string.IsNullOrWhiteSpace(settings.ConnectionString))
        {
            throw new InvalidOperationException(
                $"No connection string: set ConnectionStrings:{name} or Aspire:Npgsql:{name}:ConnectionString (as environment: ConnectionStrings__{name}).");
        }

        var connection = new NpgsqlConnectionStringBuilder(settings.ConnectionString);
        connection.SearchPath ??= "engram,public";
        connection.ApplicationName ??= $"engram {name}";
        // Every statement is a constant, so each is parsed and planned once a connection.
        if (connection.MaxAutoPrepare == 0)
            connection.MaxAutoPrepare = 200;
        connection.AutoPrepareMinUsages = 2;
        connection.NoResetOnClose |= keepsNoSessionState;
        // Statements are written so that one plan serves every value (what needs literals has them); planning the larger ones costs milliseconds,
        // and by default each connection would plan each statement five times before it keeps a plan.
        connection.Options ??= "-c plan_cache_mode=force_generic_plan";
        // The pool hands idle connections out in turn: a few warm ones beat many that rarely see the same statement twice. But there must be more
        // than the lanes of heavy work can hold at once (four for a query, one for a store), or reads would wait for queries here.
        if (connection.MaxPoolSize == NpgsqlDefaultPoolSize)
            connection.MaxPoolSize = Math.Clamp(8 * Environment.ProcessorCount, 16, 96);
        var builder = new NpgsqlDataSourceBuilder(connection.ConnectionString) { Name = name };
        builder.UseLoggerFactory(loggers);
        return builder.Build();
    }

    private sealed class NpgsqlSettings
    {
        public string? ConnectionString { get; set; }

        public bool DisableHealthChecks { get; set; }
    }
}
