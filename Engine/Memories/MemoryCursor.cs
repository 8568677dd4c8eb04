using System.Buffers.Binary;
using System.Buffers.Text;

namespace Engram.Engine.Memories;

/// <summary>Where a page ended: the created_at and id of its last memory, so that writes between two pages move nothing.</summary>
internal static class MemoryCursor
{
    private const int Length = 24;

    public static string After(Memory memory)
    {
        Span<byte> bytes = stackalloc byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(bytes, memory.CreatedAt.UtcTicks);
        memory.Id.TryWriteBytes(bytes[8..]);
        return Base64Url.EncodeToString(bytes);
    }

    public static (DateTimeOffset CreatedAt, Guid Id)? Parse(string? cursor)
    {
        if (string.IsNullOrEmpty(cursor))
            return null;
        Span<byte> bytes = stackalloc byte[Length];
        if (cursor.Length > 2 * Length || !Base64Url.IsValid(cursor) || !Base64Url.TryDecodeFromChars(cursor, bytes, out var written) || written != Length)
            throw EngramException.Invalid("cursor", "cursor is not one that a list returned as 'next'.");
        var ticks = BinaryPrimitives.ReadInt64BigEndian(bytes);
        if (ticks < 0 || ticks > DateTimeOffset.MaxValue.Ticks)
            throw EngramException.Invalid("cursor", "cursor is not one that a list returned as 'next'.");
        return (new DateTimeOffset(ticks, TimeSpan.Zero), new Guid(bytes[8..]));
    }
}
