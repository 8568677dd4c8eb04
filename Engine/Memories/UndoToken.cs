using System.Buffers.Binary;
using System.Buffers.Text;

namespace Engram.Engine.Memories;

/// <summary>What a receipt carries to take its store back. It gives no access by itself: the caller's key is checked as for a delete.</summary>
internal static class UndoToken
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    private const int Length = 24;

    public static string For(Guid memoryId, DateTimeOffset storedAt)
    {
        Span<byte> bytes = stackalloc byte[Length];
        memoryId.TryWriteBytes(bytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes[16..], storedAt.ToUnixTimeMilliseconds());
        return Base64Url.EncodeToString(bytes);
    }

    public static bool TryRead(string token, out Guid memoryId, out DateTimeOffset storedAt)
    {
        (memoryId, storedAt) = (default, default);
        Span<byte> bytes = stackalloc byte[Length];
        if (token.Length > 2 * Length || !Base64Url.IsValid(token) || !Base64Url.TryDecodeFromChars(token, bytes, out var written) || written != Length)
            return false;
        var milliseconds = BinaryPrimitives.ReadInt64BigEndian(bytes[16..]);
        if (milliseconds is < 0 or > 253_402_300_799_999)
            return false;
        (memoryId, storedAt) = (new Guid(bytes[..16]), DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));
        return true;
    }
}
