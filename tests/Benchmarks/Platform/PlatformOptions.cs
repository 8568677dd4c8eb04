using System.CommandLine;
using System.Text.Json;

namespace Engram.Benchmarks.Platform;

/// <summary>The options every subcommand that needs a running platform shares. A single option overrides the endpoints file.</summary>
internal sealed class PlatformOptions
{
    private readonly Option<FileInfo?> _endpoints = new("--endpoints") { Description = "File written by 'dotnet run --project AppHost -- --endpoints-file PATH'" };
    private readonly Option<Uri?> _api = AddressOption.Create("--api", "Address of the Api");
    private readonly Option<Uri?> _mcp = AddressOption.Create("--mcp", "Address of the MCP server");
    private readonly Option<string?> _key = new("--key") { Description = "API key (default: the environment variable ENGRAM_API_KEY)" };
    private readonly Option<string?> _postgres = new("--postgres") { Description = "Connection string of a PostgreSQL on the same machine, for the floors" };
    private readonly Command _command;

    public PlatformOptions(Command command, bool withFloors = false)
    {
        _command = command;
        command.Add(_endpoints);
        command.Add(_api);
        command.Add(_key);
        if (!withFloors)
            return;
        command.Add(_mcp);
        command.Add(_postgres);
    }

    /// <exception cref="BenchmarkException">Something is missing or the file cannot be used.</exception>
    public PlatformAddress Resolve(ParseResult result)
    {
        var floors = _command.Options.Contains(_mcp);
        var api = result.GetValue(_api);
        var mcp = floors ? result.GetValue(_mcp) : null;
        var key = result.GetValue(_key) ?? Environment.GetEnvironmentVariable("ENGRAM_API_KEY");
        var postgres = floors ? result.GetValue(_postgres) : null;
        if (result.GetValue(_endpoints) is { } file)
        {
            using var document = Read(file);
            var root = document.RootElement;
            api ??= Address(root, "api", file);
            mcp ??= Address(root, "mcp", file);
            key ??= Text(root, "api_key");
            postgres ??= Text(root, "postgres");
        }

        if (api is null || string.IsNullOrEmpty(key))
            throw new BenchmarkException($"{(api is null ? "--api" : "--key")} is missing. {PlatformAddress.HowToStart}");
        if (mcp is not null && mcp.AbsolutePath == "/")
            mcp = new Uri(mcp, "/mcp");
        return new PlatformAddress(api, mcp, key, postgres);
    }

    /// <summary>Where the endpoints file says the fake provider is, or null.</summary>
    public static Uri? FakeProviderIn(FileInfo file)
    {
        using var document = Read(file);
        return Address(document.RootElement, "fake-provider", file);
    }

    /// <summary>Names and ports of what the endpoints file lists, or of what was given one by one.</summary>
    public IReadOnlyList<(string Name, int Port)> Ports(ParseResult result)
    {
        var address = Resolve(result);
        List<(string Name, int Port)> ports = [("api", address.Api.Port)];
        if (address.Mcp is not null)
            ports.Add(("mcp", address.Mcp.Port));
        if (result.GetValue(_endpoints) is { } file)
        {
            using var document = Read(file);
            ports.AddRange(new[] { "worker", "portal", "fake-provider" }.Select(name => (name, Address(document.RootElement, name, file))).Where(p => p.Item2 is not null).Select(p => (p.name, p.Item2!.Port)));
        }

        if (address.Postgres is not null)
            ports.Add(("postgres", new Npgsql.NpgsqlConnectionStringBuilder(address.Postgres).Port));
        return ports;
    }

    /// <summary>Where the fake provider is, if the platform has one.</summary>
    public Uri? FakeProvider(ParseResult result) => result.GetValue(_endpoints) is { } file ? FakeProviderIn(file) : null;

    private static JsonDocument Read(FileInfo file)
    {
        try
        {
            return JsonDocument.Parse(File.ReadAllBytes(file.FullName));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new BenchmarkException($"The endpoints file '{file}' cannot be read: {e.Message} {PlatformAddress.HowToStart}", e);
        }
    }

    private static Uri? Address(JsonElement root, string name, FileInfo file)
    {
        if (Text(root, name) is not { } text)
            return null;
        return Uri.TryCreate(text, UriKind.Absolute, out var address)
            ? address
            : throw new BenchmarkException($"'{name}' in the endpoints file '{file}' is not an address.");
    }

    private static string? Text(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
