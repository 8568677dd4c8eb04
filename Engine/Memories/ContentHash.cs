using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Engram.Engine.Memories;

/// <summary>Identity of a text: equal for texts that differ only in Unicode form and white space, within one user, agent and run.</summary>
internal static class ContentHash
{
    private static readonly SearchValues<char> WhiteSpace = SearchValues.Create(" \t\r\n\u00a0");

    /// <summary>SHA-256, 32 bytes.</summary>
    public static byte[] Of(NewMemory memory) => Of(memory.Content, memory.UserId, memory.AgentId, memory.RunId);

    public static byte[] Of(string content, string? userId, string? agentId, string? runId)
    {
        // The unit separator keeps ("ab", "c") and ("a", "bc") apart; null and empty differ by the marker before them.
        var scope = $"{Scope(userId)}\u001f{Scope(agentId)}\u001f{Scope(runId)}\u001f";
        return SHA256.HashData(Encoding.UTF8.GetBytes(scope + Normalize(content)));
    }

    internal static string Normalize(string content)
    {
        var text = content.IsNormalized() ? content : content.Normalize();
        var builder = new StringBuilder(text.Length);
        foreach (var range in text.AsSpan().SplitAny(WhiteSpace))
        {
            var word = text.AsSpan()[range];
            if (word.IsEmpty)
                continue;
            if (builder.Length > 0)
                builder.Append(' ');
            builder.Append(word);
        }

        return builder.ToString();
    }

    private static string Scope(string? id) => id is null ? "-" : "+" + id;
}
