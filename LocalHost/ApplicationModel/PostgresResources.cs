using Npgsql;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A PostgreSQL server: a given one, an installed one or the private copy, never a container.</summary>
public sealed class PostgresServerResource : Resource, IResourceWithConnectionString, IResourceWithEndpoints, IResourceWithWaitSupport
{
    internal const string EndpointName = "tcp";

    public PostgresServerResource(string name, ParameterResource? userName, ParameterResource password)
        : base(name)
    {
        UserNameParameter = userName;
        PasswordParameter = password;
        PrimaryEndpoint = new EndpointReference(this, EndpointName);
    }

    public ParameterResource? UserNameParameter { get; }

    public ParameterResource PasswordParameter { get; }

    public EndpointReference PrimaryEndpoint { get; }

    public EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);

    public EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);

    /// <summary>Set when the user gave a server instead of having one started.</summary>
    internal string? GivenConnectionString { get; set; }

    internal List<PostgresDatabaseResource> DatabaseResources { get; } = [];

    public ReferenceExpression ConnectionStringExpression => GivenConnectionString is { } given
        ? ReferenceExpression.Create($"{given}")
        : ReferenceExpression.Create($"Host={Host};Port={Port};Username={UserName};Password={PasswordParameter}");

    private UserNameOrDefault UserName => new(UserNameParameter);

    /// <summary>The user name parameter or Aspire's default, <c>postgres</c>.</summary>
    private readonly record struct UserNameOrDefault(ParameterResource? Parameter) : IValueProvider, IManifestExpressionProvider
    {
        public string ValueExpression => Parameter?.ValueExpression ?? "postgres";

        public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) =>
            Parameter?.GetValueAsync(cancellationToken) ?? ValueTask.FromResult<string?>("postgres");
    }
}

/// <summary>A database on the server, made when the server is ready.</summary>
public sealed class PostgresDatabaseResource(string name, string databaseName, PostgresServerResource parent) : Resource(name), IResourceWithConnectionString, IResourceWithWaitSupport
{
    public PostgresServerResource Parent { get; } = parent;

    public string DatabaseName { get; } = databaseName;

    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{new WithDatabase(Parent, DatabaseName)}");

    /// <summary>A given server's connection string may name a database already.</summary>
    private sealed record WithDatabase(PostgresServerResource Server, string Database) : IValueProvider, IManifestExpressionProvider
    {
        public string ValueExpression => $"{{{Server.Name}.connectionString}};Database={Database}";

        public async ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
        {
            var server = await Server.ConnectionStringExpression.GetValueAsync(cancellationToken);
            return Server.GivenConnectionString is null
                ? $"{server};Database={Database}"
                : new NpgsqlConnectionStringBuilder(server) { Database = Database }.ConnectionString;
        }
    }
}
