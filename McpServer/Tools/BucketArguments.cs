using Engram.Engine;
using Engram.Engine.Buckets;
using Engram.McpServer.Transport;

namespace Engram.McpServer.Tools;

/// <summary>Reads which bucket a call is about, and holds it against the key's allow-list.</summary>
internal sealed class BucketArguments(BucketStore buckets)
{
    /// <summary>The bucket of this call; complains where the key may not use it. Check the complaints before using it.</summary>
    public async ValueTask<string> OneAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        var bucket = arguments.Text("bucket", BucketName.MaxLength) ?? BucketName.Default;
        await CheckAsync(call, arguments, "bucket", bucket, ct);
        return bucket;
    }

    /// <summary>The buckets of this call: <c>buckets</c>, or the one in <c>bucket</c>.</summary>
    public async ValueTask<IReadOnlyList<string>> SeveralAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        if (arguments.TextList("buckets", 32, BucketName.MaxLength) is not { } several)
        {
            return arguments.Has("buckets") ? [] : [await OneAsync(call, arguments, ct)];
        }

        if (arguments.Has("bucket"))
        {
            arguments.Complain("Send either 'bucket' or 'buckets', not both.");
        }

        foreach (var bucket in several)
        {
            await CheckAsync(call, arguments, "buckets", bucket, ct);
        }

        return several;
    }

    private async ValueTask CheckAsync(McpCall call, ToolArguments arguments, string argument, string bucket, CancellationToken ct)
    {
        if (call.Caller.Buckets is not { } allowed)
        {
            return;
        }

        // The allow-list holds names. An id of a bucket outside it gets the same words as one that does not exist.
        var name = bucket;
        if (Guid.TryParse(bucket, out _))
        {
            try
            {
                name = (await buckets.GetAsync(call.Caller.Tenant, bucket, call.Timer, ct)).Name;
            }
            catch (EngramException e) when (e.Kind == FailureKind.BucketNotFound)
            {
            }
        }

        if (!call.Caller.MayUse(name))
        {
            arguments.Complain($"'{argument}' names '{bucket}', but this API key may only use: {string.Join(", ", allowed.Order())}.");
        }
    }
}
