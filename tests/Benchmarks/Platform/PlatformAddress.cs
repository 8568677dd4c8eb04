namespace Engram.Benchmarks.Platform;

/// <summary>Where the platform under test is.</summary>
/// <param name="Api">Base address of the Api.</param>
/// <param name="Mcp">The MCP endpoint, or null if not given.</param>
/// <param name="Key">An API key.</param>
/// <param name="Postgres">Connection string for the floors that need a database, or null if not given.</param>
internal sealed record PlatformAddress(Uri Api, Uri? Mcp, string Key, string? Postgres)
{
    public const string HowToStart = "Start the platform with 'dotnet run --project AppHost -- --endpoints-file endpoints.json' and give --endpoints endpoints.json.";
}
