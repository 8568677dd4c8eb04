using System.Buffers.Binary;
using System.Text;

namespace Engram.Engine.Tests.Embeddings;

/// <summary>Writes just enough ONNX protobuf for models of a few nodes.</summary>
internal sealed class OnnxFile
{
    public const int Float = 1;
    public const int Int32 = 6;
    public const int Int64 = 7;

    private readonly List<byte[]> _graph = [Text(2, "test")];

    public OnnxFile Input(string name, int type, params object[] shape) => Add(11, Value(name, type, shape));

    public OnnxFile Output(string name, int type, params object[] shape) => Add(12, Value(name, type, shape));

    /// <summary>Attributes named "axes" are lists, all others numbers.</summary>
    public OnnxFile Node(string type, string[] inputs, string output, params (string Name, long[] Values)[] attributes) => Add(1, Join([
        .. inputs.Select(input => Text(1, input)),
        Text(2, output),
        Text(4, type),
        .. attributes.Select(attribute => Bytes(5, attribute.Name == "axes"
            ? Join([Text(1, attribute.Name), .. attribute.Values.Select(value => Number(8, value)), Number(20, 7)])
            : Join(Text(1, attribute.Name), Number(3, attribute.Values[0]), Number(20, 2)))),
    ]));

    public OnnxFile Constant(string name, int[] shape, params float[] values)
    {
        var data = new byte[values.Length * 4];
        for (var index = 0; index < values.Length; index++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(data.AsSpan(index * 4), values[index]);
        }

        return Add(5, Join([.. shape.Select(size => Number(1, size)), Number(2, Float), Text(8, name), Bytes(9, data)]));
    }

    public void Save(string file) =>
        File.WriteAllBytes(file, Join(Number(1, 8), Bytes(7, Join([.. _graph])), Bytes(8, Number(2, 17))));

    private OnnxFile Add(int field, byte[] bytes)
    {
        _graph.Add(Bytes(field, bytes));
        return this;
    }

    private static byte[] Value(string name, int type, object[] shape)
    {
        var sizes = shape.Select(size => Bytes(1, size is string symbol ? Text(2, symbol) : Number(1, (int)size)));
        return Join(Text(1, name), Bytes(2, Bytes(1, Join(Number(1, type), Bytes(2, Join([.. sizes]))))));
    }

    private static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        return [.. bytes, (byte)value];
    }

    private static byte[] Number(int field, long value) => [.. Varint((ulong)field << 3), .. Varint((ulong)value)];

    private static byte[] Bytes(int field, byte[] bytes) => [.. Varint(((ulong)field << 3) | 2), .. Varint((ulong)bytes.Length), .. bytes];

    private static byte[] Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    private static byte[] Join(params byte[][] parts) => [.. parts.SelectMany(part => part)];
}
