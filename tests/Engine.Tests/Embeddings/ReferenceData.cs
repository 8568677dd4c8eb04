using System.Globalization;
using System.Text.RegularExpressions;
using Engram.Engine.Embeddings;

namespace Engram.Engine.Tests.Embeddings;

/// <summary>The committed data that reference/make-reference.mjs makes with the original model and independent tokenizers.</summary>
internal static class ReferenceData
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Embeddings", "reference");

    public static string File(string name) => Path.Combine(s_folder, name);

    /// <summary>The columns of a file; the last one is a text with its escapes resolved.</summary>
    public static IEnumerable<(string[] Columns, string Text)> Rows(string name) =>
        from line in System.IO.File.ReadLines(File(name))
        let columns = line.Split('\t')
        select (columns[..^1], Regex.Unescape(columns[^1]));

    public static long[] Ids(string column) =>
        [.. column.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => long.Parse(id, CultureInfo.InvariantCulture))];

    public static SentencePieceTokenizer UseLiteTokenizer() =>
        SentencePieceTokenizer.Load(Path.Combine(AppContext.BaseDirectory, "models", EmbeddingOptions.UseLiteInt8, "pieces.tsv"), maxTokens: 128);

    /// <summary>One line per text whose ids differ, for a message that can be read.</summary>
    public static List<string> Differences(string name, int column, ITextTokenizer tokenizer)
    {
        var differences = new List<string>();
        var buffer = new long[4096];
        foreach (var (columns, text) in Rows(name))
        {
            var actual = string.Join(' ', buffer[..tokenizer.Encode(text, buffer)]);
            if (actual != columns[column])
            {
                differences.Add($"{Regex.Escape(text)}: expected {columns[column]}, got {actual}");
            }
        }

        return differences;
    }
}
