using Engram.Engine.Latency;

namespace Engram.Api.Http;

/// <summary>Metadata: the route's latency class. Routes without it are reads.</summary>
internal sealed record OperationClass(OpClass Class);

internal static class OperationClassExtensions
{
    public static TBuilder WithOperationClass<TBuilder>(this TBuilder builder, OpClass opClass)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new OperationClass(opClass));
}
