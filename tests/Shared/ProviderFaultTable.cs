using Xunit;

namespace Engram.Tests.Shared;

/// <summary>What a tenant's own provider can do wrong, and what the caller must be told then: the same on every path, whichever wire the provider speaks.</summary>
public static class ProviderFaultTable
{
    /// <summary>Catalogue ids of the wires, each over its official SDK.</summary>
    public static readonly string[] Providers = ["openai-compatible", "anthropic"];

    private static readonly (string Model, string Kind, int? Upstream)[] Faults =
    [
        ("fault-400", "bad_request", 400),
        ("fault-401", "auth", 401),
        ("fault-402", "auth", 402),
        ("fault-403", "auth", 403),
        ("no-such-model", "bad_request", 404),
        ("fault-429", "rate_limited", 429),
        ("fault-500", "unavailable", 500),
        ("fault-503", "unavailable", 503),
        ("fault-504", "timeout", 504),
        ("fault-529", "unavailable", 529),
        ("fault-hang", "timeout", null),
        ("fault-slow-drip", "timeout", null),
        ("fault-reset", "reset", null),
        ("fault-malformed", "malformed", null),
        ("fault-wrong-shape", "malformed", null),
        ("fault-oversized", "malformed", null),
        ("fault-empty", "malformed", null),
        ("fault-empty-text", "malformed", null),
    ];

    /// <summary>Provider, model, kind, upstream status where one is told.</summary>
    public static TheoryData<string, string, string, int?> Rows
    {
        get
        {
            var rows = new TheoryData<string, string, string, int?>();
            foreach (var provider in Providers)
            {
                foreach (var (model, kind, upstream) in Faults)
                    rows.Add(provider, model, kind, upstream);
            }

            return rows;
        }
    }

    /// <summary>The problem's code for a kind.</summary>
    public static string CodeOf(string kind) => kind == "timeout" ? "provider_timeout" : "provider_error";

    /// <summary>Whether a model's fault only shows when the host gives up: that needs one with <see cref="Hasty"/> among its settings.</summary>
    public static bool WaitsForTheDeadline(string model) => model is "fault-hang" or "fault-slow-drip";

    /// <summary>What makes a host give up within a test's patience.</summary>
    public static (string Key, string Value) Hasty => ("Engram:Providers:DeadlineSeconds", "1.5");

    /// <summary>What lets a host reach a server on the loopback interface, and see what it does to its end, on however slow a machine.</summary>
    /// <param name="allowedHosts">Host and port of each.</param>
    public static (string Key, string Value)[] Settings(params string[] allowedHosts) =>
    [
        ("Engram:Providers:DeadlineSeconds", "120"),
        // An open breaker is still open when a test looks.
        ("Engram:Providers:BreakerSeconds", "600"),
        ("Engram:Providers:RetryMilliseconds", "20"),
        ("Engram:OwnModel:StoreSeconds", "30"),
        ("Engram:OwnModel:QuerySeconds", "30"),
        ("Engram:Providers:MaxResponseBytes", "200000"),
        .. allowedHosts.Select((host, index) => ($"Engram:Providers:AllowedHosts:{index}", host)),
    ];
}
