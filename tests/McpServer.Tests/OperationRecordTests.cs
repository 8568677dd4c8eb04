using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.McpServer.Tests;

public sealed class OperationRecordTests(TransportFixture fixture) : IClassFixture<TransportFixture>
{
    [Theory]
    [InlineData("list_memories", """{"bucket":"default","limit":5}""", "client_error", "bucket_not_found")]
    [InlineData("list_memories", """{"limit":0}""", "client_error", "invalid_request")]
    [InlineData("list_buckets", "{}", "ok", null)]
    public async Task A_tool_call_is_recorded_under_its_name_with_how_it_ended(string tool, string arguments, string outcome, string? cause)
    {
        using var client = fixture.Client();
        var reply = await client.PostAsync($$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"{{{tool}}}","arguments":{{{arguments}}}}}""");
        var id = Guid.Parse(reply.Result.GetProperty("_meta").GetProperty("engram/request_id").GetString()!);

        var recorded = await RecordOfAsync(id);

        Assert.Equal((tool, "mcp", "mcp", outcome, cause), (recorded.Operation, recorded.Class, recorded.Host, recorded.Outcome, recorded.Cause));
        Assert.Contains("tool-dispatch", recorded.Hops.Select(h => h.Hop));
        Assert.Contains("auth-decode", recorded.Hops.Select(h => h.Hop));
        Assert.Equal([null, "response"], recorded.Hops.Where(h => h.Hop == "framing").Select(h => h.Label));
        Assert.True(recorded.RequestBytes > 50 && recorded.ResponseBytes > 100, $"{recorded.RequestBytes} bytes in, {recorded.ResponseBytes} out");
    }

    [Fact]
    public async Task A_method_that_a_client_made_up_makes_no_operation_of_its_own()
    {
        using var client = fixture.Client();
        var reply = await client.PostAsync("""{"jsonrpc":"2.0","id":1,"method":"made/up"}""");

        var recorded = await RecordOfAsync(Guid.Parse(reply.Headers.GetValues("X-Request-Id").Single()));

        Assert.Equal(("(unknown method)", "mcp"), (recorded.Operation, recorded.Class));
    }

    private async Task<RecordedOperation> RecordOfAsync(Guid id)
    {
        var services = fixture.Server.Services;
        var (principal, _) = await services.GetRequiredService<ApiKeyAuthenticator>().AuthenticateAsync(fixture.KeyA, TestContext.Current.CancellationToken);
        var until = DateTimeOffset.UtcNow.AddSeconds(20);
        while (DateTimeOffset.UtcNow < until)
        {
            // The record is made when the response has gone out, which its reader may know first.
            await services.GetRequiredService<OperationLog>().FlushAsync(TestContext.Current.CancellationToken);
            if (await services.GetRequiredService<OperationReader>().FindAsync(principal!.Tenant, id, new OpTimer(Guid.CreateVersion7()), TestContext.Current.CancellationToken) is { } found)
                return found;
        }

        throw new TimeoutException($"{id} was never recorded.");
    }
}
