using System.Security.Cryptography;

namespace Engram.Engine.Providers.Vault;

/// <summary>
/// AES-256-GCM with a random nonce: format byte, nonce (12), ciphertext, tag (16). Random nonces are safe up to 2^32 seals under one key
/// (NIST SP 800-38D, 8.3); a data key seals a handful.
/// </summary>
internal static class SealedBytes
{
    private const byte Format = 1;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    public const int Overhead = 1 + NonceBytes + TagBytes;

    public static byte[] Seal(byte[] key, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> associated)
    {
        var bytes = new byte[Overhead + plain.Length];
        bytes[0] = Format;
        var nonce = bytes.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(nonce, plain, bytes.AsSpan(1 + NonceBytes, plain.Length), bytes.AsSpan(bytes.Length - TagBytes), associated);
        return bytes;
    }

    /// <exception cref="CryptographicException">Not sealed by this key with this associated data, or changed since.</exception>
    public static byte[] Open(byte[] key, byte[] bytes, ReadOnlySpan<byte> associated)
    {
        if (bytes.Length < Overhead || bytes[0] != Format)
            throw new CryptographicException("Not a sealed value of a known format.");
        var plain = new byte[bytes.Length - Overhead];
        using var aes = new AesGcm(key, TagBytes);
        aes.Decrypt(
            bytes.AsSpan(1, NonceBytes), bytes.AsSpan(1 + NonceBytes, plain.Length), bytes.AsSpan(bytes.Length - TagBytes), plain, associated);
        return plain;
    }
}
