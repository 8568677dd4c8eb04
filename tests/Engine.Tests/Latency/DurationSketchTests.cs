using Engram.Engine.Latency;

namespace Engram.Engine.Tests.Latency;

public class DurationSketchTests
{
    private static readonly double[] Quantiles = [0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1];

    [Theory]
    [InlineData("pareto")]
    [InlineData("two peaks")]
    [InlineData("log-normal")]
    [InlineData("one value")]
    [InlineData("a few microseconds")]
    public void Every_quantile_of_skewed_data_is_within_the_stated_error_of_the_exact_one(string distribution)
    {
        var values = Values(distribution, 50_000);
        var sketch = SketchOf(values);

        AssertClose(values, sketch);
        Assert.True(sketch.ToBytes().Length < 2_500, $"{sketch.ToBytes().Length} bytes");
    }

    [Fact]
    public void The_merge_of_parts_is_the_sketch_of_the_whole_however_they_are_cut()
    {
        var values = Values("pareto", 20_000);
        var whole = SketchOf(values);
        var merged = new DurationSketch();
        foreach (var part in values.Chunk(777).Reverse())
            merged.Merge(SketchOf(part));

        Assert.Equal(whole.ToBytes(), merged.ToBytes());
        Assert.Equal(values.Length, merged.Count);
        AssertClose(values, merged);
    }

    [Fact]
    public void What_is_written_is_read_back_and_what_is_cut_off_is_refused()
    {
        var sketch = SketchOf([0, 0, 1, 2, 30_000_000]);
        var bytes = sketch.ToBytes();
        var read = DurationSketch.FromBytes(bytes);

        Assert.Equal(bytes, read.ToBytes());
        Assert.Equal((5, 0.0), (read.Count, read.Quantile(0.4)));
        Assert.Null(DurationSketch.FromBytes(new DurationSketch().ToBytes()).Quantile(0.5));
        for (var length = 0; length < bytes.Length; length++)
            Assert.Throws<FormatException>(() => DurationSketch.FromBytes(bytes.AsSpan(0, length)));
        Assert.Throws<FormatException>(() => DurationSketch.FromBytes([.. bytes, 0]));
    }

    [Fact]
    public void The_bounds_given_to_a_database_are_the_buckets_own()
    {
        var random = new Random(7);
        var bounds = DurationSketch.Bounds;
        Assert.True(bounds.SequenceEqual(bounds.Order()));
        var values = Enumerable.Range(0, 3_000).Select(i => (long)i).Concat(Enumerable.Range(0, 3_000).Select(_ => random.NextInt64(30_000_001))).Append(30_000_000);
        foreach (var value in values.Concat(bounds).Concat(bounds.Select(b => b - 1)))
        {
            var (direct, byBound) = (new DurationSketch(), new DurationSketch());
            direct.Add(value);
            byBound.AddToBucket(bounds.Count(b => b <= value) - 1, 1);
            Assert.Equal(direct.ToBytes(), byBound.ToBytes());
        }
    }

    private static void AssertClose(long[] values, DurationSketch sketch)
    {
        var sorted = values.Order().ToArray();
        foreach (var q in Quantiles)
        {
            var exact = (double)sorted[(int)Math.Ceiling((q * sorted.Length) - 1e-9) - 1];
            var estimate = sketch.Quantile(q)!.Value;
            Assert.True(
                Math.Abs(estimate - exact) <= (exact * DurationSketch.RelativeError) + 1e-6,
                FormattableString.Invariant($"q={q}: {estimate} instead of {exact}"));
        }
    }

    private static DurationSketch SketchOf(IEnumerable<long> values)
    {
        var sketch = new DurationSketch();
        foreach (var value in values)
            sketch.Add(value);
        return sketch;
    }

    private static long[] Values(string distribution, int count)
    {
        var random = new Random(42);
        return [.. Enumerable.Range(0, count).Select(_ => Math.Clamp((long)Next(), 0, 30_000_000))];

        double Next() => distribution switch
        {
            "pareto" => 300 / Math.Pow(1 - random.NextDouble(), 1.2),
            "two peaks" => random.NextDouble() < 0.93 ? 800 + (200 * random.NextDouble()) : 4_000_000 + (9_000_000 * random.NextDouble()),
            "log-normal" => Math.Exp(8 + (1.5 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))),
            "one value" => 12_345,
            _ => random.Next(6),
        };
    }
}
