using System.Net;

namespace Engram.Api.Tests;

public class JobTests(ApiFixture fixture)
{
    [Fact]
    public async Task A_waiting_job_is_cancelled_once_keeps_its_memory_and_can_be_retried()
    {
        var tenant = await fixture.NewTenantAsync();
        var memory = await tenant.Http.StoreAsync("default", "Ann prefers window seats.");
        var job = Assert.Single((await tenant.Http.GetJsonAsync("/account/jobs?state=queued")).GetProperty("jobs").EnumerateArray());
        Assert.Equal(("default", memory), (job.Text("bucket_name"), job.Text("memory_id")));
        var depth = await tenant.Http.GetJsonAsync("/account/jobs/depth");
        Assert.Equal((1, 0), (depth.GetProperty("queued").GetInt64(), depth.GetProperty("dead").GetInt64()));
        Assert.InRange(depth.GetProperty("oldest_queued_at").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddSeconds(5));
        var cancel = $"/account/jobs/{job.Text("job_id")}/cancel";
        var other = await fixture.NewTenantAsync();
        await other.Http.PostAsync(cancel, "{}").ProblemAsync(404, "job_not_found", "id");

        await tenant.Http.PostAsync(cancel, "{}").JsonAsync(HttpStatusCode.NoContent);

        var cancelled = Assert.Single((await tenant.Http.GetJsonAsync("/account/jobs?state=dead")).GetProperty("jobs").EnumerateArray());
        Assert.StartsWith("Cancelled by ", cancelled.Text("error"), StringComparison.Ordinal);
        Assert.Equal("failed", (await tenant.Http.GetJsonAsync($"/v1/buckets/default/memories/{memory}")).Text("extraction"));
        Assert.Equal("job.cancel", Assert.Single((await tenant.Http.GetJsonAsync("/account/audit")).GetProperty("entries").EnumerateArray()).Text("action"));
        await tenant.Http.PostAsync(cancel, "{}").ProblemAsync(404, "job_not_found", "id");
        Assert.Equal(1, (await tenant.Http.PostAsync("/account/jobs/retry", "{}").JsonAsync(HttpStatusCode.OK)).GetProperty("retried").GetInt64());
        Assert.Equal(1, (await tenant.Http.GetJsonAsync("/account/jobs/depth")).GetProperty("queued").GetInt64());
    }
}
