using Aspire.Hosting.ApplicationModel;
using Engram.LocalHost.Running;

namespace Aspire.Hosting;

public static class PostgresBuilderExtensions
{
    /// <summary>A PostgreSQL server with a generated password, kept as the parameter <c>{name}-password</c>.</summary>
    public static IResourceBuilder<PostgresServerResource> AddPostgres(
        this IDistributedApplicationBuilder builder,
        string name,
        IResourceBuilder<ParameterResource>? userName = null,
        IResourceBuilder<ParameterResource>? password = null,
        int? port = null)
    {
        var secret = password?.Resource
            ?? new ParameterResource($"{name}-password", ParameterValues.Of(builder).Read, secret: true) { Default = new GenerateParameterDefault { Special = false } };
        var server = new PostgresServerResource(name, userName?.Resource, secret);
        server.Annotations.Add(new EndpointAnnotation(PostgresServerResource.EndpointName, "tcp", port) { Host = "127.0.0.1" });
        return builder.AddResource(server);
    }

    public static IResourceBuilder<PostgresDatabaseResource> AddDatabase(this IResourceBuilder<PostgresServerResource> builder, string name, string? databaseName = null)
    {
        var database = new PostgresDatabaseResource(name, databaseName ?? name, builder.Resource);
        builder.Resource.DatabaseResources.Add(database);
        return builder.ApplicationBuilder.AddResource(database);
    }

    /// <summary>Mapped: there are no containers here, so the image only says in the log what stands in for it.</summary>
    public static IResourceBuilder<PostgresServerResource> WithImage(this IResourceBuilder<PostgresServerResource> builder, string image, string? tag = null) =>
        builder.WithAnnotation(new ImageAnnotation(tag is null ? image : $"{image}:{tag}"));

    /// <summary>Mapped: the data is in the data folder, under the resource's name.</summary>
    public static IResourceBuilder<PostgresServerResource> WithDataVolume(this IResourceBuilder<PostgresServerResource> builder, string? name = null, bool isReadOnly = false) =>
        isReadOnly
            ? throw new DistributedApplicationException("LocalHost runs PostgreSQL on a folder of its own, which cannot be read-only.")
            : builder.WithAnnotation(new DataVolumeAnnotation(name));
}
