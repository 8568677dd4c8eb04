using System.Text.Json.Nodes;
using Engram.Api.Auth;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Engram.Api.Http;

/// <summary>Metadata: an example of what a route takes and gives, as JSON.</summary>
internal sealed record RouteExample(string? Request, string? Response);

/// <summary>The OpenAPI document: who we are, how to authenticate, an example on every route. The rest comes from the routes.</summary>
internal static class ApiDocument
{
    public const string Name = "v1";

    private const string KeyScheme = "key";
    private const string OperatorScheme = "operator";

    public static TBuilder WithExample<TBuilder>(this TBuilder builder, string? request = null, string? response = null)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new RouteExample(request, response));

    public static void Configure(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, _, _) =>
        {
            Describe(document);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            Describe(operation, context.Description.ActionDescriptor.EndpointMetadata, context.Document!);
            return Task.CompletedTask;
        });
    }

    private static void Describe(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Engram",
            Version = Name,
            Description = "Memory for AI agents: store text into buckets, query it by keyword, vector and graph. "
                + "Errors are RFC 9457 problems with a stable `code`, and with the `field` that is wrong.",
        };

        // Where it runs is the caller's to know; the document is the same everywhere.
        document.Servers = [];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[KeyScheme] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            BearerFormat = "eng_live_...",
            Description = "An API key, as 'Authorization: Bearer eng_live_...'; 'X-API-Key: eng_live_...' works too.",
        };
        document.Components.SecuritySchemes[OperatorScheme] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "The deployment's operator secret (Engram:Operator:Secret), which no tenant has.",
        };
    }

    private static void Describe(OpenApiOperation operation, IList<object> metadata, OpenApiDocument document)
    {
        if (metadata.OfType<RequiredScope>().LastOrDefault() is { } required)
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(KeyScheme, document)] = [] }];
            operation.Description = required.Name.Length > 0 ? $"Needs a key with the scope `{required.Name}`." : "Needs a key.";
        }

        if (metadata.OfType<OperatorOnly>().Any())
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(OperatorScheme, document)] = [] }];
            operation.Description = "For the operator of the deployment.";
        }

        if (metadata.OfType<RouteExample>().LastOrDefault() is not { } example)
            return;
        if (example.Request is { } request && operation.RequestBody?.Content?.TryGetValue("application/json", out var body) == true)
            body.Example = JsonNode.Parse(request);
        if (example.Response is { } response
            && operation.Responses?.FirstOrDefault(answer => answer.Key.StartsWith('2')).Value?.Content?.TryGetValue("application/json", out var reply) == true)
        {
            reply.Example = JsonNode.Parse(response);
        }
    }
}
