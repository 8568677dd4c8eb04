using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Keys;

/// <summary>HMAC-SHA256 of keys and tokens under the deployment's secret: what the database holds instead of them.</summary>
/// <param name="options">The secret.</param>
public sealed class KeyHasher(IOptions<KeyOptions> options)
{
    /// <summary>The longest text that is hashed. Longer ones are refused before they get here.</summary>
    internal const int MaxLength = 256;

    private readonly byte[] _secret = Encoding.UTF8.GetBytes(options.Value.HmacSecret);

    /// <summary>The 32 bytes stored for <paramref name="key"/>.</summary>
    public byte[] Hash(string key) => Digest(key).ToArray();

    internal KeyDigest Digest(ReadOnlySpan<char> key)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(key.Length, MaxLength);
        Span<byte> utf8 = stackalloc byte[MaxLength * 3];
        var length = Encoding.UTF8.GetBytes(key, utf8);
        KeyDigest digest = default;
        HMACSHA256.HashData(_secret, utf8[..length], digest.AsSpan());
        return digest;
    }
}

/// <summary>A 32-byte HMAC as a value: the caches are keyed by it, never by the text of a key.</summary>
[InlineArray(Size)]
internal struct KeyDigest : IEquatable<KeyDigest>
{
    public const int Size = 32;

    private byte _first;

    public static KeyDigest From(ReadOnlySpan<byte> bytes)
    {
        KeyDigest digest = default;
        bytes[..Size].CopyTo(digest.AsSpan());
        return digest;
    }

    [UnscopedRef]
    public Span<byte> AsSpan() => MemoryMarshal.CreateSpan(ref _first, Size);

    [UnscopedRef]
    public readonly ReadOnlySpan<byte> AsReadOnlySpan() => MemoryMarshal.CreateReadOnlySpan(in _first, Size);

    public readonly byte[] ToArray() => AsReadOnlySpan().ToArray();

    public readonly bool Equals(KeyDigest other) => CryptographicOperations.FixedTimeEquals(AsReadOnlySpan(), other.AsReadOnlySpan());

    public override readonly bool Equals(object? obj) => obj is KeyDigest other && Equals(other);

    // An HMAC's bytes are evenly spread already.
    public override readonly int GetHashCode() => MemoryMarshal.Read<int>(AsReadOnlySpan());
}
