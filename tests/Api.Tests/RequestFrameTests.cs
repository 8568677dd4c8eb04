using System.Net;

namespace Engram.Api.Tests;

public class RequestFrameTests(ApiFixture fixture)
{
    [Fact]
    public async Task Every_response_carries_its_id_and_its_timing()
    {
        var tenant = await fixture.NewTenantAsync();
        using var response = await tenant.Http.GetAsync("/router/buckets");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(Guid.TryParse(Assert.Single(response.Headers.GetValues("X-Request-Id")), out var id) && id.Version == 7);
        var timing = Assert.Single(response.Headers.GetValues("Server-Timing"));
        Assert.Matches(@"^auth-decode;dur=[\d.]+, db-read;dur=[\d.]+, serialize;dur=[\d.]+, total;dur=[\d.]+$", timing);
    }

    [Fact]
    public async Task An_unknown_route_and_a_wrong_method_are_problems()
    {
        using var client = fixture.Api.ClientWith(null);

        await client.GetAsync("/v2/nothing").ProblemAsync(404, "not_found");
        var problem = await client.PutAsync("/account/me", Wire.Json("{}")).ProblemAsync(405, "method_not_allowed");
        Assert.Contains("GET", problem.Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_names_every_part()
    {
        using var client = fixture.Api.ClientWith(null);
        var health = await client.GetJsonAsync("/health");

        Assert.Equal("healthy", health.Text("status"));
        Assert.Contains("PostgreSql_engram-app", health.GetProperty("checks").EnumerateObject().Select(check => check.Name));
    }
}
