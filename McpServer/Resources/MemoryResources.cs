using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Engram.Engine;
using Engram.Engine.Buckets;
using Engram.Engine.Keys;
using Engram.Engine.Memories;
using Engram.McpServer.Tools;
using Engram.McpServer.Transport;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Engram.McpServer.Resources;

/// <summary>Memories and profiles as resources: for people who attach them to a conversation, and for applications that show them.</summary>
internal sealed class MemoryResources(BucketStore buckets, MemoryReader memories, Profiles profiles)
{
    private const int PageSize = 50;

    private const int TitleCharacters = 80;

    private const string Markdown = "text/markdown";

    private static readonly ResourceTemplate[] Templates =
    [
        new()
        {
            UriTemplate = ResourceAddress.MemoryTemplate,
            Name = "memory",
            Title = "A memory",
            Description = "One memory: its text, when it occurred, and the facts extracted from it.",
            MimeType = Markdown,
        },
        new()
        {
            UriTemplate = ResourceAddress.ProfileTemplate,
            Name = "profile",
            Title = "A bucket's profile",
            Description = "What a bucket is about, in a few lines. Attach it at the start of a conversation.",
            MimeType = Markdown,
        },
    ];

    public static ValueTask<ListResourceTemplatesResult> ListTemplatesAsync(RequestContext<ListResourceTemplatesRequestParams> request, CancellationToken ct)
    {
        if (request.Params?.Cursor is not null)
        {
            throw UnknownCursor();
        }

        return new(ResultMeta.Add(new ListResourceTemplatesResult { ResourceTemplates = [.. Templates] }, McpCall.Of(request.Items)));
    }

    /// <summary>The profiles of all buckets first, then the memories of each bucket, newest first.</summary>
    public async ValueTask<ListResourcesResult> ListAsync(RequestContext<ListResourcesRequestParams> request, CancellationToken ct)
    {
        var call = McpCall.Of(request.Items);
        Demand(call);
        var (bucket, cursor) = Position(request.Params?.Cursor);
        var names = (await buckets.ListAsync(call.Caller.Tenant, call.Timer, cancellationToken: ct)).Select(b => b.Name).Where(call.Caller.MayUse).ToList();
        var result = new ListResourcesResult { Resources = bucket is null ? [.. names.Select(Profile)] : [] };

        // The names are sorted; where a bucket was deleted between two pages, the next one goes on.
        var at = bucket is null ? 0 : names.FindIndex(name => string.CompareOrdinal(name, bucket) >= 0);
        if (bucket is not null && at >= 0 && names[at] != bucket)
        {
            cursor = null;
        }

        if (at >= 0 && at < names.Count)
        {
            try
            {
                var page = await memories.ListAsync(call.Caller.Tenant, names[at], PageSize, offset: 0, cursor, filter: null, call.Timer, ct);
                page.Memories.Select(memory => Of(memory, page.BucketName)).ToList().ForEach(result.Resources.Add);
                result.NextCursor = page.Next is not null ? Cursor(names[at], page.Next) : at + 1 < names.Count ? Cursor(names[at + 1], null) : null;
            }
            catch (EngramException e) when (e.Kind == FailureKind.InvalidRequest)
            {
                throw UnknownCursor();
            }
        }

        return ResultMeta.Add(result, call);
    }

    public async ValueTask<ReadResourceResult> ReadAsync(RequestContext<ReadResourceRequestParams> request, CancellationToken ct)
    {
        var call = McpCall.Of(request.Items);
        var address = Address(call, request.Params?.Uri);
        try
        {
            var text = address.MemoryId is { } id
                ? Text(await memories.GetAsync(call.Caller.Tenant, address.Bucket, id, call.Timer, ct))
                : Text(address.Bucket, await profiles.GetAsync(call.Caller.Tenant, address.Bucket, call.Timer, ct));
            var contents = new TextResourceContents { Uri = request.Params!.Uri, MimeType = Markdown, Text = text };
            return ResultMeta.Add(new ReadResourceResult { Contents = [contents], TimeToLive = TimeSpan.Zero, CacheScope = CacheScope.Private }, call);
        }
        catch (EngramException e) when (e.Kind is FailureKind.BucketNotFound or FailureKind.MemoryNotFound)
        {
            throw NotFound(request.Params?.Uri);
        }
    }

    /// <summary>What a URI names, for a caller who may read it; another bucket of the tenant does not exist for a key without it.</summary>
    public static ResourceAddress Address(McpCall call, string? uri)
    {
        Demand(call);
        return ResourceAddress.TryParse(uri, out var address) && call.Caller.MayUse(address.Bucket) ? address : throw NotFound(uri);
    }

    public static McpProtocolException NotFound(string? uri) => new(
        $"There is no resource '{uri}'. Memories are {ResourceAddress.MemoryTemplate}, profiles {ResourceAddress.ProfileTemplate}; resources/list shows which there are.",
        McpErrorCode.ResourceNotFound);

    /// <summary>Refuses a key that may not read.</summary>
    public static void Demand(McpCall call)
    {
        if (!call.Caller.Has(Scopes.MemoriesRead))
        {
            throw new McpProtocolException(
                $"This API key may not read memories: it lacks the scope '{string.Join("', '", ScopeNames.Of(Scopes.MemoriesRead))}'.", McpErrorCode.InvalidRequest);
        }
    }

    private static Resource Profile(string bucket) => new()
    {
        Uri = new ResourceAddress(bucket, null).ToString(),
        Name = $"profile of {bucket}",
        Title = $"Profile of the bucket {bucket}",
        MimeType = Markdown,
        Annotations = new Annotations { Audience = [Role.User, Role.Assistant], Priority = 0.8f },
    };

    private static Resource Of(Memory memory, string bucket) => new()
    {
        Uri = new ResourceAddress(bucket, memory.Id).ToString(),
        Name = memory.Id.ToString(),
        Title = Title(memory.Content),
        Description = string.Create(CultureInfo.InvariantCulture, $"Memory of {memory.OccurredAt.UtcDateTime:yyyy-MM-dd} in the bucket {bucket}."),
        MimeType = Markdown,
        Size = Encoding.UTF8.GetByteCount(memory.Content),
        Annotations = new Annotations { Audience = [Role.User, Role.Assistant], LastModified = memory.UpdatedAt },
    };

    private static string Title(string content)
    {
        var line = content.ReplaceLineEndings(" ");
        return MemoryItems.Part(line, line.Length, from: 0, TitleCharacters).Part;
    }

    private static string Text(MemoryDetail detail)
    {
        var (memory, bucket, triples, _, _) = detail;
        var text = new StringBuilder(memory.Content).Append("\n\n")
            .Append(CultureInfo.InvariantCulture, $"*{memory.OccurredAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC, bucket {bucket}*\n");
        if (triples.Count > 0)
        {
            text.Append("\nFacts:\n");
            foreach (var triple in triples)
            {
                text.Append("- ").Append(triple.Negated ? "not: " : "").Append(triple.Subject).Append(' ').Append(triple.Predicate).Append(' ').Append(triple.Object)
                    .Append(triple.Superseded ? " (no longer)\n" : "\n");
            }
        }

        return text.ToString();
    }

    private static string Text(string bucket, Profile profile) =>
        profile.Text.Length > 0 ? profile.Text : $"There is no profile of the bucket {bucket} yet: one is made once it holds a few memories.";

    private static string Cursor(string bucket, string? cursor) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{bucket}\n{cursor}"));

    private static (string? Bucket, string? Cursor) Position(string? cursor)
    {
        if (cursor is null)
        {
            return (null, null);
        }

        if (!Base64Url.IsValid(cursor) || Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor)).Split('\n') is not [var bucket, var rest])
        {
            throw UnknownCursor();
        }

        return (bucket, rest.Length > 0 ? rest : null);
    }

    private static McpProtocolException UnknownCursor() =>
        new("Unknown cursor: send the nextCursor of the page before, or none for the first page.", McpErrorCode.InvalidParams);
}
