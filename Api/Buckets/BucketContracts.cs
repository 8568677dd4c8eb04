using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Engram.Engine.Buckets;

namespace Engram.Api.Buckets;

public sealed record CreateBucketRequest
{
    [Description("Unique within the tenant; no slashes, not in the form of an id."), StringLength(BucketName.MaxLength, MinimumLength = 1)]
    public required string Name { get; init; }

    [Description("What belongs into it."), StringLength(1000)]
    public string? Description { get; init; }
}

public sealed record DescribeBucketRequest
{
    [Description("What belongs into it; empty for nothing."), StringLength(1000)]
    public required string Description { get; init; }
}

/// <summary>A bucket. <c>bucket_name</c> repeats the name for older clients.</summary>
public sealed record BucketView(
    Guid Id, string Name, string BucketName, string? Description, DateTimeOffset CreatedAt, long MemoryCount, DateTimeOffset? LastWriteAt)
{
    public static BucketView From(Bucket bucket) =>
        new(bucket.Id, bucket.Name, bucket.Name, bucket.Description, bucket.CreatedAt, bucket.MemoryCount, bucket.LastWriteAt);
}

public sealed record BucketList(IReadOnlyList<BucketView> Buckets);

/// <summary>A bucket as a router needs it: where it is, how full, how fresh.</summary>
public sealed record RouterBucket(Guid Id, string Name, long MemoryCount, DateTimeOffset? LastWriteAt);

public sealed record RouterBucketList(IReadOnlyList<RouterBucket> Buckets);

/// <summary>A bucket in a few lines. <c>status</c> is <c>ready</c>, <c>pending</c> while it is made, or <c>not_installed</c> where none was made yet.</summary>
public sealed record ProfileView(Guid BucketId, string Status, DateTimeOffset? UpdatedAt, long NMemoriesAtGen, string Profile, string? Source)
{
    public static ProfileView From(Profile profile) =>
        new(profile.BucketId, profile.Status, profile.UpdatedAt, profile.MemoriesAtGeneration, profile.Text, profile.Source);
}
