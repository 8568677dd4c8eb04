using System.Globalization;

namespace Engram.Engine.Providers;

/// <summary>A fault in a sentence, the same wherever it is told: whose trouble it is, what happened, after how long.</summary>
public static class ProviderFaultWords
{
    /// <summary>For example "Your provider openai (gpt-4.1) returned a 504 after 30 s (3 attempts)." Holds neither key nor text.</summary>
    /// <param name="fault">What happened.</param>
    public static string Sentence(this ProviderFault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        var who = $"Your provider {fault.Provider} ({fault.Model})";
        if (fault.Attempts == 0)
        {
            return fault.Kind == ProviderFaultKind.Timeout
                ? $"{who} was not called: the time for the request was used up."
                : $"{who} was not called: its last calls failed, and it is left alone for a while.";
        }

        var after = $"after {Seconds(fault.ElapsedMs)}{(fault.Attempts > 1 ? $" ({fault.Attempts.ToString(CultureInfo.InvariantCulture)} attempts)" : "")}";
        return (fault.Kind, fault.UpstreamStatus) switch
        {
            (ProviderFaultKind.Timeout, null or < 400) => $"{who} gave no complete answer within the time allowed; given up {after}.",
            (ProviderFaultKind.Malformed, null or < 400) => $"{who} returned an answer that is not what was asked for, {after}.",
            (ProviderFaultKind.Reset, null or < 400) => $"{who} broke the connection in the middle of its answer, {after}.",
            (_, { } status and >= 400) => $"{who} returned a {status.ToString(CultureInfo.InvariantCulture)} {after}.",
            (ProviderFaultKind.Unavailable, _) => $"{who} could not be reached; given up {after}.",
            _ => $"{who} failed {after}.",
        };
    }

    private static string Seconds(double milliseconds) => milliseconds < 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000:0.#} s");
}
