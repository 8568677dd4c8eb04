using System.Text.Json;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Engram.McpServer.Auth;

/// <summary>The issuer publishes no keys that could be read: the caller's token may be good, but nobody here can tell.</summary>
internal sealed class IssuerUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// The issuer's public keys: fetched when first needed, again when an hour old, and once more when a token names a key that is not among
/// them, but for that at most twice a minute, so that tokens with invented key ids do not become requests to the issuer.
/// </summary>
internal sealed class IssuerKeys(IOptions<OAuthOptions> options, TimeProvider time, ILogger<IssuerKeys> logger) : IDisposable
{
    private const int MaxDocumentBytes = 256 * 1024;
    private const int MinRsaBits = 2048;

    private static readonly TimeSpan MaxAge = TimeSpan.FromHours(1);

    // An issuer that cannot be reached does not end every session at once; one that withdrew a key is obeyed within the day.
    private static readonly TimeSpan MaxStale = TimeSpan.FromHours(24);
    private static readonly TimeSpan BetweenFetches = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenFirstFetches = TimeSpan.FromSeconds(2);

    private readonly OAuthOptions _options = options.Value;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        Timeout = TimeSpan.FromSeconds(5),
        MaxResponseContentBufferSize = MaxDocumentBytes,
    };

    private Fetched? _fetched;
    private DateTimeOffset? _lastAttempt;

    /// <summary>The keys that may have signed a token with this key id and algorithm; none when the issuer has no such key.</summary>
    /// <exception cref="IssuerUnavailableException">There are no keys, or only ones too old to trust, and the issuer does not answer.</exception>
    public async ValueTask<IReadOnlyList<SecurityKey>> FindAsync(string? keyId, string algorithm, CancellationToken ct)
    {
        var fetched = Volatile.Read(ref _fetched);
        if (fetched is not null && time.GetUtcNow() - fetched.At < MaxAge && fetched.Matching(keyId, algorithm) is { Count: > 0 } known)
        {
            return known;
        }

        await _gate.WaitAsync(ct);
        try
        {
            fetched = await RefreshAsync(keyId, algorithm);
        }
        finally
        {
            _gate.Release();
        }

        return fetched.Matching(keyId, algorithm);
    }

    public void Dispose()
    {
        _http.Dispose();
        _gate.Dispose();
    }

    private async Task<Fetched> RefreshAsync(string? keyId, string algorithm)
    {
        var now = time.GetUtcNow();
        var current = _fetched;
        var age = now - current?.At;
        if (age < MaxAge && current!.Matching(keyId, algorithm).Count > 0)
        {
            // Another request fetched it while this one waited.
            return current;
        }

        if (_lastAttempt is { } last && now - last < (current is null ? BetweenFirstFetches : BetweenFetches))
        {
            return age < MaxStale ? current! : throw new IssuerUnavailableException("The issuer's keys could not be fetched a moment ago.");
        }

        _lastAttempt = now;
        try
        {
            // Not cancelled with the request that happens to ask first: others wait for the same keys.
            current = new Fetched(await FetchAsync(), now);
            Volatile.Write(ref _fetched, current);
            return current;
        }
        catch (Exception ex) when (ex is HttpRequestException or OperationCanceledException or JsonException or IssuerUnavailableException or ArgumentException)
        {
            Log.IssuerUnreachable(logger, ex);
            return age < MaxStale ? current! : throw new IssuerUnavailableException("The issuer's keys cannot be fetched.", ex);
        }
    }

    private async Task<IReadOnlyList<JsonWebKey>> FetchAsync()
    {
        var uri = _options.JwksUri ?? await DiscoverAsync();
        var set = new JsonWebKeySet(await _http.GetStringAsync(uri));
        // Only public keys that verify signatures: a shared secret among them would let anyone who can read the document sign.
        return [.. set.Keys.Where(key => key.Use is null or "" or "sig"
            && ((key.Kty == JsonWebAlgorithmsKeyTypes.RSA && key.KeySize >= MinRsaBits) || key.Kty == JsonWebAlgorithmsKeyTypes.EllipticCurve))];
    }

    /// <summary>OpenID Connect's place first, then RFC 8414's: issuers have one or both.</summary>
    private async Task<string> DiscoverAsync()
    {
        var issuer = new Uri(_options.Issuer!);
        var path = issuer.AbsolutePath.TrimEnd('/');
        string[] places =
        [
            $"{_options.Issuer!.TrimEnd('/')}/.well-known/openid-configuration",
            $"{issuer.GetLeftPart(UriPartial.Authority)}/.well-known/oauth-authorization-server{path}",
        ];
        HttpRequestException? notThere = null;
        foreach (var place in places)
        {
            try
            {
                using var metadata = JsonDocument.Parse(await _http.GetStringAsync(place));
                return KeysOf(metadata.RootElement);
            }
            catch (HttpRequestException ex) when (ex.StatusCode is not null)
            {
                notThere = ex;
            }
        }

        throw new IssuerUnavailableException("The issuer publishes no metadata.", notThere);
    }

    private string KeysOf(JsonElement metadata)
    {
        // RFC 8414, section 3.3: metadata that speaks for another issuer must not be used.
        if (Text(metadata, "issuer") != _options.Issuer)
            throw new IssuerUnavailableException($"The metadata found for {OAuthOptions.Section}:Issuer names another issuer; it must be written exactly alike.");
        return Text(metadata, "jwks_uri") is { } keys && OAuthOptions.IsSafe(keys)
            ? keys
            : throw new IssuerUnavailableException("The issuer's metadata has no usable jwks_uri.");
    }

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private sealed record Fetched(IReadOnlyList<JsonWebKey> Keys, DateTimeOffset At)
    {
        public IReadOnlyList<SecurityKey> Matching(string? keyId, string algorithm) =>
            [.. Keys.Where(key => (string.IsNullOrEmpty(keyId) || key.Kid == keyId) && (string.IsNullOrEmpty(key.Alg) || key.Alg == algorithm))];
    }
}
