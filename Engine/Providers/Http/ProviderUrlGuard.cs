using System.Buffers;
using System.Net;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Providers;

/// <summary>Why an address that a tenant gave is not called.</summary>
public enum ProviderUrlRefusalReason
{
    /// <summary>No absolute URL, or one with characters that hide where it leads.</summary>
    NotAUrl,

    /// <summary>Not https.</summary>
    NotHttps,

    /// <summary>User name or password in the URL.</summary>
    UserInfo,

    /// <summary>A fragment, or a query other than Azure's <c>api-version</c>.</summary>
    QueryOrFragment,

    /// <summary>A port other than 443.</summary>
    Port,

    /// <summary>A host name that is no name of the public internet, or is not written in plain ASCII.</summary>
    HostName,

    /// <summary>An address that is not of the public internet.</summary>
    Address,
}

/// <summary>An address refused: in words that the tenant can act on.</summary>
/// <param name="Reason">Which rule.</param>
/// <param name="Message">What is wrong and what to do. Tells nothing of the network behind.</param>
public sealed record ProviderUrlRefusal(ProviderUrlRefusalReason Reason, string Message);

/// <summary>
/// Decides whether an address given by a tenant may be called, so that nobody reaches what is behind the deployment's own walls through it
/// (server-side request forgery). The rules: https to port 443 of a name or address of the public internet, written plainly. What the name
/// resolves to is judged again at the moment of connecting, by <see cref="GuardedConnector"/>, and that very address is used. Hosts on the
/// operator's list <c>Engram:Providers:AllowedHosts</c> (host and port) are outside the rules.
/// </summary>
public sealed class ProviderUrlGuard
{
    private const int HttpsPort = 443;
    private const string ApiVersion = "?api-version=";
    private const string Listing = "A server of your own can be listed by the operator in Engram:Providers:AllowedHosts.";

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789abcdefABCDEFxX");

    private static readonly SearchValues<char> HostCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]");

    /// <summary>Suffixes that never name a host of the public internet.</summary>
    private static readonly string[] PrivateSuffixes = [".localhost", ".local", ".internal", ".home.arpa", ".lan", ".intranet", ".corp", ".home"];

    private readonly HashSet<string> _allowed;

    /// <summary>Reads the operator's list.</summary>
    /// <param name="options">Section <c>Engram:Providers</c>.</param>
    public ProviderUrlGuard(IOptions<ProviderOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _allowed = options.Value.AllowedHosts.Select(host => host.Trim().ToLowerInvariant()).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Judges what a tenant typed.</summary>
    /// <param name="text">The URL as it came.</param>
    /// <param name="url">The URL, or null where it is refused.</param>
    /// <returns>Null where it may be called.</returns>
    public ProviderUrlRefusal? Check(string? text, out Uri? url)
    {
        var refusal = Uri.TryCreate(text, UriKind.Absolute, out url) ? Check(url) : NotAUrl;
        url = refusal is null ? url : null;
        return refusal;
    }

    /// <summary>Judges a base URL as a tenant gave it.</summary>
    /// <param name="url">The URL.</param>
    /// <returns>Null where it may be called.</returns>
    public ProviderUrlRefusal? Check(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        if (CheckAddress(url) is { } refusal)
        {
            return refusal;
        }

        var plainQuery = url.Query.Length == 0
            || (url.Query.StartsWith(ApiVersion, StringComparison.Ordinal) && !url.Query.AsSpan(1).ContainsAny('&', ';'));
        return url.Fragment.Length > 0 || !plainQuery
            ? new(ProviderUrlRefusalReason.QueryOrFragment, "The base URL must have no fragment and no query (Azure's ?api-version=... is the one exception).")
            : null;
    }

    /// <summary>Judges a base URL and throws where it must not be called.</summary>
    /// <param name="url">The URL.</param>
    /// <param name="field">The input field to name, in wire spelling.</param>
    /// <exception cref="EngramException">It is refused (<see cref="FailureKind.InvalidRequest"/>).</exception>
    public void Require(Uri url, string field = "base_url")
    {
        if (Check(url) is { } refusal)
        {
            throw EngramException.Invalid(field, refusal.Message);
        }
    }

    /// <summary>Judges where a request goes; its path and query are the SDK's.</summary>
    internal ProviderUrlRefusal? CheckAddress(Uri url)
    {
        if (!url.IsAbsoluteUri || url.Host.Length == 0 || !IsPlain(AuthorityAsWritten(url.OriginalString)))
        {
            return url.IsAbsoluteUri && url.UserInfo.Length > 0
                ? new(ProviderUrlRefusalReason.UserInfo, "The URL must hold no user name or password: the key is set on its own.")
                : NotAUrl;
        }

        if (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp)
        {
            return new(ProviderUrlRefusalReason.NotHttps, "The URL must begin with https://.");
        }

        if (IsAllowed(url.IdnHost, url.Port))
        {
            return null;
        }

        if (url.Scheme != Uri.UriSchemeHttps)
        {
            return new(ProviderUrlRefusalReason.NotHttps, $"The URL must begin with https://. {Listing}");
        }

        if (url.Port != HttpsPort)
        {
            return new(ProviderUrlRefusalReason.Port, $"Only port 443 is called. {Listing}");
        }

        return CheckHost(url);
    }

    /// <summary>Whether the operator answers for this host and port.</summary>
    internal bool IsAllowed(string host, int port) =>
        _allowed.Count > 0 && _allowed.Contains($"{(host.Contains(':', StringComparison.Ordinal) && host[0] != '[' ? $"[{host}]" : host)}:{port}".ToLowerInvariant());

    private static ProviderUrlRefusal NotAUrl { get; } = new(
        ProviderUrlRefusalReason.NotAUrl, "Give an absolute https URL whose host is written in plain ASCII (an international name as xn--...).");

    internal static ProviderUrlRefusal NotPublic { get; } =
        new(ProviderUrlRefusalReason.Address, $"The address is not one of the public internet. {Listing}");

    private static ProviderUrlRefusal? CheckHost(Uri url)
    {
        var host = url.IdnHost.Trim('[', ']').TrimEnd('.');
        if (IPAddress.TryParse(host, out var address))
        {
            return PublicAddress.Is(address) ? null : NotPublic;
        }

        var lastLabel = host.AsSpan(host.LastIndexOf('.') + 1);
        var named = host.Contains('.', StringComparison.Ordinal)
            && !host.Contains("..", StringComparison.Ordinal)
            && !host.StartsWith('.')
            && !EndsInANumber(lastLabel)
            && !Array.Exists(PrivateSuffixes, suffix => host.EndsWith(suffix, StringComparison.OrdinalIgnoreCase));
        return named ? null : new(ProviderUrlRefusalReason.HostName, $"The host is not a name of the public internet. {Listing}");
    }

    /// <summary>A host that ends in a number is an IPv4 address in some spelling to a resolver (0x7f.1, 2130706433, 0177.0.0.1).</summary>
    private static bool EndsInANumber(ReadOnlySpan<char> label) =>
        label.Length == 0 || char.IsAsciiDigit(label[0]) && !label.ContainsAnyExcept(NumberCharacters);

    private static ReadOnlySpan<char> AuthorityAsWritten(string url)
    {
        var start = url.IndexOf("//", StringComparison.Ordinal);
        var rest = start < 0 ? [] : url.AsSpan(start + 2);
        var end = rest.IndexOfAny('/', '?', '#');
        return end < 0 ? rest : rest[..end];
    }

    /// <summary>
    /// As written, not as parsed: a parser turns full-width digits, escapes and look-alike letters into something else than the person
    /// who reads the setting sees. Zone ids (%), user info (@) and backslashes fall here as well.
    /// </summary>
    private static bool IsPlain(ReadOnlySpan<char> authority) =>
        authority.Length > 0 && !authority.ContainsAnyExcept(HostCharacters);
}
