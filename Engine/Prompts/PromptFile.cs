using System.Reflection;
using System.Text;

namespace Engram.Engine.Prompts;

/// <summary>
/// A prompt as it ships: a versioned text file embedded in the assembly. A change of wording is a new version, so that what was extracted or
/// answered can be told by its prompt, and the recorded replies of the tests belong to one version.
/// </summary>
internal static class PromptFile
{
    /// <summary>Reads a prompt.</summary>
    /// <param name="name">Its name with its version, such as <c>extract.v1</c>.</param>
    public static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"Prompts.{name}.md")
            ?? throw new InvalidOperationException($"There is no prompt '{name}' in this assembly.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n").Trim();
    }
}
