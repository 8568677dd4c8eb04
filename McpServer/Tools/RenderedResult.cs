using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>
/// The data of a result as bytes that are made once. The SDK turns a result into text, back into nodes and into text again, and escapes a second copy
/// of everything for the text block; for twenty memories that took longer than reading them. So a tool gives the SDK a result in which marks stand for
/// the data, and <see cref="ResultBody"/> puts the data in their place when the message is written.
/// </summary>
internal sealed class RenderedResult
{
    // Random, so that no stored text can hold one.
    private static readonly string TextMark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    private static readonly string DataMark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    private static readonly JsonElement DataMarkElement = JsonElement.Parse($$"""{"mark":"{{DataMark}}"}""");
    private static readonly byte[] TextMarkBytes = Encoding.ASCII.GetBytes(TextMark);
    private static readonly byte[] DataMarkBytes = Encoding.ASCII.GetBytes($$"""{"mark":"{{DataMark}}"}""");

    private readonly byte[] _data;
    private readonly byte[] _text;
    private readonly string[] _properties;

    private RenderedResult(byte[] data, string[] properties) => (_data, _text, _properties) = (data, Escape(data), properties);

    /// <summary>Bytes of the data, as it is and as text.</summary>
    public int Length => _data.Length + _text.Length;

    public static RenderedResult Of<T>(T value, JsonTypeInfo<T> type) => new(
        JsonSerializer.SerializeToUtf8Bytes(value, type),
        [.. type.Properties.Where(property => property.Get!(value!) is not null).Select(property => property.Name)]);

    /// <summary>The result with marks instead of data.</summary>
    public static CallToolResult Marked() => new() { Content = [new TextContentBlock { Text = TextMark }], StructuredContent = DataMarkElement };

    /// <summary>Whether the data has a property of this name.</summary>
    public bool Has(string property) => _properties.Contains(property);

    /// <summary>Writes a message with the data in the places of the marks.</summary>
    public void Fill(ReadOnlySpan<byte> message, IBufferWriter<byte> output)
    {
        while (true)
        {
            var (text, data) = (message.IndexOf(TextMarkBytes), message.IndexOf(DataMarkBytes));
            if (text < 0 && data < 0)
            {
                output.Write(message);
                return;
            }

            if (data < 0 || (text >= 0 && text < data))
            {
                output.Write(message[..text]);
                output.Write(_text);
                message = message[(text + TextMarkBytes.Length)..];
            }
            else
            {
                output.Write(message[..data]);
                output.Write(_data);
                message = message[(data + DataMarkBytes.Length)..];
            }
        }
    }

    /// <summary>
    /// The same data inside a string, for the many clients that show a model nothing else. Being JSON without line breaks already, only its quotation
    /// marks and backslashes need escaping.
    /// </summary>
    private static byte[] Escape(ReadOnlySpan<byte> data)
    {
        var text = new byte[data.Length + data.Count((byte)'"') + data.Count((byte)'\\')];
        var rest = text.AsSpan();
        for (int next; (next = data.IndexOfAny((byte)'"', (byte)'\\')) >= 0; data = data[(next + 1)..])
        {
            data[..next].CopyTo(rest);
            rest[next] = (byte)'\\';
            rest[next + 1] = data[next];
            rest = rest[(next + 2)..];
        }

        data.CopyTo(rest);
        return text;
    }
}
