using Engram.Engine.Keys;

namespace Engram.Api.Auth;

/// <summary>Metadata: the route needs a key, with this scope. <see cref="Scopes.None"/> means any key.</summary>
internal sealed record RequiredScope(Scopes Scope)
{
    /// <summary>The scope's name on the wire; empty for none.</summary>
    public string Name { get; } = Scope == Scopes.None ? "" : ScopeNames.Of(Scope)[0];
}

/// <summary>Sets what a route asks of a key.</summary>
internal static class RequiredScopeExtensions
{
    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, Scopes scope)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new RequiredScope(scope));

    public static TBuilder RequireKey<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.RequireScope(Scopes.None);
}
