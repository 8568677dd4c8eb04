using System.Runtime.CompilerServices;
using Engram.Engine.Providers;
using Microsoft.Extensions.AI;

namespace Engram.Tests.Shared;

/// <summary>A model whose replies are written down: it says them in order, and keeps what it was asked. A reply may be an exception.</summary>
public sealed class ScriptedChat(params object[] replies) : IChatClient
{
    private readonly List<(IReadOnlyList<ChatMessage> Messages, ChatOptions? Options)> _asked = [];

    public IReadOnlyList<(IReadOnlyList<ChatMessage> Messages, ChatOptions? Options)> Asked => _asked;

    /// <summary>Everything it was sent with the last call, system and user.</summary>
    public string Prompt => string.Join("\n", _asked[^1].Messages.Select(m => m.Text));

    /// <summary>What it was sent as the user's, with the last call.</summary>
    public string User => string.Join("\n", _asked[^1].Messages.Where(m => m.Role == ChatRole.User).Select(m => m.Text));

    /// <summary>Characters of each streamed piece.</summary>
    public int Piece { get; init; } = 3;

    /// <summary>The model as the engine is given it.</summary>
    public TenantChat Tenant(bool jsonSchema = true) => new(this, "scripted", "model-1", jsonSchema);

    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var text = Next(messages, options);
        return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, text)) { Usage = new UsageDetails { InputTokenCount = 100, OutputTokenCount = text.Length } });
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var text = Next(messages, options);
        for (var i = 0; i < text.Length; i += Piece)
        {
            await Task.Yield();
            yield return new ChatResponseUpdate(ChatRole.Assistant, text.Substring(i, Math.Min(Piece, text.Length - i)));
        }

        yield return new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(new UsageDetails { InputTokenCount = 100, OutputTokenCount = text.Length })]);
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
        // Holds nothing.
    }

    private string Next(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        _asked.Add(([.. messages], options));
        var reply = replies[Math.Min(_asked.Count, replies.Length) - 1];
        return reply switch
        {
            Exception e => throw e,
            Func<string, string> answer => answer(User),
            _ => (string)reply,
        };
    }
}
