namespace Engram.Engine.Providers.Vault;

/// <summary>A secret cannot be opened: its master key is not configured, or it was sealed for somebody or something else. For the operator's log; holds no secret.</summary>
/// <param name="message">What is missing or wrong.</param>
/// <param name="inner">Its cause.</param>
public sealed class VaultException(string message, Exception? inner = null) : Exception(message, inner);
