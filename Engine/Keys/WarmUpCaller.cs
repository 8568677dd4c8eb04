using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Engram.Engine.Keys;

/// <summary>
/// Who a starting host calls itself as. Its key is made for the occasion and known to this process only; it is gone before the host's socket
/// binds. Its calls are real ones, but neither recorded nor metered.
/// </summary>
public sealed class WarmUpCaller
{
    private readonly KeyHasher _hasher;
    private readonly KeyCache _cache;
    private readonly TimeProvider _time;
    private string? _key;

    internal WarmUpCaller(KeyHasher hasher, KeyCache cache, TimeProvider time) => (_hasher, _cache, _time) = (hasher, cache, time);

    /// <summary>The tenant, made by a migration.</summary>
    public static Tenant Tenant { get; } = new(new Guid("00000000-0000-7000-8000-00000000a11e"));

    /// <summary>The id of its key: none that a stored key could have.</summary>
    public static Guid KeyId => Guid.Empty;

    /// <summary>Makes one call and reads its answer.</summary>
    /// <param name="http">Goes to this process.</param>
    /// <param name="method">The method.</param>
    /// <param name="path">The path.</param>
    /// <param name="json">The body, or null.</param>
    /// <param name="headers">Further headers.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The headers and the body of a good answer.</returns>
    /// <exception cref="HttpRequestException">The answer was not a good one.</exception>
    public async Task<(HttpResponseHeaders Headers, string Body)> SendAsync(
        HttpClient http, HttpMethod method, string path, string? json, IReadOnlyList<(string Name, string Value)> headers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(http);
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(method, path);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _key ??= Enter());
            foreach (var (name, value) in headers)
                request.Headers.TryAddWithoutValidation(name, value);
            if (json is not null)
                request.Content = new StringContent(json, Encoding.UTF8, "application/json");
            using var response = await http.SendAsync(request, cancellationToken);
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            if (response.IsSuccessStatusCode)
                return (response.Headers, body);
            if (response.StatusCode != HttpStatusCode.Unauthorized || attempt > 1)
                throw new HttpRequestException(string.Create(CultureInfo.InvariantCulture, $"{method} {path} answered {(int)response.StatusCode}"));
            // The listener for changes has just begun, and cleared what it may have missed changes of.
            _key = null;
        }
    }

    /// <summary>Calls with a key that nobody has: the way a key takes that is not cached, as the first caller's is not.</summary>
    /// <param name="http">Goes to this process.</param>
    /// <param name="path">A path that needs a key.</param>
    /// <param name="cancellationToken">Cancels the calls.</param>
    public static async Task BeStrangerAsync(HttpClient http, string path, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(http);
        for (var call = 0; call < 3; call++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ApiKeyFormat.Generate());
            using var response = await http.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>Ends its key.</summary>
    public void Leave() => _cache.Invalidate(KeyId);

    private string Enter()
    {
        var key = ApiKeyFormat.Generate();
        var principal = new Principal(Tenant, "Warm-up", KeyId, "Warm-up", ApiKeyFormat.DisplayPrefix(key), Scopes.All, Buckets: null, User: null) { Plan = "unlimited" };
        _cache.Add(_hasher.Digest(key), principal, expiresAt: null, _cache.Generation, _time.GetUtcNow());
        return key;
    }
}
