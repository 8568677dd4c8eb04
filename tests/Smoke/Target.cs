using System.Text.Json;

namespace Engram.Smoke;

/// <summary>The deployment that is looked at.</summary>
/// <param name="Api">Address of the Api.</param>
/// <param name="AdminKey">A key with <c>account:admin</c>: the timings are kept in its tenant, and without an operator's secret the smoke works in it.</param>
internal sealed record Target(Uri Api, string AdminKey)
{
    private const string HowToStart = "Start one with: dotnet run --project AppHost -- --endpoints-file FILE, and give the file with --endpoints.";

    public Uri? Mcp { get; init; }

    public Uri? Portal { get; init; }

    public Uri? Worker { get; init; }

    public Uri? FakeProvider { get; init; }

    /// <summary>Makes the smoke's own tenants; without it there are none, and checks that need one are skipped.</summary>
    public string? OperatorSecret { get; init; }

    /// <summary>Single options go before the endpoints file, the file before the environment.</summary>
    /// <exception cref="SmokeException">Something is missing or cannot be used.</exception>
    public static Target Resolve(FileInfo? endpoints, Func<string, string?> option)
    {
        using var document = endpoints is null ? null : Read(endpoints);
        var api = Address("api") ?? throw new SmokeException($"--api is missing. {HowToStart}");
        var key = Value("admin-key", "api_key", "ENGRAM_API_KEY") ?? throw new SmokeException($"--admin-key is missing (or ENGRAM_API_KEY). {HowToStart}");
        var mcp = Address("mcp");
        return new Target(api, key)
        {
            Mcp = mcp is { AbsolutePath: "/" } ? new Uri(mcp, "/mcp") : mcp,
            Portal = Address("portal"),
            Worker = Address("worker"),
            FakeProvider = Address("fake-provider"),
            OperatorSecret = Value("operator-secret", "operator_secret", "ENGRAM_OPERATOR_SECRET"),
        };

        string? Value(string name, string inFile, string? variable) =>
            option(name) ?? InFile(inFile) ?? (variable is null ? null : Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null);

        string? InFile(string name) =>
            document?.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty(name, out var value) ? value.GetString() : null;

        Uri? Address(string name)
        {
            if (Value(name, name, null) is not { } text)
                return null;
            return Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
                ? address
                : throw new SmokeException($"--{name} takes an address such as http://localhost:5180, not '{text}'.");
        }
    }

    private static JsonDocument Read(FileInfo file)
    {
        try
        {
            return JsonDocument.Parse(File.ReadAllBytes(file.FullName));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new SmokeException($"The endpoints file '{file}' cannot be read: {e.Message} {HowToStart}", e);
        }
    }
}
