using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Engram.Engine.Providers.Vault;

/// <summary>A tenant's data key as it is stored.</summary>
/// <param name="Version">Which of the tenant's data keys, 1 and up.</param>
/// <param name="MasterVersion">The master key it is wrapped under.</param>
/// <param name="Wrapped">The wrapped key.</param>
internal sealed record WrappedDataKey(int Version, int MasterVersion, byte[] Wrapped);

/// <summary>A tenant's data key in the open. Wiped when disposed.</summary>
internal sealed class DataKey(int version, byte[] bytes) : IDisposable
{
    public int Version { get; } = version;

    public byte[] Bytes { get; } = bytes;

    public void Dispose() => CryptographicOperations.ZeroMemory(Bytes);
}

/// <summary>
/// Envelope encryption of the tenants' provider keys: master key (configuration) wraps data key (one a tenant) seals provider key. Each seal is
/// bound to what it is for by its associated data: a data key to its tenant, version and master version, a provider key to tenant,
/// connection and provider. Moved anywhere else it does not open.
/// </summary>
internal sealed class KeyVault(MasterKeys masters)
{
    private static ReadOnlySpan<byte> DataKeyPurpose => "engram data key\0"u8;

    private static ReadOnlySpan<byte> ProviderKeyPurpose => "engram provider key\0"u8;

    public int CurrentMasterVersion => masters.CurrentVersion;

    public WrappedDataKey NewDataKey(Tenant tenant, int version, out DataKey key)
    {
        key = new DataKey(version, RandomNumberGenerator.GetBytes(MasterKeys.KeyBytes));
        return Wrap(tenant, key);
    }

    /// <exception cref="VaultException">The master key is not configured, or the data key is not this tenant's.</exception>
    public DataKey Unwrap(Tenant tenant, WrappedDataKey wrapped)
    {
        var master = masters.Get(wrapped.MasterVersion);
        try
        {
            return new DataKey(wrapped.Version, SealedBytes.Open(master, wrapped.Wrapped, ForDataKey(tenant, wrapped.Version, wrapped.MasterVersion)));
        }
        catch (CryptographicException e)
        {
            throw new VaultException(
                $"Data key {wrapped.Version} of tenant {tenant.Id} does not open under master key version {wrapped.MasterVersion}: "
                + "either that version is another key than it was, or the row was changed.", e);
        }
    }

    /// <summary>The same data key under the current master key.</summary>
    public WrappedDataKey Rewrap(Tenant tenant, WrappedDataKey wrapped)
    {
        using var key = Unwrap(tenant, wrapped);
        return Wrap(tenant, key);
    }

    public static byte[] Seal(DataKey key, Tenant tenant, Guid connectionId, string provider, string secret)
    {
        var plain = Encoding.UTF8.GetBytes(secret);
        try
        {
            return SealedBytes.Seal(key.Bytes, plain, ForProviderKey(tenant, connectionId, provider));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <exception cref="VaultException">Sealed for another tenant, connection or provider, or changed since.</exception>
    public static string Open(DataKey key, Tenant tenant, Guid connectionId, string provider, byte[] sealedSecret)
    {
        try
        {
            var plain = SealedBytes.Open(key.Bytes, sealedSecret, ForProviderKey(tenant, connectionId, provider));
            var secret = Encoding.UTF8.GetString(plain);
            CryptographicOperations.ZeroMemory(plain);
            return secret;
        }
        catch (CryptographicException e)
        {
            throw new VaultException($"The key of connection {connectionId} of tenant {tenant.Id} does not open: it was sealed for something else, or changed.", e);
        }
    }

    private WrappedDataKey Wrap(Tenant tenant, DataKey key)
    {
        var master = masters.CurrentVersion;
        return new WrappedDataKey(key.Version, master, SealedBytes.Seal(masters.Get(master), key.Bytes, ForDataKey(tenant, key.Version, master)));
    }

    private static byte[] ForDataKey(Tenant tenant, int version, int masterVersion)
    {
        var purpose = DataKeyPurpose;
        var bytes = new byte[purpose.Length + 24];
        purpose.CopyTo(bytes);
        WriteGuid(bytes.AsSpan(purpose.Length), tenant.Id);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(purpose.Length + 16), version);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(purpose.Length + 20), masterVersion);
        return bytes;
    }

    /// <summary>Parts of fixed length first, the one text last: no two inputs give the same bytes.</summary>
    private static byte[] ForProviderKey(Tenant tenant, Guid connectionId, string provider)
    {
        var purpose = ProviderKeyPurpose;
        var bytes = new byte[purpose.Length + 32 + Encoding.UTF8.GetByteCount(provider)];
        purpose.CopyTo(bytes);
        WriteGuid(bytes.AsSpan(purpose.Length), tenant.Id);
        WriteGuid(bytes.AsSpan(purpose.Length + 16), connectionId);
        Encoding.UTF8.GetBytes(provider, bytes.AsSpan(purpose.Length + 32));
        return bytes;
    }

    private static void WriteGuid(Span<byte> target, Guid id) => id.TryWriteBytes(target, bigEndian: true, out _);
}
