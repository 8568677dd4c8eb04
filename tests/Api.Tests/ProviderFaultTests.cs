using System.Net;
using System.Text.Json;
using Engram.Tests.Shared;

namespace Engram.Api.Tests;

/// <summary>Whatever a tenant's provider does, the caller reads whose trouble it is: no kind, on no path, over no wire, ends in a generic 500.</summary>
public sealed class ProviderFaultTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private const string Bees = "Ann keeps bees on the roof of the town hall.";
    private const string Question = """{"query":"Where does Ann keep bees?"}""";
    private const string StreamedQuestion = """{"query":"Where does Ann keep bees?","stream":true}""";

    public static TheoryData<string, string, string, int?> Faults => ProviderFaultTable.Rows;

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_is_told_by_http(string provider, string model, string kind, int? upstream)
    {
        var (tenant, _) = await fixture.NewTenantAsync(provider, model, host: fixture.HostFor(model));
        await tenant.Http.StoreAsync("default", Bees);
        var code = ProviderFaultTable.CodeOf(kind);

        using var response = await tenant.Http.PostAsync("/v1/query", Question);
        var retryAfter = response.Headers.RetryAfter;
        var problem = await Task.FromResult(response).ProblemAsync(code == "provider_timeout" ? 504 : 502, code);

        AssertFault(problem, provider, model, kind, upstream);
        Assert.Equal(model is "fault-429" or "fault-503" or "fault-529", retryAfter is not null);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_is_told_in_a_stream(string provider, string model, string kind, int? upstream)
    {
        var (tenant, _) = await fixture.NewTenantAsync(provider, model, host: fixture.HostFor(model));
        await tenant.Http.StoreAsync("default", Bees);

        using var response = await tenant.Http.PostAsync("/v1/query", StreamedQuestion);
        var text = await response.Content.ReadAsStringAsync();
        JsonElement problem;
        if (response.StatusCode == HttpStatusCode.OK)
        {
            var frames = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
            problem = JsonElement.Parse(frames.Last(frame => frame != "data: [DONE]")["data: ".Length..]).GetProperty("error");
        }
        else
        {
            problem = JsonElement.Parse(text);
        }

        Assert.Equal(ProviderFaultTable.CodeOf(kind), problem.Text("code"));
        AssertFault(problem, provider, model, kind, upstream);
    }

    private static void AssertFault(JsonElement problem, string provider, string model, string kind, int? upstream)
    {
        var fault = problem.GetProperty("provider");
        Assert.Equal((provider, model, kind), (fault.Text("name"), fault.Text("model"), fault.Text("kind")));
        if (upstream is not null)
            Assert.Equal(upstream, fault.GetProperty("upstream_status").GetInt32());
        Assert.True(fault.GetProperty("elapsed_ms").GetDouble() > 0);
        Assert.InRange(fault.GetProperty("attempts").GetInt32(), 1, 3);
        Assert.False(string.IsNullOrWhiteSpace(fault.Text("hint")));
        Assert.Contains(provider, problem.Text("detail"), StringComparison.Ordinal);
        Assert.DoesNotContain("bees", problem.GetRawText(), StringComparison.OrdinalIgnoreCase);
    }
}
