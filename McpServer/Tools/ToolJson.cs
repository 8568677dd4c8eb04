using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Engram.McpServer.Tools;

/// <summary>Serializers of everything that tools return: snake_case as on the HTTP API, absent values left out, text left readable.</summary>
[JsonSerializable(typeof(ReceiptResult))]
[JsonSerializable(typeof(SearchResult))]
[JsonSerializable(typeof(AnswerResult))]
[JsonSerializable(typeof(ListResult))]
[JsonSerializable(typeof(BucketsResult))]
[JsonSerializable(typeof(MemoryResult))]
[JsonSerializable(typeof(ProfileResult))]
[JsonSerializable(typeof(UpdateResult))]
[JsonSerializable(typeof(DeleteResult))]
[JsonSerializable(typeof(ClearResult))]
internal sealed partial class ToolJson : JsonSerializerContext
{
    public static ToolJson Wire { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // Never inside HTML; models read 你好 better, and in fewer tokens, than its escapes.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new SecondsConverter() },
    });

    /// <summary>Times to the second: what a model reads of the rest is only tokens.</summary>
    private sealed class SecondsConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
        {
            Span<byte> text = stackalloc byte[20];
            value.UtcDateTime.TryFormat(text, out var written, "yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
            writer.WriteStringValue(text[..written]);
        }
    }
}
