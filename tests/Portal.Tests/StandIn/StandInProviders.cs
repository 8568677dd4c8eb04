using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Engram.Portal.Tests.StandIn;

/// <summary>The routes about providers, jobs and the ledgers.</summary>
internal static class StandInProviders
{
    public static void Map(IEndpointRouteBuilder app, StandInTenant tenant)
    {
        app.MapGet("/account/providers/catalogue", () => Results.Json(new
        {
            prices_as_of = "2026-03-31",
            providers = new[] { new { id = "openai", display_name = "OpenAI", wire_format = "openai", base_url = "https://api.openai.com/v1/", key_required = true, suggested_models = new[] { new { role = "extract", model = "gpt-x" } } } },
        }));
        app.MapGet("/account/providers", () => Results.Json(new { providers = tenant.Providers.Select(Shape), models = tenant.Providers.Take(1).Select(each => new { role = "synthesize", connection_id = each.Id, provider = "openai", model = "gpt-x", updated_at = DateTimeOffset.UtcNow }) }));
        app.MapGet("/account/budgets", () => Results.Json(new { tenant = new { daily_tokens = 50_000, used_tokens = 1200, used_usd = 0.5 }, keys = Array.Empty<object>(), resets_at = "2026-11-22T00:00:00Z" }));
        app.MapGet("/account/jobs", (string? state, string? before) => Results.Json(new { jobs = tenant.Jobs.Where(job => state is null || job.State == state).Select(Shape) }));
        app.MapGet("/account/jobs/depth", () => Results.Json(new
        {
            queued = tenant.Jobs.Count(job => job.State == "queued"),
            retrying = 0,
            running = tenant.Jobs.Count(job => job.State == "running"),
            dead = tenant.Jobs.Count(job => job.State == "dead"),
            oldest_queued_at = tenant.Jobs.Any(job => job.State == "queued") ? DateTimeOffset.UtcNow.AddMinutes(-95) : (DateTimeOffset?)null,
        }));
        app.MapGet("/account/provider-faults", (string? kind, string? format, int? limit) => Ledger(format, limit, "faults", tenant.Faults.Where(fault => kind is null || fault.Kind == kind).Select(fault => new
        {
            id = Guid.CreateVersion7(),
            at = DateTimeOffset.UtcNow,
            request_id = Guid.CreateVersion7(),
            operation = "POST /v1/query",
            role = "synthesize",
            provider = "openai",
            model = "gpt-x",
            kind = fault.Kind,
            upstream_status = 504,
            elapsed_ms = 30_012.5,
            wait_ms = 900,
            attempts = 2,
            hint = fault.Hint,
        })));
        app.MapGet("/account/audit", (string? actor, string? format, int? limit) => Ledger(format, limit, "entries", tenant.Audit.Where(entry => actor is null || entry.Actor == actor).Select(entry => new
        {
            id = Guid.CreateVersion7(),
            at = DateTimeOffset.UtcNow,
            actor = entry.Actor,
            key_id = Guid.CreateVersion7(),
            key_prefix = "eng_sess_abc",
            ip = "203.0.113.7",
            action = entry.Action,
            target = "provider:1",
            before = new { last_four = "7f3a" },
            request_id = Guid.CreateVersion7(),
        })));
    }

    private static IResult Ledger(string? format, int? limit, string name, IEnumerable<object> entries) => format == "ndjson"
        ? Results.Text(string.Concat(entries.Select(entry => JsonSerializer.Serialize(entry) + "\n")), "application/x-ndjson")
        : Results.Json(entries.Count() > limit
            ? new Dictionary<string, object> { [name] = entries.Take(limit.Value), ["next"] = "the-51st" }
            : new Dictionary<string, object> { [name] = entries });

    private static object Shape(StandInProvider provider) => new
    {
        id = provider.Id,
        provider = "openai",
        label = provider.Label,
        key = "...7f3a",
        roles = new[] { "synthesize" },
        created_at = DateTimeOffset.UtcNow,
        last_error_at = DateTimeOffset.UtcNow.AddHours(-2),
        last_error = "rate_limited",
    };

    private static object Shape(StandInJob job) => new
    {
        job_id = job.Id,
        memory_id = job.Id,
        bucket_name = "default",
        state = job.State,
        attempts = 3,
        created_at = DateTimeOffset.UtcNow.AddMinutes(-5),
        triples = job.State == "done" ? 4 : (int?)null,
        error = job.Error,
    };
}

public sealed record StandInProvider(string Label)
{
    public string Id { get; } = Guid.CreateVersion7().ToString();
}

public sealed record StandInJob(string State, string? Error = null)
{
    public string Id { get; } = Guid.CreateVersion7().ToString();
}

public sealed record StandInFault(string Kind, string Hint);

public sealed record StandInAudit(string Actor, string Action);
