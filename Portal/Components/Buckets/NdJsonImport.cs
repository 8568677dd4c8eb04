using System.Runtime.CompilerServices;
using System.Text.Json;
using Engram.Portal.Client;

namespace Engram.Portal.Components.Buckets;

/// <summary>A line of an import: a memory, or why it is none.</summary>
public sealed record ImportLine(int Number, NewMemory? Memory, string? Fault);

/// <summary>Reads what an export wrote, or anything with a text in <c>content</c>, line by line: a file of any length passes through.</summary>
public static class NdJsonImport
{
    /// <summary>Memories stored with one request.</summary>
    public const int BatchSize = 100;

    /// <summary>Most bytes a file may have.</summary>
    public const long LargestFile = 256L << 20;

    public static async IAsyncEnumerable<ImportLine> ReadAsync(TextReader reader, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var number = 0;
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
            {
                yield return Parse(number, line);
            }
        }
    }

    public static ImportLine Parse(int number, string line)
    {
        try
        {
            var memory = JsonSerializer.Deserialize<NewMemory>(line, EngramApiClient.Json);
            return string.IsNullOrWhiteSpace(memory?.Content)
                ? new ImportLine(number, null, "has no text in content")
                : new ImportLine(number, memory, null);
        }
        catch (JsonException)
        {
            return new ImportLine(number, null, "is no JSON object of a memory");
        }
    }
}
