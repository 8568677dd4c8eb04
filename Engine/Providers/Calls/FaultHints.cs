using System.Globalization;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Providers;

/// <summary>What a person can do about a fault. Beside <see cref="ProviderFaultWords.Sentence"/>, which says what happened.</summary>
internal static class FaultHints
{
    public const string EndedEarly = "The stream ended before the reply did. Usually passing: try again.";
    public const string Broken = "The connection broke. Usually passing: try again; if not, look at what lies between here and the provider.";
    public const string NotUnderstood = "Check that the base URL is the one of an API of this wire format, and that the model is a chat model.";
    public const string NoVectors = "Check that the base URL is the one of an API of this wire format, and that the model is an embedding model whose vectors are as long as they were.";
    public const string NoCredit = "The account at your provider has no credit or quota left: see its billing page.";
    private const string StatusPage = "See the provider's status page, or choose another model for this role.";

    public static string Of(ProviderFaultKind kind, int status, TimeSpan? retryAfter) => (kind, status) switch
    {
        (ProviderFaultKind.RateLimited, _) when retryAfter is { } wait =>
            $"Your provider asks to wait {Seconds(wait)}. Raise your limit there, or send less at a time.",
        (ProviderFaultKind.RateLimited, _) => "Your own limit at the provider is reached. Raise it there, or send less at a time.",
        (_, 401) => "The provider does not accept the key. Set a valid one: /account/providers.",
        (_, 402) => NoCredit,
        (_, 403) => "The key is valid but not allowed to do this: check its permissions, the model's access and the region at your provider.",
        (_, 404) => "The provider does not know this model or path. Check the model's name and the base URL: /account/providers.",
        (_, 413) => "The request is too large for this model. Choose one with a larger context, or a smaller top_k.",
        (_, >= 300 and < 400) => "The base URL redirects, and redirects are not followed with a key. Set the URL it leads to.",
        (ProviderFaultKind.BadRequest, _) => "The provider refuses the request. Check that the model takes chat messages and the options; test it at /account/providers.",
        (ProviderFaultKind.Timeout, _) => $"The provider itself ran out of time. {StatusPage}",
        _ => StatusPage,
    };

    public static string DeadlinePassed(LlmProgress progress) => progress switch
    {
        { Attempts: 0 } => "Nothing was left of the operation's time. Ask for less, or raise Engram:Providers:DeadlineSeconds.",
        { LastFault: { } last } => $"The attempt before ended with {Kind(last)}. {StatusPage}",
        _ => "Choose a faster model for this role, or a smaller top_k; the operator sets the deadline in Engram:Providers:DeadlineSeconds.",
    };

    public static string BreakerOpen(TimeSpan opensIn, ProviderFault? last) =>
        $"Its last calls failed{(last is null ? "" : $" ({Kind(last)})")}, so it is left alone: the next call is let through in {Seconds(opensIn)}.";

    public static string Unreachable(HttpRequestError? error) => error switch
    {
        HttpRequestError.NameResolutionError => "The host's name does not resolve. Check the base URL: /account/providers.",
        HttpRequestError.SecureConnectionError => "No secure connection could be made: check the server's certificate and the base URL.",
        _ => "No connection could be made. Check the base URL and that the server runs.",
    };

    public static string Empty(ChatFinishReason? finish) => finish switch
    {
        { Value: "length" } => "The model used up its bound on tokens before it wrote anything: choose one that reasons less, or raise the bound.",
        { Value: "content_filter" } => "The provider's content filter withheld the reply.",
        _ => "The reply is empty. Check that the model is a chat model; if it is, try again.",
    };

    public static string TooLarge(long maxBytes) =>
        string.Create(CultureInfo.InvariantCulture, $"The reply is larger than {maxBytes / 1024.0 / 1024.0:0.##} MB, and is not read further. Check that the base URL is the provider's API.");

    private static string Kind(ProviderFault fault) =>
        ProviderFaultKinds.NameOf(fault.Kind) + (fault.UpstreamStatus is { } status ? $", status {status.ToString(CultureInfo.InvariantCulture)}" : "");

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, Math.Ceiling(time.TotalSeconds)):0} s");
}
