using System.Diagnostics.CodeAnalysis;

namespace Engram.McpServer.Resources;

/// <summary>The address of one memory (<c>memory://bucket/id</c>) or of a bucket's profile (<c>profile://bucket</c>), names percent-encoded.</summary>
/// <param name="Bucket">Name of the bucket.</param>
/// <param name="MemoryId">The memory; null for the profile.</param>
internal sealed record ResourceAddress(string Bucket, Guid? MemoryId)
{
    public const string MemoryTemplate = "memory://{bucket}/{id}";

    public const string ProfileTemplate = "profile://{bucket}";

    private const string Memory = "memory://";

    private const string Profile = "profile://";

    public static bool TryParse(string? uri, [NotNullWhen(true)] out ResourceAddress? address)
    {
        address = null;
        if (uri is null)
        {
            return false;
        }

        // By hand: System.Uri lower-cases what it takes for a host, and bucket names are case-sensitive.
        if (uri.StartsWith(Profile, StringComparison.Ordinal))
        {
            var name = uri[Profile.Length..].TrimEnd('/');
            address = name.Length > 0 && !name.Contains('/') ? new ResourceAddress(Uri.UnescapeDataString(name), null) : null;
        }
        else if (uri.StartsWith(Memory, StringComparison.Ordinal))
        {
            var parts = uri[Memory.Length..].Split('/');
            address = parts.Length == 2 && parts[0].Length > 0 && Guid.TryParseExact(parts[1], "D", out var id)
                ? new ResourceAddress(Uri.UnescapeDataString(parts[0]), id)
                : null;
        }

        return address is not null;
    }

    public override string ToString() => MemoryId is { } id
        ? $"{Memory}{Uri.EscapeDataString(Bucket)}/{id}"
        : $"{Profile}{Uri.EscapeDataString(Bucket)}";
}
