
namespace Engram.Engine.Latency;

/// <summary>
/// A distribution of durations in a few hundred bytes, whose quantiles are within <see cref="RelativeError"/> of the exact ones and which can be
/// merged without losing that: the merge of sketches is the sketch of all their values. It is DDSketch (C. Masson, J. E. Rim, H. K. Lee: "DDSketch:
/// A fast and fully-mergeable quantile sketch with relative-error guarantees", PVLDB 12(12), 2019). A value x falls into the bucket
/// i = ceil(log_γ x) with γ = (1 + α) / (1 − α), that is γ^(i−1) &lt; x ≤ γ^i, and 2γ^i / (γ + 1) is within α of every value of that bucket.
/// No buckets are collapsed: a duration up to the cutoff has no more than some 860 of them, and few are ever used.
/// </summary>
/// <remarks>Values are whole microseconds, 0 or more; zeros are counted apart. Not safe for concurrent use.</remarks>
public sealed class DurationSketch
{
    /// <summary>α: the largest relative error of a quantile.</summary>
    public const double RelativeError = 0.01;

    private const byte Version = 1;
    private const double Gamma = (1 + RelativeError) / (1 - RelativeError);

    private static readonly double LogGamma = Math.Log(Gamma);

    private readonly SortedDictionary<int, long> _buckets = [];
    private long _zeros;

    /// <summary>
    /// The least value of every bucket up to the cutoff's, from bucket 0. With it a database finds a value's bucket itself
    /// (<c>width_bucket(x, bounds) - 1</c>) and never differs from <see cref="Add(long, long)"/>.
    /// </summary>
    internal static long[] Bounds { get; } = MakeBounds();

    /// <summary>How many values are in it.</summary>
    public long Count { get; private set; }

    /// <summary>Puts a value in.</summary>
    /// <param name="microseconds">The value, 0 or more.</param>
    /// <param name="times">How often, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them is less.</exception>
    public void Add(long microseconds, long times = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(microseconds);
        AddToBucket(microseconds == 0 ? -1 : BucketOf(microseconds), times);
    }

    /// <summary>Puts another's values in.</summary>
    /// <param name="other">It stays as it is.</param>
    public void Merge(DurationSketch other)
    {
        ArgumentNullException.ThrowIfNull(other);
        _zeros += other._zeros;
        Count += other.Count;
        foreach (var (bucket, count) in other._buckets)
            _buckets[bucket] = _buckets.GetValueOrDefault(bucket) + count;
    }

    /// <summary>The value at a rank: of the n values in ascending order the ceil(q·n)-th, as <c>percentile_disc</c> has it.</summary>
    /// <param name="q">More than 0, at most 1.</param>
    /// <returns>Microseconds within <see cref="RelativeError"/> of the exact value; null where there is no value.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The quantile is no part of 1.</exception>
    public double? Quantile(double q)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(q);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(q, 1);
        if (Count == 0)
            return null;
        // 0.95 * 100 is a little more than 95 in binary: without the slack the next rank would be taken.
        var rank = (long)Math.Ceiling((q * Count) - 1e-9);
        var seen = _zeros;
        if (rank <= seen)
            return 0;
        foreach (var (bucket, count) in _buckets)
        {
            seen += count;
            if (rank <= seen)
                return 2 * Math.Pow(Gamma, bucket) / (Gamma + 1);
        }

        throw new InvalidOperationException("The buckets hold less than was counted.");
    }

    /// <summary>As few bytes as hold it: version, zeros, buckets, then per bucket the distance to the one before and its count.</summary>
    public byte[] ToBytes()
    {
        var bytes = new List<byte>(16 + (_buckets.Count * 3)) { Version };
        Write(bytes, (ulong)_zeros);
        Write(bytes, (ulong)_buckets.Count);
        var before = 0;
        foreach (var (bucket, count) in _buckets)
        {
            Write(bytes, (ulong)(bucket - before));
            Write(bytes, (ulong)count);
            before = bucket;
        }

        return [.. bytes];
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <param name="bytes">A whole sketch.</param>
    /// <exception cref="FormatException">It is of another version, cut off, or none at all.</exception>
    public static DurationSketch FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || bytes[0] != Version)
            throw new FormatException("These bytes are no sketch of this version.");
        var rest = bytes[1..];
        var sketch = new DurationSketch { _zeros = (long)Read(ref rest) };
        sketch.Count = sketch._zeros;
        var buckets = Read(ref rest);
        var bucket = 0;
        for (ulong i = 0; i < buckets; i++)
        {
            bucket = checked(bucket + (int)Read(ref rest));
            sketch.AddToBucket(bucket, (long)Read(ref rest));
        }

        return rest.IsEmpty ? sketch : throw new FormatException("There is something behind the sketch.");
    }

    /// <summary>Counts values of which only the bucket is known; -1 is that of zeros.</summary>
    internal void AddToBucket(int bucket, long times)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(times);
        Count += times;
        if (bucket < 0)
            _zeros += times;
        else
            _buckets[bucket] = _buckets.GetValueOrDefault(bucket) + times;
    }

    private static int BucketOf(long microseconds) => (int)Math.Ceiling(Math.Log(microseconds) / LogGamma);

    private static long[] MakeBounds()
    {
        var last = BucketOf((long)LatencyBudgets.Cutoff.TotalMicroseconds);
        var bounds = new long[last + 1];
        for (var i = 0; i <= last; i++)
        {
            var least = Math.Max(1, (long)Math.Pow(Gamma, i - 1));
            while (BucketOf(least) < i)
                least++;
            while (least > 1 && BucketOf(least - 1) >= i)
                least--;
            bounds[i] = least;
        }

        return bounds;
    }

    // LEB128: seven bits a byte, the least first.
    private static void Write(List<byte> bytes, ulong value)
    {
        while (value >= 0x80)
        {
            bytes.Add((byte)(value | 0x80));
            value >>= 7;
        }

        bytes.Add((byte)value);
    }

    private static ulong Read(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (bytes.IsEmpty)
                throw new FormatException("The sketch is cut off.");
            var next = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }

        throw new FormatException("A number of the sketch is too long.");
    }
}
