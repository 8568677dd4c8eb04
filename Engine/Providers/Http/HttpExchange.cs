using System.Globalization;

namespace Engram.Engine.Providers;

/// <summary>
/// What the transport saw during one attempt. The SDKs tell it in exceptions of their own, some of it (Retry-After) not at all; seen here it
/// is the same for every one. It flows with the attempt's own asynchronous work, as requests of an SDK cannot be told apart otherwise.
/// </summary>
internal sealed class HttpExchange
{
    private static readonly AsyncLocal<HttpExchange?> Ambient = new();

    public static HttpExchange? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    /// <summary>Whether a request left the SDK.</summary>
    public bool Sent { get; set; }

    /// <summary>The HTTP status, or null where no response began.</summary>
    public int? Status { get; private set; }

    /// <summary>How long the provider asked to be left alone, or null.</summary>
    public TimeSpan? RetryAfter { get; private set; }

    public void Note(HttpResponseMessage response)
    {
        Status = (int)response.StatusCode;
        RetryAfter = RetryAfterOf(response);
    }

    private static TimeSpan? RetryAfterOf(HttpResponseMessage response)
    {
        if (response.Headers.TryGetValues("retry-after-ms", out var values)
            && double.TryParse(values.First(), NumberStyles.Float, CultureInfo.InvariantCulture, out var milliseconds)
            && milliseconds is >= 0 and <= int.MaxValue)
        {
            return TimeSpan.FromMilliseconds(milliseconds);
        }

        if (response.Headers.RetryAfter is not { } after)
        {
            return null;
        }

        // A date is read against the provider's own clock, where it says it.
        var wait = after.Delta ?? after.Date - (response.Headers.Date ?? DateTimeOffset.UtcNow);
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }
}
