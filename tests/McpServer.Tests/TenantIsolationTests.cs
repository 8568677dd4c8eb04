using System.Text.Json;

namespace Engram.McpServer.Tests;

/// <summary>Two tenants: whatever a tool is told of the other's, it answers as if that did not exist.</summary>
public sealed class TenantIsolationTests(ToolFixture fixture) : IClassFixture<ToolFixture>
{
    private const string Secret = "Zebulon keeps the amber key under the third stone.";

    [Fact]
    public async Task Every_tool_answers_the_others_ids_as_if_they_did_not_exist()
    {
        var owner = await fixture.NewTenantAsync();
        var stranger = await fixture.NewTenantAsync();
        var memoryId = await owner.StoreAsync(Secret, "vault");
        await stranger.StoreAsync("The stranger's own.");
        var bucketId = (await owner.CallAsync("list_buckets")).Data.GetProperty("buckets")[0].GetProperty("id").GetString()!;
        using var client = fixture.Server.Client(stranger.Key);
        var tools = (await client.PostAsync(Rpc.Request(1, "tools/list"))).Result.GetProperty("tools").EnumerateArray().ToList();

        foreach (var tool in tools)
        {
            foreach (var (theirBucket, noBucket) in new[] { ("vault", "never-was"), (bucketId, Guid.CreateVersion7().ToString()) })
            {
                // Storing under the name of another's bucket makes one's own.
                var name = tool.GetProperty("name").GetString()!;
                if (name == "store_memory" && theirBucket == "vault")
                {
                    continue;
                }

                var noMemory = Guid.CreateVersion7().ToString();
                var theirs = await stranger.CallAsync(name, Arguments(tool, memoryId, theirBucket));
                var nothing = await stranger.CallAsync(name, Arguments(tool, noMemory, noBucket));

                Assert.DoesNotContain("Zebulon", theirs.Result.GetRawText(), StringComparison.Ordinal);
                Assert.Equal(
                    nothing.WithoutMeta.Replace(noMemory, "M", StringComparison.Ordinal).Replace(noBucket, "B", StringComparison.Ordinal),
                    theirs.WithoutMeta.Replace(memoryId, "M", StringComparison.Ordinal).Replace(theirBucket, "B", StringComparison.Ordinal));
            }

            // Their memory, looked for in one's own bucket.
            var inOwn = await stranger.CallAsync(tool.GetProperty("name").GetString()!, Arguments(tool, memoryId, "default"));
            Assert.DoesNotContain("Zebulon", inOwn.Result.GetRawText(), StringComparison.Ordinal);
            await stranger.StoreAsync("The stranger's own.");
        }

        var read = await owner.CallAsync("get_memory", new { memory_id = memoryId, bucket = "vault" });
        Assert.Equal(Secret, read.Data.GetProperty("content").GetString());
        Assert.Equal(1, read.Data.GetProperty("version").GetInt32());
    }

    [Fact]
    public async Task A_name_used_by_both_means_each_ones_own()
    {
        var one = await fixture.NewTenantAsync();
        var other = await fixture.NewTenantAsync();
        await one.StoreAsync(Secret, "diary");
        await other.StoreAsync("Nothing of note.", "diary");

        var found = await other.CallAsync("search_memories", new { query = Secret, bucket = "diary" });

        Assert.DoesNotContain("Zebulon", found.Text, StringComparison.Ordinal);
        Assert.Equal(1, (await other.CallAsync("list_memories", new { bucket = "diary" })).Data.GetProperty("total").GetInt32());
    }

    /// <summary>A valid call of any tool, about this memory and this bucket. A property nobody here knows fails the test on purpose.</summary>
    private static string Arguments(JsonElement tool, string memoryId, string bucket)
    {
        var arguments = new Dictionary<string, object>();
        foreach (var property in tool.GetProperty("inputSchema").GetProperty("properties").EnumerateObject())
        {
            switch (property.Name)
            {
                case "memory_id":
                    arguments["memory_id"] = memoryId;
                    break;
                case "bucket":
                    arguments["bucket"] = bucket;
                    break;
                case "query" or "question":
                    arguments[property.Name] = "Where does Zebulon keep the amber key?";
                    break;
                case "content":
                    arguments["content"] = "Overwritten by a stranger.";
                    break;
                case "from":
                    arguments["from"] = 0;
                    break;
                case "confirm":
                    arguments["confirm"] = true;
                    break;
                case "buckets" or "top_k" or "filters" or "limit" or "offset" or "cursor" or "dedup" or "metadata" or "user_id" or "categories"
                    or "occurred_at" or "wait" or "synthesize" or "fallback":
                    break;
                default:
                    Assert.Fail($"{tool.GetProperty("name")} has an argument this test does not try: {property.Name}");
                    break;
            }
        }

        return JsonSerializer.Serialize(arguments);
    }
}
