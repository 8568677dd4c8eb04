using System.Text;

namespace Engram.Benchmarks.Latency;

/// <summary>
/// Texts to store and questions to ask, the same in every run. Made of real turns where there are some; else of a vocabulary whose words are as
/// unevenly frequent as a language's (Zipf), which is what the cost of BM25 depends on.
/// </summary>
internal sealed class TextSource
{
    private const int VocabularySize = 20_000;

    private static readonly string[] Syllables = ["ba", "ken", "lo", "mi", "tar", "su", "ver", "dan", "po", "ri", "nel", "go", "fas", "hu", "jor", "cle", "wim", "ate", "ol", "yn"];
    private static readonly string[] FunctionWords = ["the", "and", "to", "of", "a", "in", "I", "it", "is", "that", "was", "for", "on", "with", "my", "we"];

    private readonly string[] _turns;
    private readonly string[] _questions;
    private readonly string[] _words;
    private readonly double[] _cumulative;

    public TextSource(IReadOnlyList<string> turns, IReadOnlyList<string> questions)
    {
        (_turns, _questions) = ([.. turns], [.. questions]);
        var random = new Random(17);
        _words = [.. FunctionWords, .. Enumerable.Range(0, VocabularySize).Select(_ => Word(random)).Distinct()];
        _cumulative = new double[_words.Length];
        var sum = 0.0;
        for (var i = 0; i < _words.Length; i++)
            _cumulative[i] = sum += 1.0 / (i + 1);
    }

    public string Description => _turns.Length > 0 ? "LoCoMo turns" : "generated text with a Zipf vocabulary";

    /// <summary>A memory of about a turn's or two's length, a different one for each number.</summary>
    public string Memory(int number)
    {
        var random = new Random(number);
        // Two turns together: there are more pairs than anybody will store.
        return _turns.Length > 0 ? $"{Pick(_turns, random)} {Pick(_turns, random)}" : Sentences(random, 200);
    }

    /// <summary>About a kilobyte, a different one for each caller and number.</summary>
    public string Kilobyte(int caller, int number)
    {
        var random = new Random(HashCode(caller, number));
        if (_turns.Length == 0)
            return Sentences(random, 1000);
        var text = new StringBuilder();
        while (text.Length < 900)
            text.Append(Pick(_turns, random)).Append('\n');
        return text.ToString();
    }

    public string Question(int number)
    {
        var random = new Random(number);
        return _questions.Length > 0 ? Pick(_questions, random) : $"{Sentences(random, 50).TrimEnd('.', ' ')}?";
    }

    private string Sentences(Random random, int length)
    {
        var text = new StringBuilder();
        while (text.Length < length)
        {
            var words = random.Next(6, 16);
            for (var i = 0; i < words; i++)
            {
                var word = _words[Index(random)];
                text.Append(i == 0 ? char.ToUpperInvariant(word[0]) + word[1..] : word).Append(i == words - 1 ? ". " : " ");
            }
        }

        return text.ToString();
    }

    private int Index(Random random)
    {
        var found = Array.BinarySearch(_cumulative, random.NextDouble() * _cumulative[^1]);
        return Math.Min(found < 0 ? ~found : found, _words.Length - 1);
    }

    private static string Word(Random random) => string.Concat(Enumerable.Range(0, random.Next(2, 5)).Select(_ => Syllables[random.Next(Syllables.Length)]));

    private static string Pick(string[] from, Random random) => from[random.Next(from.Length)];

    // System.HashCode differs from run to run.
    private static int HashCode(int caller, int number) => unchecked((caller * 7919) + (number * 104_729) + 1);
}
