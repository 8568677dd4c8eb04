using System.Text.Json;

namespace Engram.Benchmarks.Providers;

/// <summary>Questions of one's own: JSON Lines with <c>{"question": "..."}</c>, or one question a line.</summary>
internal static class QuestionFile
{
    public static async Task<string[]> ReadAsync(FileInfo file)
    {
        var questions = new List<string>();
        foreach (var line in await File.ReadAllLinesAsync(file.FullName))
        {
            var text = line.Trim();
            if (text.StartsWith('{'))
                text = JsonElement.Parse(text).TryGetProperty("question", out var question) ? question.GetString() ?? "" : throw new BenchmarkException($"A line of '{file}' has no 'question': {text}");
            if (text.Length > 0)
                questions.Add(text);
        }

        return questions.Count > 0 ? [.. questions] : throw new BenchmarkException($"'{file}' holds no question.");
    }
}
