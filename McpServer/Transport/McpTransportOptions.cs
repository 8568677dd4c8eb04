using System.ComponentModel.DataAnnotations;

namespace Engram.McpServer.Transport;

/// <summary>Limits and allow-lists of the <c>/mcp</c> endpoint, configuration section <c>Engram:Mcp</c>.</summary>
internal sealed class McpTransportOptions
{
    public const string Section = "Engram:Mcp";

    /// <summary>Largest accepted POST body in bytes; a larger one is answered 413.</summary>
    [Range(1024, 64 * 1024 * 1024, ErrorMessage = Section + ":MaxRequestBytes must lie between 1024 and 67108864.")]
    public int MaxRequestBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Sessions held by this process over all keys.</summary>
    [Range(1, 1_000_000, ErrorMessage = Section + ":MaxSessions must lie between 1 and 1000000.")]
    public int MaxSessions { get; set; } = 10_000;

    /// <summary>Sessions one API key may hold; past it the key's own idlest session is closed.</summary>
    [Range(1, 1_000_000, ErrorMessage = Section + ":MaxSessionsPerKey must lie between 1 and 1000000.")]
    public int MaxSessionsPerKey { get; set; } = 2_000;

    /// <summary>A session without a request or an open stream for this long is closed.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00", ErrorMessage = Section + ":SessionIdleTimeout must lie between 1 s and 7 days.")]
    public TimeSpan SessionIdleTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>An open GET stream carries a comment line this often, so that proxies keep it and a dead peer is noticed.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00", ErrorMessage = Section + ":StreamKeepAlive must lie between 1 s and 10 minutes.")]
    public TimeSpan StreamKeepAlive { get; set; } = TimeSpan.FromSeconds(25);

    /// <summary>Resources one session or one stream of subscriptions may watch.</summary>
    [Range(1, 10_000, ErrorMessage = Section + ":MaxSubscriptions must lie between 1 and 10000.")]
    public int MaxSubscriptions { get; set; } = 100;

    /// <summary>Streams of subscriptions one API key may hold open.</summary>
    [Range(1, 100_000, ErrorMessage = Section + ":MaxSubscriptionStreams must lie between 1 and 100000.")]
    public int MaxSubscriptionStreams { get; set; } = 100;

    /// <summary>How often it is looked whether what is subscribed to has changed; nothing is looked at without subscriptions.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "01:00:00", ErrorMessage = Section + ":SubscriptionPoll must lie between 50 ms and 1 hour.")]
    public TimeSpan SubscriptionPoll { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>A client that reads nothing of an answer for this long loses its connection.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00", ErrorMessage = Section + ":WriteTimeout must lie between 1 s and 10 minutes.")]
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Host names (without port) that are answered. Empty means: loopback names only on a loopback connection, any name elsewhere.
    /// </summary>
    public string[] AllowedHosts { get; set; } = [];

    /// <summary>Origins of browser pages that may call, for instance <c>https://chat.example.com</c>. Loopback pages may on a loopback connection.</summary>
    public string[] AllowedOrigins { get; set; } = [];

    /// <summary>
    /// Serves <c>/sse</c> and <c>/message</c> (2024-11-05) too, for clients without Streamable HTTP. Needs a load balancer that keeps a client on one process.
    /// </summary>
    public bool LegacySse { get; set; }

    /// <summary>Registers a tool that does nothing: the floor that benchmarks compare against. Never on in production.</summary>
    public bool BenchmarkNoOpTool { get; set; }
}
