using System.Globalization;
using System.Text.Json;
using Engram.Engine.Keys;

namespace Engram.Api.Http;

/// <summary>
/// What the Api calls itself with before it listens: every hot path, on a small bucket of the warm-up's tenant. As often as each connection of a
/// small pool needs to have seen each statement twice, after which it is prepared.
/// </summary>
internal sealed class ApiRehearsal(WarmUpCaller caller, HttpClient http, CancellationToken cancellationToken)
{
    private const string Bucket = "/v1/buckets/warm-up";
    private const int HeavyRounds = 8;
    private const int ReadRounds = 21;
    private const int Readers = 4;

    private static readonly string[] Reads = ["/router/buckets", "/v1/buckets", "/account/plan_usage", $"{Bucket}/profile", $"{Bucket}/memories?limit=20", "/account/me", "/health"];

    public static async Task RunAsync(IServiceProvider services, HttpClient http, CancellationToken cancellationToken)
    {
        var caller = services.GetRequiredService<WarmUpCaller>();
        try
        {
            await new ApiRehearsal(caller, http, cancellationToken).RunAsync();
        }
        finally
        {
            caller.Leave();
        }
    }

    private async Task RunAsync()
    {
        await WarmUpCaller.BeStrangerAsync(http, "/account/me", cancellationToken);
        // The same texts each time: they are there from the second start on.
        await PostAsync($"{Bucket}/memories", """
            {"memories":[{"content":"Ada lives in Lisbon and works on the compiler.","infer":false},
            {"content":"Ben plays the cello in Porto on Sundays.","infer":false},{"content":"Cleo prefers window seats on trains to Madrid.","infer":false}]}
            """);
        for (var round = 0; round < HeavyRounds; round++)
            await HeavyAsync(round.ToString(CultureInfo.InvariantCulture));
        await Task.WhenAll(Enumerable.Range(0, Readers).Select(async _ =>
        {
            for (var round = 0; round < ReadRounds; round++)
                await GetAsync(Reads[round % Reads.Length]);
        }));
    }

    /// <summary>Each read, a query of each kind, and a memory that is stored, read and deleted. Each time in other words, which no cache knows.</summary>
    private async Task HeavyAsync(string round)
    {
        foreach (var read in Reads)
            await GetAsync(read);
        await PostAsync("/v1/query", $$"""{"query":"Where does Ada live in year {{round}}?","buckets":["warm-up"],"options":{"skip_synthesis":true} }""");
        await PostAsync("/v1/query", $$"""{"query":"Who plays the cello in week {{round}}?","buckets":["warm-up"]}""");
        using var receipt = JsonDocument.Parse(await PostAsync($"{Bucket}/memories", $$"""{"content":"Start {{Guid.NewGuid()}} was rehearsed.","dedup":"off","infer":false}"""));
        var memory = $"{Bucket}/memories/{receipt.RootElement.GetProperty("memory_id").GetString()}";
        await GetAsync(memory);
        await caller.SendAsync(http, HttpMethod.Delete, memory, null, [], cancellationToken);
    }

    private async Task GetAsync(string path) => await caller.SendAsync(http, HttpMethod.Get, path, null, [], cancellationToken);

    private async Task<string> PostAsync(string path, string json) => (await caller.SendAsync(http, HttpMethod.Post, path, json, [], cancellationToken)).Body;
}
