namespace Engram.Engine.Providers;

/// <summary>Judges where each request goes, notes what came back for the call it belongs to, and bounds the reply's size.</summary>
internal sealed class GuardedHandler(ProviderUrlGuard guard, long maxBytes, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // The URL was judged when it was set; the operator's list may have changed since.
        if (guard.CheckAddress(request.RequestUri!) is { } refusal)
        {
            throw new ProviderUrlRefusedException(refusal);
        }

        var exchange = HttpExchange.Current;
        exchange?.Sent = true;
        var response = await base.SendAsync(request, cancellationToken);
        exchange?.Note(response);
        // Not asked for, and an SDK that unpacks by itself would do so past the bound: a few packed bytes can become any number.
        if (response.Content.Headers.ContentEncoding.Any(coding => !coding.Equals("identity", StringComparison.OrdinalIgnoreCase)))
        {
            response.Dispose();
            throw new HttpRequestException(HttpRequestError.InvalidResponse, "The reply is packed, which was not asked for.");
        }

        response.Content = new BoundedContent(response.Content, maxBytes);
        return response;
    }
}
