using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Engram.Portal.Tests.StandIn;

/// <summary>The routes about people, their sessions and tenants.</summary>
internal static class StandInPeople
{
    public const string Invitation = "invitation-of-the-test";
    public const string OtherTenant = "t-2";

    public static void Map(IEndpointRouteBuilder app, StandInTenant tenant)
    {
        app.MapPost("/account/portal/accept", (JsonElement body) => body.GetProperty("token").GetString() == Invitation
            ? Results.Json(StandInRoutes.Session(tenant, null))
            : StandInRoutes.Problem(401, "unauthenticated", "The one-time link is wrong, too old, or was used already."));
        app.MapPost("/account/portal/switch", (JsonElement body) =>
        {
            if (body.GetProperty("tenant_id").GetString() != OtherTenant)
            {
                return StandInRoutes.Problem(404, "tenant_not_found", "There is no such tenant.");
            }
            tenant.Name = "Another tenant";
            return Results.Json(StandInRoutes.Session(tenant, null));
        });
        app.MapGet("/account/portal/tenants", () => Results.Json(new
        {
            tenants = new[] { new { id = "t-1", name = tenant.Name, role = tenant.Role }, new { id = OtherTenant, name = "Another tenant", role = "viewer" } },
        }));
        app.MapGet("/account/members", () => tenant.Role == "viewer"
            ? StandInRoutes.Problem(403, "insufficient_scope", "This route needs a key with the scope account:admin.")
            : Results.Json(new
            {
                members = new[] { new { user_id = "u-1", email = StandInApi.Email, role = tenant.Role, since = DateTimeOffset.UtcNow.AddDays(-9) } },
                invitations = new[] { new { id = "i-1", email = "bob@example.test", role = "viewer", invited_by = StandInApi.Email, created_at = DateTimeOffset.UtcNow, expires_at = DateTimeOffset.UtcNow.AddDays(7) } },
            }));
        app.MapGet("/account/sessions", () => Results.Json(new
        {
            sessions = new[] { new { id = "s-1", client = "Firefox on Linux", prefix = "eng_sess_abc", email = StandInApi.Email, role = tenant.Role, created_at = DateTimeOffset.UtcNow, expires_at = DateTimeOffset.UtcNow.AddHours(12), current = true } },
        }));
    }
}
