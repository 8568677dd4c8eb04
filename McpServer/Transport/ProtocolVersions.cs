namespace Engram.McpServer.Transport;

/// <summary>The protocol revisions served, and which of the two kinds of client each one belongs to.</summary>
internal static class ProtocolVersions
{
    /// <summary>No handshake, no session: every request carries its own metadata.</summary>
    public const string PerRequest = "2026-07-28";

    /// <summary>Clients that send <c>initialize</c> first, oldest revision first.</summary>
    public static readonly string[] Handshake = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

    public static readonly string[] WithoutHandshake = [PerRequest];

    public static readonly string[] All = [.. Handshake, PerRequest];

    public static bool IsSupported(string version) => Array.IndexOf(All, version) >= 0;

    public static bool IsPerRequest(string? version) => version == PerRequest;
}
