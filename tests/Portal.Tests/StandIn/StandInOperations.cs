using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Engram.Portal.Tests.StandIn;

/// <summary>The routes about recorded operations.</summary>
internal static class StandInOperations
{
    public static void Map(IEndpointRouteBuilder app, StandInTenant tenant)
    {
        app.MapGet("/account/latency", (DateTimeOffset from, DateTimeOffset to) => Results.Json(Latency(tenant, from, to, 60)));
        app.MapGet("/account/latency/breakdown", (DateTimeOffset from, DateTimeOffset to, int step_seconds, string? series) => Results.Json(new
        {
            from,
            to,
            step_seconds,
            series,
            hops = Array.Empty<object>(),
            method = "exact",
        }));
        app.MapGet("/public/latency", () => Results.Json(new
        {
            from = DateTimeOffset.UtcNow.AddDays(-7),
            to = DateTimeOffset.UtcNow,
            numbers = new[] { "read", "mcp", "store", "query" }.Select(name => new { @class = name, p95_ms = name == "query" ? 4200.0 : (double?)null, p95_budget_ms = 5000, within_budget = true, samples = 12, excluded = 3, cutoffs = 1, bounded_by = "Synthesis: the provider." }),
        }));
        app.MapGet("/account/smoke", () => Results.Json(new
        {
            runs = tenant.Operations.Take(1).Select(_ => new { id = "run-1", at = DateTimeOffset.UtcNow, deploy_id = "1.4.0", verdict = "passed", duration_ms = 21_400.0, passed = 101, failed = 0, skipped = 2, floor_ratio = 2.4 }),
        }));
        app.MapGet("/account/requests", (string? outcome, string? cursor) => Results.Json(new
        {
            requests = tenant.Operations.Where(operation => outcome is null || operation.Outcome == outcome).Skip(cursor is null ? 0 : 1).Take(1).Select(Shape),
            next = cursor is null && tenant.Operations.Count > 1 ? "older" : null,
        }));
        app.MapGet("/account/requests/{id}", (string id) => tenant.Operations.Find(operation => operation.Id == id) is { } found
            ? Results.Json(Shape(found))
            : StandInRoutes.Problem(404, "request_not_found", "There is no such request."));
    }

    private static object Latency(StandInTenant tenant, DateTimeOffset from, DateTimeOffset to, int stepSeconds)
    {
        object? numbers = tenant.Operations.Count == 0 ? null : new { series = "query", from, samples = 20, p50_ms = 800, p95_ms = 6100.0, p99_ms = 40_000.0, cold = 1, excluded = new { cutoff = 2, shape_fail = 0, client_error = 1, provider_fault = 0, server_error = 0 } };
        return new
        {
            from,
            to,
            step_seconds = stepSeconds,
            cutoff_ms = 30_000,
            series = new[] { "read", "mcp", "store", "query", "floor", "store_accepted", "search" }.Select(series => new
            {
                series,
                @class = series,
                p95_budget_ms = 5000,
                bounded_by = "Synthesis.",
                within_budget = series == "query" ? false : (bool?)null,
                tail_ratio = series == "query" ? 6.56 : (double?)null,
                tail = series == "query" ? "tail_issue" : null,
                numbers = series == "query" ? numbers : null,
            }),
            operations = Array.Empty<object>(),
            steps = tenant.Operations.Count == 0 ? [] : new[] { new { series = "query", from, samples = 20, p50_ms = 800, p95_ms = 6100.0, p99_ms = 40_000.0, cold = 1 } },
            cutoffs = tenant.Operations.Count == 0 ? [] : new[] { new { series = "query", cause = "timeout", provider = "openai", model = "gpt-x", count = 2 } },
        };
    }

    private static object Shape(StandInOperation operation) => new
    {
        request_id = operation.Id,
        at = DateTimeOffset.UtcNow,
        host = "api",
        operation = operation.Name,
        @class = "query",
        series = "query",
        outcome = operation.Outcome,
        duration_ms = 1500.0,
        cold = true,
        llm_calls = 1,
        input_tokens = 900,
        output_tokens = 80,
        cost_usd = 0.00042,
        deploy_id = "1.4.0",
        hops = new[] { new { hop = "db-read", label = "keyword", start_ms = 0.1, duration_ms = 5.2 }, new { hop = "llm-call", label = "synthesize", start_ms = 6.0, duration_ms = 1490.0 } },
    };
}

public sealed record StandInOperation(string Name, string Outcome = "ok")
{
    public string Id { get; } = Guid.CreateVersion7().ToString();
}
