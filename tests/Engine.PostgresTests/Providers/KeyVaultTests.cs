using Engram.Engine.Providers.Vault;
using Microsoft.Extensions.Options;

namespace Engram.Engine.PostgresTests.Providers;

public sealed class KeyVaultTests : IDisposable
{
    private const string Secret = "sk-canary-0123456789abcdef";

    private static readonly Tenant Mine = new(Guid.CreateVersion7());
    private static readonly Tenant Other = new(Guid.CreateVersion7());
    private static readonly Guid Connection = Guid.CreateVersion7();

    private readonly string _file = Path.Combine(Path.GetTempPath(), $"engram-keys-{Guid.NewGuid():N}");

    [Fact]
    public void A_sealed_key_opens_only_for_its_own_tenant_connection_and_provider()
    {
        var vault = Vault(("1", Key(1)));
        vault.NewDataKey(Mine, 1, out var dataKey);
        var bytes = KeyVault.Seal(dataKey, Mine, Connection, "openai", Secret);

        Assert.Equal(Secret, KeyVault.Open(dataKey, Mine, Connection, "openai", bytes));
        Assert.Throws<VaultException>(() => KeyVault.Open(dataKey, Other, Connection, "openai", bytes));
        Assert.Throws<VaultException>(() => KeyVault.Open(dataKey, Mine, Connection, "anthropic", bytes));
        Assert.Throws<VaultException>(() => KeyVault.Open(dataKey, Mine, Guid.CreateVersion7(), "openai", bytes));
        vault.NewDataKey(Mine, 2, out var another);
        Assert.Throws<VaultException>(() => KeyVault.Open(another, Mine, Connection, "openai", bytes));
    }

    [Fact]
    public void No_byte_of_a_sealed_key_can_be_changed_or_cut_off()
    {
        var vault = Vault(("1", Key(1)));
        vault.NewDataKey(Mine, 1, out var dataKey);
        var bytes = KeyVault.Seal(dataKey, Mine, Connection, "openai", Secret);
        for (var i = 0; i < bytes.Length; i++)
        {
            var changed = bytes.ToArray();
            changed[i] ^= 1;
            Assert.Throws<VaultException>(() => KeyVault.Open(dataKey, Mine, Connection, "openai", changed));
            Assert.Throws<VaultException>(() => KeyVault.Open(dataKey, Mine, Connection, "openai", bytes[..i]));
        }
    }

    [Fact]
    public void The_same_key_sealed_twice_is_not_the_same_ciphertext()
    {
        var vault = Vault(("1", Key(1)));
        vault.NewDataKey(Mine, 1, out var dataKey);
        Assert.NotEqual(KeyVault.Seal(dataKey, Mine, Connection, "openai", Secret), KeyVault.Seal(dataKey, Mine, Connection, "openai", Secret));
    }

    [Fact]
    public void A_data_key_opens_only_for_its_own_tenant_version_and_master_key()
    {
        var vault = Vault(("1", Key(1)));
        var wrapped = vault.NewDataKey(Mine, 1, out var dataKey);

        Assert.Equal(dataKey.Bytes, vault.Unwrap(Mine, wrapped).Bytes);
        Assert.Throws<VaultException>(() => vault.Unwrap(Other, wrapped));
        Assert.Throws<VaultException>(() => vault.Unwrap(Mine, wrapped with { Version = 2 }));
        Assert.Throws<VaultException>(() => Vault(("1", Key(9))).Unwrap(Mine, wrapped));
        var missing = Assert.Throws<VaultException>(() => Vault(("2", Key(2))).Unwrap(Mine, wrapped));
        Assert.Contains("Engram:Vault:MasterKeys:1", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_data_key_wrapped_anew_is_the_same_under_the_new_master_key_alone()
    {
        var wrapped = Vault(("1", Key(1))).NewDataKey(Mine, 1, out var dataKey);
        var rewrapped = Vault(("1", Key(1)), ("2", Key(2))).Rewrap(Mine, wrapped);

        Assert.Equal(2, rewrapped.MasterVersion);
        Assert.Equal(dataKey.Bytes, Vault(("2", Key(2))).Unwrap(Mine, rewrapped).Bytes);
    }

    [Fact]
    public void A_version_that_appears_in_the_key_file_later_needs_no_restart()
    {
        File.WriteAllText(_file, $"# the deployment's keys\n1:{Key(1)}\n");
        var vault = new KeyVault(new MasterKeys(Options.Create(new VaultOptions { KeyFile = _file })));
        File.AppendAllText(_file, $"2:{Key(2)}\n");
        var wrapped = Vault(("2", Key(2))).NewDataKey(Mine, 1, out var dataKey);

        Assert.Equal(dataKey.Bytes, vault.Unwrap(Mine, wrapped).Bytes);
    }

    [Theory]
    [InlineData(null, null, null, "Engram:Vault:MasterKeys is missing")]
    [InlineData("1", "c2hvcnQ=", null, "Engram:Vault:MasterKeys:1 is no master key")]
    [InlineData("1", "not base64 at all, and long enough to be one of those", null, "Engram:Vault:MasterKeys:1 is no master key")]
    [InlineData("one", "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=", null, "Engram:Vault:MasterKeys:one has no version")]
    [InlineData("1", "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=", 2, "Engram:Vault:CurrentVersion is 2")]
    public void A_wrong_setting_is_named_and_its_value_is_not(string? version, string? key, int? current, string message)
    {
        var options = new VaultOptions { CurrentVersion = current };
        if (version is not null)
            options.MasterKeys[version] = key!;
        var failure = new VaultOptionsValidation().Validate(null, options).FailureMessage;

        Assert.Contains(message, failure, StringComparison.Ordinal);
        if (key is not null)
            Assert.DoesNotContain(key, failure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_key_file_is_named_with_its_line()
    {
        Assert.Contains("cannot be read", Failure(), StringComparison.Ordinal);
        File.WriteAllText(_file, $"1:{Key(1)}\n\n2:{Key(2)[..20]}\n");
        Assert.Contains("line 3 is no master key", Failure(), StringComparison.Ordinal);
        File.WriteAllText(_file, $"1:{Key(1)}\n1:{Key(2)}\n");
        Assert.Contains("line 2 is another key than the version 1", Failure(), StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_file);

    internal static string Key(byte seed) => Convert.ToBase64String([.. Enumerable.Range(seed, MasterKeys.KeyBytes).Select(i => (byte)i)]);

    internal static KeyVault Vault(params (string Version, string Key)[] keys)
    {
        var options = new VaultOptions();
        foreach (var (version, key) in keys)
            options.MasterKeys[version] = key;
        return new KeyVault(new MasterKeys(Options.Create(options)));
    }

    private string Failure() => new VaultOptionsValidation().Validate(null, new VaultOptions { KeyFile = _file }).FailureMessage!;
}
