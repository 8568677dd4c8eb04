using Npgsql;

namespace Engram.Engine.Latency;

/// <summary>What is added up over records that are right-shaped answers: enough for every number of a window, and mergeable.</summary>
internal sealed class RollupSums
{
    /// <summary>The bucket a statement groups by beside its own columns: the values of one bucket come as one row.</summary>
    /// <param name="bounds">The parameter that holds <see cref="DurationSketch.Bounds"/>.</param>
    public static string BucketOf(string bounds) => $"width_bucket(o.duration_us, {bounds}) - 1";

    /// <summary>What it selects behind the bucket, for <see cref="AddBucket"/>.</summary>
    public static string Columns { get; } =
        "count(*), sum(o.duration_us)::bigint, coalesce(sum(o.duration_us) filter (where o.hop_us is not null), 0)::bigint, array["
        + string.Join(", ", Enumerable.Range(1, HopNames.Count).Select(i => $"coalesce(sum(o.hop_us[{i}]), 0)::bigint")) + "]";

    public DurationSketch Sketch { get; } = new();

    public long TotalUs { get; private set; }

    /// <summary><see cref="TotalUs"/> of the records that have hops.</summary>
    public long HopTotalUs { get; private set; }

    public long[] HopUs { get; } = new long[HopNames.Count];

    /// <summary>Adds the values of one bucket: the bucket and then <see cref="Columns"/>, from column <paramref name="at"/> on.</summary>
    public void AddBucket(NpgsqlDataReader reader, int at)
    {
        Sketch.AddToBucket(reader.GetInt32(at), reader.GetInt64(at + 1));
        AddSums(reader.GetInt64(at + 2), reader.GetInt64(at + 3), reader.GetFieldValue<long[]>(at + 4));
    }

    public void Add(DurationSketch sketch, long totalUs, long hopTotalUs, long[] hopUs)
    {
        Sketch.Merge(sketch);
        AddSums(totalUs, hopTotalUs, hopUs);
    }

    public void Add(RollupSums other) => Add(other.Sketch, other.TotalUs, other.HopTotalUs, other.HopUs);

    private void AddSums(long totalUs, long hopTotalUs, long[] hopUs)
    {
        TotalUs += totalUs;
        HopTotalUs += hopTotalUs;
        // A roll-up written before a kind of hop was there has fewer.
        for (var i = 0; i < Math.Min(hopUs.Length, HopUs.Length); i++)
            HopUs[i] += hopUs[i];
    }
}
