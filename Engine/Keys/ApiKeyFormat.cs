using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Engram.Engine.Keys;

/// <summary>
/// The text form of an API key: <c>eng_live_</c>, 43 base62 characters carrying 256 random bits, 6 base62 checksum characters. The token
/// of a portal session has the same form and starts with <c>eng_sess_</c>, so that a leaked one is told from a key at a glance.
/// </summary>
/// <remarks>
/// The checksum is CRC-32C (Castagnoli) over the 52 characters before it. It finds every typing error that touches up to four adjacent
/// characters, so a mistyped or truncated key is refused without a look at the database, and a secret scanner can tell a key from
/// noise. It is no security measure: the 256 bits are. This file depends on nothing else of Engine, because the app model, which
/// cannot reference Engine, compiles it too in order to generate the first key.
/// </remarks>
public static class ApiKeyFormat
{
    /// <summary>What every key starts with.</summary>
    public const string Prefix = "eng_live_";

    /// <summary>What the token of a portal session starts with.</summary>
    public const string SessionPrefix = "eng_sess_";

    /// <summary>Length of a whole key: prefix, secret and checksum.</summary>
    public const int Length = 58;

    private const int SecretBytes = 32;
    private const int SecretLength = 43;
    private const int ChecksumLength = 6;
    private const int DisplayedSecretLength = 6;
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>Makes a new key from 256 bits of the system's cryptographic random source.</summary>
    public static string Generate() => Generate(Prefix);

    /// <summary>Makes the token of a new portal session.</summary>
    public static string GenerateSession() => Generate(SessionPrefix);

    /// <summary>Tells whether <paramref name="key"/> has a known prefix, the length, only base62 characters and a right checksum.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> key)
    {
        if (key.Length != Length)
            return false;
        if (!key.StartsWith(Prefix, StringComparison.Ordinal) && !key.StartsWith(SessionPrefix, StringComparison.Ordinal))
            return false;
        foreach (var c in key[Prefix.Length..])
        {
            if (!char.IsAsciiLetterOrDigit(c))
                return false;
        }

        Span<char> expected = stackalloc char[ChecksumLength];
        WriteChecksum(key[..^ChecksumLength], expected);
        return key[^ChecksumLength..].SequenceEqual(expected);
    }

    /// <summary>
    /// The start of a key that may be shown and stored in the clear (<c>eng_live_</c> and up to six characters), so that its owner can
    /// tell keys apart. It gives away at most 36 of the 256 bits.
    /// </summary>
    public static string DisplayPrefix(ReadOnlySpan<char> key) =>
        new(key[..Math.Min(key.Length, Prefix.Length + DisplayedSecretLength)]);

    internal static string Encode(ReadOnlySpan<byte> secret, string prefix = Prefix)
    {
        Span<char> key = stackalloc char[Length];
        prefix.CopyTo(key);
        WriteBase62(new BigInteger(secret, isUnsigned: true), key.Slice(Prefix.Length, SecretLength));
        WriteChecksum(key[..^ChecksumLength], key[^ChecksumLength..]);
        return new string(key);
    }

    private static string Generate(string prefix)
    {
        Span<byte> secret = stackalloc byte[SecretBytes];
        RandomNumberGenerator.Fill(secret);
        var key = Encode(secret, prefix);
        CryptographicOperations.ZeroMemory(secret);
        return key;
    }

    private static void WriteChecksum(ReadOnlySpan<char> covered, Span<char> destination)
    {
        Span<byte> bytes = stackalloc byte[Length];
        var count = Encoding.ASCII.GetBytes(covered, bytes);
        var crc = uint.MaxValue;
        foreach (var b in bytes[..count])
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        WriteBase62(~crc, destination);
    }

    private static void WriteBase62(BigInteger value, Span<char> destination)
    {
        for (var i = destination.Length - 1; i >= 0; i--)
        {
            value = BigInteger.DivRem(value, 62, out var digit);
            destination[i] = Alphabet[(int)digit];
        }
    }

    private static void WriteBase62(uint value, Span<char> destination)
    {
        for (var i = destination.Length - 1; i >= 0; i--)
        {
            destination[i] = Alphabet[(int)(value % 62)];
            value /= 62;
        }
    }
}
