using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;

namespace Engram.Engine.Embeddings;

/// <summary>
/// The buffers one run of the model works in: pinned once, reused for every text, with one binding per text length so that a
/// run allocates nothing on the managed heap. Used by one thread at a time.
/// </summary>
internal sealed class EncoderLane : IDisposable
{
    private readonly EncoderSession _encoder;
    private readonly Pooling _pooling;
    private readonly RunOptions _runOptions = new();
    private readonly Memory<long> _ids;
    private readonly Memory<long> _mask;
    private readonly Memory<long> _types;
    private readonly Memory<float> _output;
    private readonly Shape?[] _singles;

    public EncoderLane(EncoderSession encoder, Pooling pooling, int maxTokens, int batchTokens)
    {
        _encoder = encoder;
        _pooling = pooling;
        _singles = new Shape?[maxTokens + 1];
        _ids = Pinned<long>(batchTokens);
        _mask = Pinned<long>(encoder.Mask is null ? 0 : batchTokens);
        // Stays zero: every text is a first segment.
        _types = Pinned<long>(encoder.Types is null ? 0 : batchTokens);
        _output = Pinned<float>((encoder.GivesTokens ? batchTokens : BatchPlan.MostRows) * encoder.Dimensions);
    }

    /// <summary>Where the ids of a run go: row by row, the rows padded with 0.</summary>
    public Span<long> Ids => _ids.Span;

    /// <summary>Encodes the one text whose ids stand in <see cref="Ids"/>.</summary>
    public void RunSingle(int tokens, Span<float> vector)
    {
        var shape = _singles[tokens] ??= Bind(1, tokens);
        FillMask(0, tokens, tokens);
        Run(shape);
        Pool(0, tokens, tokens, vector);
    }

    /// <summary>Encodes several texts padded to the same width; <paramref name="tokens"/> are their lengths.</summary>
    public void RunBatch(ReadOnlySpan<int> tokens, int width, Span<float[]> vectors)
    {
        using var shape = Bind(tokens.Length, width);
        for (var row = 0; row < tokens.Length; row++)
        {
            FillMask(row, tokens[row], width);
        }

        Run(shape);
        for (var row = 0; row < tokens.Length; row++)
        {
            Pool(row, tokens[row], width, vectors[row]);
        }
    }

    public void Dispose()
    {
        foreach (var shape in _singles)
        {
            shape?.Dispose();
        }

        _runOptions.Dispose();
    }

    private static Memory<T> Pinned<T>(int length) where T : unmanaged => GC.AllocateArray<T>(length, pinned: true);

    private void Run(Shape shape) => _encoder.Session.RunWithBinding(_runOptions, shape.Binding);

    private void FillMask(int row, int tokens, int width)
    {
        if (_encoder.Mask is not null)
        {
            var mask = _mask.Span.Slice(row * width, width);
            mask[..tokens].Fill(1);
            mask[tokens..].Clear();
        }
    }

    private Shape Bind(int rows, int width)
    {
        long[] inputShape = [rows, width];
        var binding = _encoder.Session.CreateIoBinding();
        var values = new List<OrtValue>(4);
        void Input(string? name, Memory<long> buffer)
        {
            if (name is not null)
            {
                values.Add(OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, buffer[..(rows * width)], inputShape));
                binding.BindInput(name, values[^1]);
            }
        }

        Input(EncoderSession.IdsInput, _ids);
        Input(_encoder.Mask, _mask);
        Input(_encoder.Types, _types);
        long[] outputShape = _encoder.GivesTokens ? [rows, width, _encoder.Dimensions] : [rows, _encoder.Dimensions];
        var outputLength = rows * (_encoder.GivesTokens ? width : 1) * _encoder.Dimensions;
        values.Add(OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _output[..outputLength], outputShape));
        binding.BindOutput(_encoder.Output, values[^1]);
        return new Shape(binding, values);
    }

    private void Pool(int row, int tokens, int width, Span<float> vector)
    {
        var size = _encoder.Dimensions;
        if (!_encoder.GivesTokens)
        {
            _output.Span.Slice(row * size, size).CopyTo(vector);
        }
        else
        {
            var rows = _output.Span.Slice(row * width * size, tokens * size);
            rows[..size].CopyTo(vector);
            for (var token = 1; token < tokens && _pooling == Pooling.Mean; token++)
            {
                TensorPrimitives.Add(vector, rows.Slice(token * size, size), vector);
            }
        }

        // The mean needs no division: only the direction is left after this.
        var norm = TensorPrimitives.Norm<float>(vector);
        TensorPrimitives.Divide(vector, MathF.Max(norm, 1e-12f), vector);
    }

    private sealed class Shape(OrtIoBinding binding, List<OrtValue> values) : IDisposable
    {
        public OrtIoBinding Binding { get; } = binding;

        public void Dispose()
        {
            Binding.Dispose();
            foreach (var value in values)
            {
                value.Dispose();
            }
        }
    }
}
