using Engram.Engine.Keys;

namespace Engram.McpServer.Auth;

/// <summary>What a request was let in with.</summary>
/// <param name="Caller">Who calls.</param>
/// <param name="TokenExpiresAt">When the access token ends; null for an API key, which is not exchanged for one with more scopes either.</param>
internal sealed record Credential(Principal Caller, DateTimeOffset? TokenExpiresAt)
{
    /// <summary>The key or token itself, to look at again while a stream is open. Not public: a record prints what is.</summary>
    internal string Presented { get; init; } = "";
}
