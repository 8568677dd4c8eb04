namespace Engram.Engine.Buckets;

/// <summary>A bucket in a few lines.</summary>
/// <param name="BucketId">The bucket.</param>
/// <param name="Status"><c>ready</c>; <c>pending</c> while it is made, the text being the one before; <c>not_installed</c> where none was made yet.</param>
/// <param name="UpdatedAt">When it was made, or null.</param>
/// <param name="MemoriesAtGeneration">Memories the bucket had then.</param>
/// <param name="Text">The profile, one line per entity; empty where none was made.</param>
/// <param name="Source">Who made it: <c>rules</c> from the graph, <c>llm/&lt;provider&gt;/&lt;model&gt;/&lt;prompt&gt;</c>, or null.</param>
public sealed record Profile(Guid BucketId, string Status, DateTimeOffset? UpdatedAt, long MemoriesAtGeneration, string Text, string? Source);

/// <summary>A bucket's profile as an answer uses it.</summary>
/// <param name="BucketId">The bucket.</param>
/// <param name="BucketName">Its name.</param>
/// <param name="Text">The profile, not empty.</param>
/// <param name="Source">Who made it.</param>
public sealed record BucketProfile(Guid BucketId, string BucketName, string Text, string Source);
