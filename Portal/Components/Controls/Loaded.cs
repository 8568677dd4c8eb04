using Engram.Portal.Client;

namespace Engram.Portal.Components.Controls;

/// <summary>What a page asked for: the value, or why there is none. Null in a page's field means it is still on its way.</summary>
/// <param name="For">What was asked, so that an answer is never shown for another question.</param>
public sealed record Loaded<T>(string For, T? Value, ApiProblem? Problem);
