using Engram.Engine.Buckets;
using Engram.Engine.Keys;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>A bucket in a few lines.</summary>
internal sealed class GetProfileTool(Profiles profiles, BucketArguments buckets) : EngramTool(Define(
    "get_profile",
    "Get a bucket's profile",
    "Read what one bucket is about in a few lines: the people, things and relations its memories say most of. Call it once at the start of a " +
    "conversation to know whom you talk to, instead of searching blindly. It is made from time to time: n_memories_at_gen says how " +
    "many memories it was made from. For a particular fact use search_memories.",
    $$$$"""
    {"type": "object", "properties": {
      {{{{Schemas.Bucket}}}}},
      "additionalProperties": false}
    """,
    """
    {"type": "object", "properties": {
      "bucket_id": {"type": "string"}, "status": {"type": "string"}, "profile": {"type": "string"}, "updated_at": {"type": "string"},
      "n_memories_at_gen": {"type": "integer"}, "source": {"type": "string"}}, "required": ["bucket_id", "status", "profile"]}
    """,
    readOnly: true))
{
    public override Scopes Scope => Scopes.MemoriesRead;

    public override async ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        var bucket = await buckets.OneAsync(call, arguments, ct);
        if (arguments.Invalid)
        {
            return null;
        }

        var profile = await profiles.GetAsync(call.Caller.Tenant, bucket, call.Timer, ct);
        return ToolResult.Ok(
            call,
            new ProfileResult(profile.BucketId, profile.Status, profile.Text, profile.UpdatedAt, profile.MemoriesAtGeneration, profile.Source),
            ToolJson.Wire.ProfileResult);
    }
}
