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

    private readonly Func<string, bool> _has;
    private readonly byte[] _data;

    private RenderedResult(byte[] data, Func<string, bool> has) => (_data, _has) = (data, has);

    public static RenderedResult Of<T>(T value, JsonTypeInfo<T> type) => new(JsonSerializer.SerializeToUtf8Bytes(value, type), name => Has(value, type, name));

    /// <summary>The result with marks instead of data.</summary>
    public static CallToolResult Marked() => new() { Content = [new TextContentBlock { Text = TextMark }], StructuredContent = DataMarkElement };

    /// <summary>Whether the data has a property of this name.</summary>
    public bool Has(string property) => _has(property);

    /// <summary>Room for a message of this many bytes with the data in it: once as it is and once escaped, where a tenth is quotation marks.</summary>
    public int LengthWith(int message) => message + (_data.Length * 2) + (_data.Length / 8);

    /// <summary>Writes a message with the data in the places of the marks.</summary>
    public void Fill(ReadOnlySpan<byte> message, ArrayBufferWriter<byte> output)
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
                WriteEscaped(output);
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
    private void WriteEscaped(ArrayBufferWriter<byte> output)
    {
        ReadOnlySpan<byte> data = _data;
        var length = data.Length + data.Count((byte)'"') + data.Count((byte)'\\');
        var rest = output.GetSpan(length);
        for (int next; (next = data.IndexOfAny((byte)'"', (byte)'\\')) >= 0; data = data[(next + 1)..])
        {
            data[..next].CopyTo(rest);
            rest[next] = (byte)'\\';
            rest[next + 1] = data[next];
            rest = rest[(next + 2)..];
        }

        data.CopyTo(rest);
        output.Advance(length);
    }

    private static bool Has<T>(T value, JsonTypeInfo<T> type, string name)
    {
        foreach (var property in type.Properties)
        {
            if (property.Name == name)
            {
                return property.Get!(value!) is not null;
            }
        }

        return false;
    }
}
