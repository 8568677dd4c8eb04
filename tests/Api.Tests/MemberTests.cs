using System.Net;
using System.Text.Json;

namespace Engram.Api.Tests;

public class MemberTests(ApiFixture fixture)
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task An_invitation_makes_a_member_with_its_role_once()
    {
        using var owner = await OwnerAsync();
        var email = NewEmail();
        var invited = await InviteAsync(owner.Client, email, "viewer").JsonAsync(HttpStatusCode.Created);
        Assert.Equal(email, Assert.Single((await owner.Client.GetJsonAsync("/account/members")).GetProperty("invitations").EnumerateArray()).Text("email"));
        using var nobody = fixture.Api.ClientWith(null);

        var joined = await AcceptAsync(nobody, invited.Text("token"), Password).JsonAsync(HttpStatusCode.Created);

        Assert.Equal((email, "viewer"), (joined.GetProperty("user").Text("email"), joined.GetProperty("user").Text("role")));
        var members = await owner.Client.GetJsonAsync("/account/members");
        Assert.Equal(["owner", "viewer"], members.GetProperty("members").EnumerateArray().Select(member => member.Text("role")));
        Assert.Empty(members.GetProperty("invitations").EnumerateArray());
        await AcceptAsync(nobody, invited.Text("token"), Password).ProblemAsync(401, "unauthenticated");
        await InviteAsync(owner.Client, email.ToUpperInvariant(), "admin").ProblemAsync(409, "conflict", "email");
    }

    [Fact]
    public async Task A_viewer_can_change_nothing_on_any_route()
    {
        using var owner = await OwnerAsync();
        using var viewer = await JoinAsync(owner.Client, "viewer");
        string[] harmless = ["/v1/query", "/account/portal/sign-out", "/account/portal/switch"];
        var tried = 0;

        foreach (var route in RouteCatalogue.BehindKey(fixture.Api).Where(route => route.Method != "GET" && !harmless.Contains(route.Pattern) && route.Pattern != "/account/sessions/{id}"))
        {
            tried++;
            using var request = RouteCatalogue.RequestFor(route, "default", Guid.CreateVersion7().ToString());
            using var response = await viewer.Client.SendAsync(request);
            Assert.True(response.StatusCode == HttpStatusCode.Forbidden, $"{route}: {(int)response.StatusCode}");
        }

        Assert.True(tried >= 25, $"Only {tried} routes that change something were found.");
        await viewer.Client.GetJsonAsync("/v1/buckets");
    }

    [Fact]
    public async Task Another_role_or_a_removal_ends_the_sessions_of_that_person_at_once()
    {
        using var owner = await OwnerAsync();
        using var member = await JoinAsync(owner.Client, "viewer");
        await member.Client.GetJsonAsync("/account/me");

        await PatchAsync(owner.Client, member.UserId, "admin").JsonAsync(HttpStatusCode.NoContent);

        await member.Client.GetAsync("/account/me").ProblemAsync(401, "unauthenticated");
        var again = await SignInAsync(member.Email);
        using var asAdmin = fixture.Api.ClientWith(again.Text("session_token"));
        await asAdmin.GetJsonAsync("/account/members");
        await owner.Client.DeleteAsync(new Uri($"/account/members/{member.UserId}", UriKind.Relative)).JsonAsync(HttpStatusCode.NoContent);
        await asAdmin.GetAsync("/account/me").ProblemAsync(401, "unauthenticated");
        Assert.Contains((await owner.Client.GetJsonAsync("/account/audit")).GetProperty("entries").EnumerateArray(), entry => entry.Text("action") == "member.remove");
    }

    [Fact]
    public async Task A_session_opened_while_its_role_was_being_changed_has_the_new_role()
    {
        using var owner = await OwnerAsync();
        using var admin = await JoinAsync(owner.Client, "admin");
        // As if the sign-in had read the role before the change and written its session after it.
        await fixture.ExecuteAsync("update engram.memberships set role = 'viewer' where user_id = $1", Guid.Parse(admin.UserId));

        await admin.Client.GetAsync("/account/members").ProblemAsync(403, "insufficient_scope");
        await admin.Client.GetJsonAsync("/v1/buckets");
    }

    [Fact]
    public async Task Only_an_owner_makes_or_changes_an_owner_and_the_last_one_stays()
    {
        using var owner = await OwnerAsync();
        using var admin = await JoinAsync(owner.Client, "admin");

        await InviteAsync(admin.Client, NewEmail(), "owner").ProblemAsync(403, "insufficient_scope");
        await PatchAsync(admin.Client, owner.UserId, "viewer").ProblemAsync(403, "insufficient_scope");
        await PatchAsync(admin.Client, admin.UserId, "owner").ProblemAsync(403, "insufficient_scope");
        await PatchAsync(owner.Client, owner.UserId, "admin").ProblemAsync(409, "conflict", "role");
        await owner.Client.DeleteAsync(new Uri($"/account/members/{owner.UserId}", UriKind.Relative)).ProblemAsync(409, "conflict", "role");
        await PatchAsync(owner.Client, Guid.CreateVersion7().ToString(), "admin").ProblemAsync(404, "member_not_found", "id");
    }

    [Fact]
    public async Task A_person_of_two_tenants_goes_from_one_to_the_other_and_to_no_third()
    {
        using var first = await OwnerAsync();
        using var second = await OwnerAsync();
        using var third = await OwnerAsync();
        var invited = await InviteAsync(second.Client, first.Email, "viewer").JsonAsync(HttpStatusCode.Created);
        using var nobody = fixture.Api.ClientWith(null);
        await AcceptAsync(nobody, invited.Text("token"), "not their password").ProblemAsync(401, "unauthenticated");
        await AcceptAsync(nobody, invited.Text("token"), Password).JsonAsync(HttpStatusCode.Created);

        var tenants = (await first.Client.GetJsonAsync("/account/portal/tenants")).GetProperty("tenants").EnumerateArray().ToDictionary(tenant => tenant.Text("id"), tenant => tenant.Text("role"));
        Assert.Equal(2, tenants.Count);
        await SwitchAsync(first.Client, third.TenantId).ProblemAsync(404, "tenant_not_found");
        var switched = await SwitchAsync(first.Client, second.TenantId).JsonAsync(HttpStatusCode.Created);

        Assert.Equal("viewer", switched.GetProperty("user").Text("role"));
        await first.Client.GetAsync("/account/me").ProblemAsync(401, "unauthenticated");
        using var there = fixture.Api.ClientWith(switched.Text("session_token"));
        Assert.Equal(second.TenantId, (await there.GetJsonAsync("/account/me")).GetProperty("tenant").Text("id"));
    }

    [Fact]
    public async Task Sessions_are_listed_and_ended_one_s_own_by_anybody_and_all_by_an_admin()
    {
        using var owner = await OwnerAsync();
        using var viewer = await JoinAsync(owner.Client, "viewer");

        var all = (await owner.Client.GetJsonAsync("/account/sessions")).GetProperty("sessions").EnumerateArray().ToArray();
        var own = (await viewer.Client.GetJsonAsync("/account/sessions")).GetProperty("sessions").EnumerateArray().ToArray();
        Assert.Equal(2, all.Length);
        Assert.Equal((viewer.Email, true, "A test"), (Assert.Single(own).Text("email"), own[0].GetProperty("current").GetBoolean(), own[0].Text("client")));
        var ofOwner = all.Single(session => session.Text("email") == owner.Email).Text("id");
        await viewer.Client.DeleteAsync(new Uri($"/account/sessions/{ofOwner}", UriKind.Relative)).ProblemAsync(404, "session_not_found", "id");

        await owner.Client.DeleteAsync(new Uri($"/account/sessions/{own[0].Text("id")}", UriKind.Relative)).JsonAsync(HttpStatusCode.NoContent);

        await viewer.Client.GetAsync("/account/me").ProblemAsync(401, "unauthenticated");
        await owner.Client.GetJsonAsync("/account/me");
    }

    [Fact]
    public async Task A_withdrawn_invitation_lets_nobody_in_and_neither_does_an_earlier_one()
    {
        using var owner = await OwnerAsync();
        using var other = await OwnerAsync();
        using var nobody = fixture.Api.ClientWith(null);
        var email = NewEmail();
        var first = await InviteAsync(owner.Client, email, "viewer").JsonAsync(HttpStatusCode.Created);
        var second = await InviteAsync(owner.Client, email, "admin").JsonAsync(HttpStatusCode.Created);
        await AcceptAsync(nobody, first.Text("token"), Password).ProblemAsync(401, "unauthenticated");

        await other.Client.DeleteAsync(new Uri($"/account/invitations/{second.Text("id")}", UriKind.Relative)).ProblemAsync(404, "member_not_found", "id");
        await owner.Client.DeleteAsync(new Uri($"/account/invitations/{second.Text("id")}", UriKind.Relative)).JsonAsync(HttpStatusCode.NoContent);

        await AcceptAsync(nobody, second.Text("token"), Password).ProblemAsync(401, "unauthenticated");
    }

    private static string NewEmail() => $"{Guid.NewGuid():N}@example.org";

    private static Task<HttpResponseMessage> InviteAsync(HttpClient client, string email, string role) =>
        client.PostAsync("/account/members/invite", JsonSerializer.Serialize(new { email, role }));

    private static Task<HttpResponseMessage> AcceptAsync(HttpClient client, string token, string password) =>
        client.PostAsync("/account/portal/accept", JsonSerializer.Serialize(new { token, password, client = "A test" }));

    private static Task<HttpResponseMessage> SwitchAsync(HttpClient client, string tenantId) =>
        client.PostAsync("/account/portal/switch", JsonSerializer.Serialize(new { tenant_id = tenantId }));

    private static Task<HttpResponseMessage> PatchAsync(HttpClient client, string user, string role) =>
        client.PatchAsync(new Uri($"/account/members/{user}", UriKind.Relative), Wire.Json($$"""{"role":"{{role}}"}"""));

    private async Task<JsonElement> SignInAsync(string email)
    {
        using var client = fixture.Api.ClientWith(null);
        return await client.PostAsync("/account/portal/sign-in", JsonSerializer.Serialize(new { email, password = Password })).JsonAsync(HttpStatusCode.Created);
    }

    private async Task<Person> OwnerAsync()
    {
        var (tenantId, token, email) = await fixture.NewSetupAsync();
        using var client = fixture.Api.ClientWith(null);
        var made = await client.PostAsync("/account/portal/setup", JsonSerializer.Serialize(new { token, email, password = Password })).JsonAsync(HttpStatusCode.Created);
        return await PersonAsync(made, tenantId.ToString());
    }

    private async Task<Person> JoinAsync(HttpClient inviter, string role)
    {
        var invited = await InviteAsync(inviter, NewEmail(), role).JsonAsync(HttpStatusCode.Created);
        using var nobody = fixture.Api.ClientWith(null);
        var joined = await AcceptAsync(nobody, invited.Text("token"), Password).JsonAsync(HttpStatusCode.Created);
        return await PersonAsync(joined, joined.GetProperty("tenant").Text("id"), inviter);
    }

    private async Task<Person> PersonAsync(JsonElement session, string tenantId, HttpClient? lister = null)
    {
        var client = fixture.Api.ClientWith(session.Text("session_token"));
        var email = session.GetProperty("user").Text("email");
        var members = (await (lister ?? client).GetJsonAsync("/account/members")).GetProperty("members").EnumerateArray();
        return new Person(client, tenantId, members.Single(member => member.Text("email") == email).Text("user_id"), email);
    }

    private sealed record Person(HttpClient Client, string TenantId, string UserId, string Email) : IDisposable
    {
        public void Dispose() => Client.Dispose();
    }
}
