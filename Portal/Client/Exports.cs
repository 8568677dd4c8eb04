using Engram.Portal.Account;
using Microsoft.AspNetCore.Http.Features;

namespace Engram.Portal.Client;

/// <summary>
/// Files to save: the browser has a cookie and not the Api's bearer, so the portal hands the Api's answer through as it comes, whatever its size.
/// </summary>
internal static class Exports
{
    private static readonly Dictionary<string, string> Ledgers = new(StringComparer.Ordinal)
    {
        ["audit"] = "account/audit",
        ["provider-faults"] = "account/provider-faults",
        ["llm-calls"] = "account/llm-calls",
    };

    public static void MapExports(this WebApplication app)
    {
        app.MapGet("/export/{ledger}", (string ledger, HttpContext context, EngramApiClient api, SessionToken session) =>
            Ledgers.TryGetValue(ledger, out var path)
                ? SendAsync(context, api, session, path + context.Request.QueryString, ledger)
                : Task.FromResult(Results.NotFound())).RequireAuthorization().WithName("ExportLedger");
        app.MapGet("/export/buckets/{bucket}", SendMemoriesAsync).RequireAuthorization().WithName("ExportMemories");
    }

    private static async Task<IResult> SendMemoriesAsync(string bucket, HttpContext context, EngramApiClient api, SessionToken session)
    {
        session.Use(PortalSession.From(context.User)?.Token);
        try
        {
            await foreach (var memory in api.AllMemoriesAsync(bucket, context.RequestAborted))
            {
                if (!context.Response.HasStarted)
                {
                    Begin(context, "memories");
                }
                await context.Response.WriteAsync(memory.GetRawText() + "\n", context.RequestAborted);
            }
            if (!context.Response.HasStarted)
            {
                Begin(context, "memories");
            }
            return Results.Empty;
        }
        catch (ApiException e) when (!context.Response.HasStarted)
        {
            return Failed(e);
        }
    }

    private static async Task<IResult> SendAsync(HttpContext context, EngramApiClient api, SessionToken session, string path, string name)
    {
        session.Use(PortalSession.From(context.User)?.Token);
        try
        {
            using var answer = await api.OpenAsync(path, context.RequestAborted);
            Begin(context, name);
            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
            return Results.Empty;
        }
        catch (ApiException e) when (!context.Response.HasStarted)
        {
            return Failed(e);
        }
    }

    private static void Begin(HttpContext context, string name)
    {
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.ContentType = "application/x-ndjson";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"engram-{name}-{TimeProvider.System.GetUtcNow():yyyyMMdd-HHmmss}.ndjson\"";
    }

    private static IResult Failed(ApiException e) => Results.Text(
        $"{e.Problem.Detail}\n{e.Problem.Code}, request {e.Problem.RequestId}\n", statusCode: e.Problem.Status == 0 ? StatusCodes.Status502BadGateway : e.Problem.Status);
}
