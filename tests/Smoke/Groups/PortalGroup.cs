using Engram.Smoke.Run;
using Engram.Smoke.Wire;

namespace Engram.Smoke.Groups;

/// <summary>The portal as a browser without scripts sees it, and the sessions behind it.</summary>
internal static class PortalGroup
{
    private const string Password = "a password of the smoke";

    public static async Task RunAsync(Fixture fixture, Checks checks)
    {
        if (fixture.Target.Portal is not { } address)
        {
            checks.Skip("every check of the portal", "no address of the portal given");
            return;
        }

        var stranger = fixture.Keep(new PortalBrowser(address, CancellationToken.None));
        await checks.RunAsync("the sign-in page is shown", () => stranger.GetAsync("/sign-in"), reply => reply.Is(200).HasHeader("Content-Type", type => type.StartsWith("text/html", StringComparison.Ordinal)).With("type=\"password\""));
        await checks.RunAsync("a page lets no script of others in and nobody frame it", () => stranger.GetAsync("/sign-in"), reply =>
            reply.Is(200).HasHeader("Content-Security-Policy", policy => policy.Contains("default-src 'none'", StringComparison.Ordinal) && policy.Contains("frame-ancestors 'none'", StringComparison.Ordinal))
                .HasHeader("X-Content-Type-Options", value => value == "nosniff").HasHeader("Cache-Control", value => value.Contains("no-store", StringComparison.Ordinal)));
        await checks.RunAsync("who is not signed in is sent to sign in", () => stranger.GetAsync("/buckets"), reply =>
            reply.Is(302).HasHeader("Location", location => location.Contains("/sign-in", StringComparison.Ordinal)));
        await checks.RunAsync("a page there is not is said to be none", () => stranger.GetAsync($"/none-{fixture.Mark}"), reply => reply.Where(reply.Status is 404 or 302, "404, or the way to sign in"));
        if (fixture.Tenant.SetupToken is not { } token)
        {
            checks.Skip("every check of a signed-in person", fixture.NoOwnTenant!);
            return;
        }

        await SignedInAsync(fixture, checks, address, token);
    }

    private static async Task SignedInAsync(Fixture fixture, Checks checks, Uri address, string token)
    {
        var email = $"owner-{fixture.Mark}@example.org";
        var owner = fixture.Keep(new PortalBrowser(address, CancellationToken.None));
        await checks.RunAsync("the one-time link makes the owner", () => owner.SubmitAsync($"/setup?token={token}", email, Password), reply =>
            reply.Is(302).HasHeader("Set-Cookie", cookie => cookie.Contains("engram-session", StringComparison.Ordinal) && cookie.Contains("httponly", StringComparison.OrdinalIgnoreCase) && cookie.Contains("samesite", StringComparison.OrdinalIgnoreCase)));
        await checks.RunAsync("the link works once", () => fixture.Tenant.Api.PostAsync("/account/portal/setup", new { token, email = $"second-{email}", password = Password }), reply => reply.IsProblem(401, "unauthenticated", "token"));
        await checks.RunAsync("the overview is the owner's", () => owner.GetAsync("/"), reply => reply.Is(200).With(email));
        var bucket = fixture.NewBucket("portal");
        await fixture.StoreAsync(bucket, new { content = "The portal shows what is stored here.", infer = false });
        await checks.RunAsync("the buckets are shown", () => owner.GetAsync("/buckets"), reply => reply.Is(200).With(bucket));
        await checks.RunAsync("a bucket's memories are shown", () => owner.GetAsync($"/buckets/{bucket}"), reply => reply.Is(200).With("The portal shows what is stored here."));
        await checks.RunAsync("the keys are shown by their beginning only", () => owner.GetAsync("/keys"), reply => reply.Is(200).Without(fixture.Tenant.Key).With(fixture.Tenant.Key[..15]));

        var guest = fixture.Keep(new PortalBrowser(address, CancellationToken.None));
        await checks.RunAsync("a wrong password lets nobody in", () => guest.SubmitAsync("/sign-in", email, "not the password"), reply =>
            reply.Is(200).Without("not the password").Where(reply.Header("Set-Cookie")?.Contains("engram-session", StringComparison.Ordinal) != true, "no session"));
        await checks.RunAsync("the right password opens a session", () => guest.SubmitAsync("/sign-in", email, Password), reply => reply.Is(302).HasHeader("Set-Cookie", cookie => cookie.Contains("engram-session", StringComparison.Ordinal)));
        await checks.RunAsync("a session is ended by its owner", () => guest.PressAsync("/", "/sign-out"), reply => reply.Is(302));
        await checks.RunAsync("an ended session opens nothing", () => guest.GetAsync("/keys"), reply => reply.Is(302).HasHeader("Location", location => location.Contains("/sign-in", StringComparison.Ordinal)));

        var opened = await checks.RunAsync("the Api gives a session for a password", () => fixture.Client(fixture.Target.Api, null).PostAsync("/account/portal/sign-in", new { email, password = Password }), reply =>
            reply.Is(201).Has("tenant.id", fixture.Tenant.Id).Has("user.role", "owner").Where(reply.Text("session_token").StartsWith("eng_sess_", StringComparison.Ordinal), "a session's token"));
        if (opened is null)
            return;
        var session = fixture.Client(fixture.Target.Api, opened.Text("session_token"));
        await checks.RunAsync("a session is a key with a person behind it", () => session.GetAsync("/account/me"), reply => reply.Is(200).Has("user.email", email));
        (await session.PostAsync("/account/portal/sign-out")).Is(204);
        await checks.RunAsync("a session that was signed out is refused", () => session.GetAsync("/account/me"), reply => reply.IsProblem(401, "unauthenticated"));
    }
}
