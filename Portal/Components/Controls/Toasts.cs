namespace Engram.Portal.Components.Controls;

/// <summary>Short words about what just happened; they are shown and read out, and leave by themselves.</summary>
public sealed class Toasts
{
    public event Action<string>? Said;

    public void Say(string text) => Said?.Invoke(text);
}
