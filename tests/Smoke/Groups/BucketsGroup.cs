using System.Globalization;
using Engram.Smoke.Run;
using Engram.Smoke.Wire;

namespace Engram.Smoke.Groups;

/// <summary>Buckets, and the floor: what the simplest authenticated request costs.</summary>
internal static class BucketsGroup
{
    private const int FloorWarmUp = 20;
    private const int FloorRounds = 60;

    // Measured 2.4 on a quiet machine, 3 on a busy one; a wrong primitive on every request (bcrypt) is 100 and more.
    private const double FloorLimit = 15;

    public static async Task RunAsync(Fixture fixture, Checks checks)
    {
        var api = fixture.Tenant.Api;
        var name = fixture.NewBucket("buckets");
        var made = await checks.RunAsync("a bucket is made", () => api.PostAsync("/v1/buckets", new { name, description = "Made by the smoke." }), reply =>
            reply.Is(201).Has("name", name).Has("bucket_name", name).Has("description", "Made by the smoke.").Has("memory_count", 0).HasText("id").HasText("created_at"));
        var id = made?.Text("id") ?? name;
        await checks.RunAsync("a name that is taken is a conflict", () => api.PostAsync("/v1/buckets", new { name }), reply => reply.IsProblem(409, "conflict", "name"));
        await checks.RunAsync("a name with a slash is refused", () => api.PostAsync("/v1/buckets", new { name = "a/b" }), reply => reply.IsProblem(400, "invalid_request", "name"));
        await checks.RunAsync("a new bucket is listed", () => api.GetAsync("/v1/buckets"), reply =>
            reply.Is(200).Where(reply.Items("buckets").Single(bucket => bucket.Text("name") == name).Number("memory_count") == 0, "it to be empty"));
        await checks.RunAsync("buckets come in pages", () => api.GetAsync("/v1/buckets?limit=1&offset=1"), reply => reply.Is(200).Where(reply.Items("buckets").Length == 1, "one bucket"));
        await fixture.StoreAsync(name, new { content = "One memory for the counter.", infer = false });
        await checks.RunAsync("the router sees size and last write", () => api.GetAsync("/router/buckets"), reply =>
        {
            var bucket = reply.Is(200).Items("buckets").Single(bucket => bucket.Text("name") == name);
            reply.Where(bucket.Number("memory_count") == 1 && bucket.Text("id") == id, "one memory in it").Where(!bucket.Lacks("last_write_at"), "its last write");
        });
        await checks.RunAsync("a bucket is found by its id", () => api.GetAsync($"/v1/buckets/{id}/memories"), reply => reply.Is(200).Has("total", 1));
        await checks.RunAsync("a bucket without a profile says so", () => api.GetAsync($"/v1/buckets/{name}/profile"), reply =>
            reply.Is(200).Has("bucket_id", id).Where(reply.Text("status") is "not_installed" or "pending", "no profile yet"));
        await checks.RunAsync("a bucket there is not is not found", () => api.GetAsync($"/v1/buckets/{name}-none/profile"), reply => reply.IsProblem(404, "bucket_not_found"));
        await FloorAsync(fixture, checks);
        await checks.RunAsync("a bucket is deleted", () => api.DeleteAsync($"/v1/buckets/{name}"), reply => reply.Is(204));
        await checks.RunAsync("a deleted bucket is gone with its memories", () => api.GetAsync($"/v1/buckets/{id}/memories"), reply => reply.IsProblem(404, "bucket_not_found"));
    }

    /// <summary>Both in turns over warm connections of one client, so that what disturbs one disturbs the other; of each the lower quartile, which other work on the machine hardly moves.</summary>
    private static async Task FloorAsync(Fixture fixture, Checks checks)
    {
        var api = fixture.Tenant.Api;
        double ratio = 0;
        var reply = await checks.RunAsync(
            "the floor: GET /router/buckets is near GET /alive",
            async () =>
            {
                var (floor, read) = (new List<double>(), new List<double>());
                Reply last = null!;
                for (var round = -FloorWarmUp; round < FloorRounds; round++)
                {
                    var bare = (await api.GetAsync("/alive")).Is(200);
                    last = (await api.GetAsync("/router/buckets")).Is(200);
                    if (round < 0)
                        continue;
                    floor.Add(bare.Ms);
                    read.Add(last.Ms);
                }

                ratio = Math.Round(LowerQuartile(read) / LowerQuartile(floor), 2);
                return last with { Ms = LowerQuartile(read) };
            },
            reply => reply.Where(ratio < FloorLimit, string.Create(CultureInfo.InvariantCulture, $"at most {FloorLimit:0} times the bare floor, and it takes {ratio:0.0} times as long")));
        if (reply is not null || ratio > 0)
            fixture.Requests[SmokeRun.BucketsFloor] = ratio.ToString(CultureInfo.InvariantCulture);
    }

    private static double LowerQuartile(List<double> values)
    {
        values.Sort();
        return values[values.Count / 4];
    }
}
