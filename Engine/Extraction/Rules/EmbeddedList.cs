namespace Engram.Engine.Extraction.Rules;

/// <summary>Reads the word lists that ship inside the assembly. "#" starts a comment line.</summary>
internal static class EmbeddedList
{
    public static IEnumerable<string> Lines(string name)
    {
        var resource = $"Lexicon.{name}.txt";
        using var stream = typeof(EmbeddedList).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The word list '{resource}' is missing from the assembly.");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
            {
                yield return line;
            }
        }
    }

    public static IEnumerable<string> Words(string name) =>
        Lines(name).SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
