using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Accounts;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engram.Api.Operator;

/// <summary>The operator makes tenants and takes them back. Who they are after that is their owners' business.</summary>
internal static class TenantRoutes
{
    private const int DefaultList = 100;
    private const int LongestList = 1000;

    private const string ExampleRequest = """{"name":"Acme","plan":"free"}""";

    private const string ExampleOne = """
        "id":"019c1234-5678-7abc-8def-0123456789ab","name":"Acme","plan":"free","created_at":"2026-01-31T09:30:00+00:00"
        """;

    private const string ExampleMade = $$"""
        {{{ExampleOne}},"key":"eng_live_ ... shown once ...","key_id":"019c1234-5678-7abc-8def-0123456789ac","setup_token":"the token of the one-time link"}
        """;

    public static void MapTenants(this IEndpointRouteBuilder routes)
    {
        var tenants = routes.MapGroup("/admin/tenants").RequireOperator().WithTags("Operator");
        tenants.MapGet("", ListAsync).WithName("list_tenants").WithExample(response: $$"""{"tenants":[{{{ExampleOne}}}]}""").WithSummary("Tenants, newest first.");
        tenants.MapPost("", CreateAsync).WithName("create_tenant").WithExample(ExampleRequest, ExampleMade)
            .WithSummary("Makes a tenant with its default bucket, a first key with every scope and the token of its owner's one-time link into the portal.");
        tenants.MapDelete("/{id}", DeleteAsync).WithName("delete_tenant").WithSummary("Deletes a tenant with everything it has. It cannot be undone.")
            .ProducesProblems(StatusCodes.Status404NotFound);
    }

    private static async Task<Ok<TenantList>> ListAsync(Tenants tenants, [FromQuery(Name = "limit")] int? limit, CancellationToken cancellationToken)
    {
        Ranges.Check("limit", limit, 1, LongestList);
        return TypedResults.Ok(new TenantList(await tenants.ListAsync(limit ?? DefaultList, cancellationToken)));
    }

    private static async Task<Created<CreatedTenantView>> CreateAsync(
        Body<CreateTenantRequest> body, Tenants tenants, ILogger<Tenants> log, CancellationToken cancellationToken)
    {
        var made = await tenants.CreateAsync(body.Value.Name, body.Value.Plan ?? "free", cancellationToken);
        log.TenantMade(made.Info.Id);
        return TypedResults.Created($"/admin/tenants/{made.Info.Id}", CreatedTenantView.From(made));
    }

    private static async Task<Results<NoContent, Problem>> DeleteAsync(string id, Tenants tenants, ILogger<Tenants> log, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(id, out var tenant) || !await tenants.DeleteAsync(tenant, cancellationToken))
            return Problems.TenantNotFound(id);
        log.TenantDeleted(tenant);
        return TypedResults.NoContent();
    }
}
