using Engram.Engine.Keys;

namespace Engram.McpServer.Auth;

/// <summary>What a request was let in with.</summary>
/// <param name="Caller">Who calls.</param>
/// <param name="TokenExpiresAt">When the access token ends; null for an API key, which is not exchanged for one with more scopes either.</param>
internal sealed record Credential(Principal Caller, DateTimeOffset? TokenExpiresAt);
