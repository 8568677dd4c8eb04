using Aspire.Hosting.ApplicationModel;
using Engram.LocalHost.Running;

namespace Aspire.Hosting;

public static class ParameterResourceBuilderExtensions
{
    /// <summary>A parameter that must be configured: <c>Parameters:{name}</c>.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, bool secret = false) =>
        builder.AddResource(new ParameterResource(name, ParameterValues.Of(builder).Read, secret));

    /// <summary>A parameter with a default. A generated default is kept in the data folder, so that it is the same after a restart.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, ParameterDefault value, bool secret = false, bool persist = false)
    {
        // Aspire keeps a generated value when asked to; here it is kept always, since the database outlives the run in any case.
        _ = persist;
        return builder.AddResource(new ParameterResource(name, ParameterValues.Of(builder).Read, secret) { Default = value });
    }

    public static IResourceBuilder<ConnectionStringResource> AddConnectionString(
        this IDistributedApplicationBuilder builder, string name, ReferenceExpression connectionStringExpression) =>
        builder.AddResource(new ConnectionStringResource(name, connectionStringExpression));
}
