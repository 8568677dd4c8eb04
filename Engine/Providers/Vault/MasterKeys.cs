using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Providers.Vault;

/// <summary>The deployment's master keys, by version.</summary>
internal sealed class MasterKeys
{
    public const int KeyBytes = 32;

    private const string HowTo = "32 random bytes in base64 (openssl rand -base64 32)";

    private readonly Lock _gate = new();
    private readonly VaultOptions _options;
    private Dictionary<int, byte[]> _keys;

    public MasterKeys(IOptions<VaultOptions> options)
    {
        _options = options.Value;
        var (keys, error) = Read(_options);
        _keys = error is null ? keys : throw new OptionsValidationException(nameof(VaultOptions), typeof(VaultOptions), [error]);
        CurrentVersion = _options.CurrentVersion ?? keys.Keys.Max();
    }

    /// <summary>The version new data keys are wrapped under.</summary>
    public int CurrentVersion { get; }

    /// <exception cref="VaultException">There is no such version here.</exception>
    public byte[] Get(int version)
    {
        lock (_gate)
        {
            if (!_keys.ContainsKey(version) && _options.KeyFile is not null && Read(_options) is { Error: null } again)
                _keys = again.Keys;
            return _keys.GetValueOrDefault(version)
                ?? throw new VaultException($"Master key version {version} is not configured: set Engram:Vault:MasterKeys:{version}, or add it to Engram:Vault:KeyFile.");
        }
    }

    /// <summary>Reads every key there is; or says what is wrong, naming the setting and never a key.</summary>
    public static (Dictionary<int, byte[]> Keys, string? Error) Read(VaultOptions options)
    {
        var keys = new Dictionary<int, byte[]>();
        foreach (var (version, text) in options.MasterKeys)
        {
            if (Add(keys, version, text) is { } wrong)
                return (keys, $"Engram:Vault:MasterKeys:{version} {wrong}");
        }

        if (options.KeyFile is { } file && ReadFile(keys, file) is { } error)
            return (keys, error);
        if (keys.Count == 0)
        {
            return (keys, $"Engram:Vault:MasterKeys is missing: the keys that protect the tenants' provider keys. Set Engram:Vault:MasterKeys:1 to {HowTo}, "
                + "or Engram:Vault:KeyFile to a file with lines 'version:key'.");
        }

        return options.CurrentVersion is { } current && !keys.ContainsKey(current)
            ? (keys, $"Engram:Vault:CurrentVersion is {current}, but there is no master key of that version; there are: {string.Join(", ", keys.Keys.Order())}.")
            : (keys, null);
    }

    private static string? ReadFile(Dictionary<int, byte[]> keys, string file)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return $"Engram:Vault:KeyFile '{file}' cannot be read: {e.Message}";
        }

        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].Trim();
            if (line.Length == 0 || line[0] == '#')
                continue;
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var wrong = colon < 0 ? "is not 'version:key'." : Add(keys, line[..colon], line[(colon + 1)..]);
            if (wrong is not null)
                return $"Engram:Vault:KeyFile '{file}': line {i + 1} {wrong}";
        }

        return null;
    }

    private static string? Add(Dictionary<int, byte[]> keys, string version, string? text)
    {
        if (!int.TryParse(version.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
            return "has no version: versions are 1, 2, 3 ...";
        var key = new byte[KeyBytes + 1];
        if (!Convert.TryFromBase64String(text?.Trim() ?? "", key, out var length) || length != KeyBytes)
            return $"is no master key: it must be {HowTo}.";
        if (keys.TryGetValue(number, out var there) && !CryptographicOperations.FixedTimeEquals(there, key.AsSpan(0, KeyBytes)))
            return $"is another key than the version {number} given elsewhere.";
        keys[number] = key[..KeyBytes];
        return null;
    }
}

/// <summary>Refuses a host's start with the setting that is wrong.</summary>
internal sealed class VaultOptionsValidation : IValidateOptions<VaultOptions>
{
    public ValidateOptionsResult Validate(string? name, VaultOptions options) =>
        MasterKeys.Read(options).Error is { } error ? ValidateOptionsResult.Fail(error) : ValidateOptionsResult.Success;
}
