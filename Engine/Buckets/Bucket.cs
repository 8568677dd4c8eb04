namespace Engram.Engine.Buckets;

/// <summary>A named set of memories: the unit of search, of access and of statistics.</summary>
/// <param name="Id">UUIDv7.</param>
/// <param name="Name">Unique within the tenant.</param>
/// <param name="Description">Free text, or null.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="MemoryCount">Memories stored now.</param>
/// <param name="LastWriteAt">When a memory was last stored, changed or deleted; null before the first.</param>
public sealed record Bucket(Guid Id, string Name, string? Description, DateTimeOffset CreatedAt, long MemoryCount, DateTimeOffset? LastWriteAt);
