using System.Text;
using System.Text.Json;

namespace Engram.McpServer.Tests;

/// <summary>Results fit a model's context, and nothing is lost by it.</summary>
public sealed class ResultSizeTests(ToolFixture fixture) : IClassFixture<ToolFixture>
{
    [Fact]
    public async Task A_long_memory_is_cut_in_lists_and_read_whole_part_by_part()
    {
        var tenant = await fixture.NewTenantAsync();
        var words = new StringBuilder();
        for (var i = 0; words.Length < 60_000; i++)
        {
            words.Append("word").Append(i).Append(' ');
        }

        var text = words.ToString().Trim();
        var id = await tenant.StoreAsync(text);
        await tenant.StoreAsync("A short one stays whole.");

        var list = await tenant.CallAsync("list_memories");
        var (shortOne, longOne) = (list.Data.GetProperty("memories")[0], list.Data.GetProperty("memories")[1]);
        var read = new StringBuilder(Cut(longOne.GetProperty("content").GetString()!));
        var parts = 0;
        for (int? from = longOne.GetProperty("next_from").GetInt32(); from is not null; parts++)
        {
            var part = (await tenant.CallAsync("get_memory", new { memory_id = id, from })).Data;
            from = part.TryGetProperty("next_from", out var next) ? next.GetInt32() : null;
            Assert.Equal(from is not null, part.TryGetProperty("truncated", out _));
            read.Append(from is null ? part.GetProperty("content").GetString() : Cut(part.GetProperty("content").GetString()!));
        }

        Assert.False(shortOne.TryGetProperty("truncated", out _));
        Assert.True(longOne.GetProperty("truncated").GetBoolean());
        Assert.True(parts > 1, "The rest came at once.");
        Assert.Equal(text, read.ToString());
        Assert.Contains("ends at character", (await tenant.CallAsync("get_memory", new { memory_id = id, from = text.Length })).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task However_many_and_long_the_memories_are_a_result_stays_small()
    {
        var tenant = await fixture.NewTenantAsync();
        for (var i = 0; i < 40; i++)
        {
            await tenant.StoreAsync(string.Join(' ', Enumerable.Range(0, 900).Select(n => $"m{i}x{n}")));
        }

        var list = await tenant.CallAsync("list_memories", new { limit = 100 });
        var search = await tenant.CallAsync("search_memories", new { query = "m1x1 m2x2 m3x3", top_k = 40 });

        Assert.Equal(40, list.Data.GetProperty("memories").GetArrayLength());
        Assert.All(new[] { list, search }, reply => Assert.InRange(reply.Text.Length, 1_000, 45_000));
    }

    [Fact]
    public async Task Clients_older_than_structured_content_get_the_data_once()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.StoreAsync("She said \"twice\" \\ 你好.");
        using var client = fixture.Server.Client(tenant.Key);

        var old = await InSessionAsync(client, "2025-03-26");
        var current = await InSessionAsync(client, "2025-11-25");

        Assert.False(old.TryGetProperty("structuredContent", out _));
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(old.GetProperty("content")[0].GetProperty("text").GetString()!), current.GetProperty("structuredContent")));
        Assert.Equal("She said \"twice\" \\ 你好.", current.GetProperty("structuredContent").GetProperty("memories")[0].GetProperty("content").GetString());
    }

    private static async Task<JsonElement> InSessionAsync(RawMcpClient client, string version)
    {
        var session = await client.InitializeAsync(version);
        return (await client.PostAsync(Rpc.Call(5, "list_memories"), ("Mcp-Session-Id", session))).Result;
    }

    private static string Cut(string part)
    {
        Assert.EndsWith(" [...]", part, StringComparison.Ordinal);
        return part[..^" [...]".Length];
    }
}
