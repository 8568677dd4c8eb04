namespace Engram.Engine;

/// <summary>The tenant an operation belongs to. Passed as the first argument of everything that touches tenant rows, never ambient.</summary>
/// <param name="Id">The tenant's id.</param>
public readonly record struct Tenant(Guid Id);
