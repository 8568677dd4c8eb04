using Engram.Engine;
using Engram.Engine.Buckets;
using Engram.Engine.Memories;
using Engram.McpServer.Resources;
using Engram.McpServer.Tools;
using Engram.McpServer.Transport;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Engram.McpServer.Prompts;

/// <summary>Completes what a person types for an argument of a prompt or of a resource's address: buckets by name, memories by id.</summary>
internal sealed class ArgumentCompletions(BucketStore buckets, MemoryReader memories)
{
    /// <summary>Of the protocol.</summary>
    private const int MostValues = 100;

    public async ValueTask<CompleteResult> CompleteAsync(RequestContext<CompleteRequestParams> request, CancellationToken ct)
    {
        var call = McpCall.Of(request.Items);
        MemoryResources.Demand(call);
        var parameters = request.Params!;
        var known = parameters.Ref switch
        {
            PromptReference { Name: MemoryPrompts.Remember or MemoryPrompts.RecallTopic } => true,
            ResourceTemplateReference { Uri: ResourceAddress.MemoryTemplate or ResourceAddress.ProfileTemplate } => true,
            _ => false,
        };
        if (!known)
        {
            throw new McpProtocolException(
                $"Only arguments of the prompts {MemoryPrompts.Remember} and {MemoryPrompts.RecallTopic} and of {ResourceAddress.MemoryTemplate} and " +
                $"{ResourceAddress.ProfileTemplate} are completed.", McpErrorCode.InvalidParams);
        }

        var typed = parameters.Argument.Value;
        IReadOnlyList<string> values = (parameters.Ref, parameters.Argument.Name) switch
        {
            (_, "bucket") => await BucketsAsync(call, typed, ct),
            (ResourceTemplateReference { Uri: ResourceAddress.MemoryTemplate }, "id") => await MemoriesAsync(call, parameters, typed, ct),
            // A topic or a text is the person's own.
            _ => [],
        };
        return ResultMeta.Add(
            new CompleteResult
            {
                Completion = new Completion { Values = [.. values.Take(MostValues)], Total = values.Count, HasMore = values.Count > MostValues },
            },
            call);
    }

    private async Task<IReadOnlyList<string>> BucketsAsync(McpCall call, string typed, CancellationToken ct)
    {
        var all = await buckets.ListAsync(call.Caller.Tenant, call.Timer, cancellationToken: ct);
        return [.. all.Select(bucket => bucket.Name).Where(name => call.Caller.MayUse(name) && name.StartsWith(typed, StringComparison.OrdinalIgnoreCase))];
    }

    /// <summary>Of the bucket chosen before, newest first.</summary>
    private async Task<IReadOnlyList<string>> MemoriesAsync(McpCall call, CompleteRequestParams parameters, string typed, CancellationToken ct)
    {
        var bucket = parameters.Context?.Arguments is { } chosen && chosen.TryGetValue("bucket", out var name) ? name : BucketName.Default;
        if (!call.Caller.MayUse(bucket))
        {
            return [];
        }

        try
        {
            var page = await memories.ListAsync(call.Caller.Tenant, bucket, MemoryReader.MaxPage, offset: 0, cursor: null, filter: null, call.Timer, ct);
            return [.. page.Memories.Select(memory => memory.Id.ToString()).Where(id => id.StartsWith(typed, StringComparison.OrdinalIgnoreCase))];
        }
        catch (EngramException e) when (e.Kind is FailureKind.BucketNotFound or FailureKind.InvalidRequest)
        {
            return [];
        }
    }
}
