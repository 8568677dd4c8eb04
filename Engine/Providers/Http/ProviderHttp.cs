using System.Net;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Providers;

/// <summary>
/// The connections to all providers, shared by all tenants: guarded, pooled, bounded. A request carries its own key and nothing is kept
/// between requests (no cookies, no stored credentials, no default headers), so that sharing a connection shares nothing else.
/// </summary>
public sealed class ProviderHttp : IDisposable
{
    private readonly GuardedHandler _handler;
    private readonly RepairingHandler _repairing;

    /// <summary>Makes the pool.</summary>
    /// <param name="guard">Judges each request's address.</param>
    /// <param name="options">Section <c>Engram:Providers</c>.</param>
    public ProviderHttp(ProviderUrlGuard guard, IOptions<ProviderOptions> options)
        : this(guard, options, null)
    {
    }

    internal ProviderHttp(ProviderUrlGuard guard, IOptions<ProviderOptions> options, Func<string, CancellationToken, Task<IPAddress[]>>? resolve)
    {
        ArgumentNullException.ThrowIfNull(options);
        var connectTime = TimeSpan.FromSeconds(options.Value.ConnectSeconds);
        var sockets = new SocketsHttpHandler
        {
            ConnectCallback = new GuardedConnector(guard, connectTime, resolve).ConnectAsync,
            ConnectTimeout = connectTime,
            // A redirect is not followed: no provider's API needs one, and following it would carry the prompt and the key elsewhere.
            AllowAutoRedirect = false,
            // A proxy would make the connection in our place, past the guard.
            UseProxy = false,
            UseCookies = false,
            // Nothing is decompressed, so that the bound on a reply's size is a bound on memory too.
            AutomaticDecompression = DecompressionMethods.None,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            MaxResponseHeadersLength = 64,
        };
        _handler = new GuardedHandler(guard, options.Value.MaxResponseBytes, sockets);
        _repairing = new RepairingHandler(_handler);
    }

    /// <summary>A client for one SDK client. Disposing it closes no connection. Its time is bounded by the deadline of the call, not by itself.</summary>
    /// <param name="repair">Whether replies are those of a server that is compatible with OpenAI rather than OpenAI itself.</param>
    internal HttpClient NewClient(bool repair) => new(repair ? _repairing : _handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };

    internal HttpClient NewAnthropicClient(string key) =>
        new(new AnthropicHeadersHandler(key, _handler), disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };

    /// <inheritdoc/>
    public void Dispose() => _repairing.Dispose();
}
