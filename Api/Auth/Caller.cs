using System.Net;
using System.Reflection;
using Engram.Api.Http;
using Engram.Engine;
using Engram.Engine.Audit;
using Engram.Engine.Buckets;
using Engram.Engine.Keys;
using Engram.Engine.Latency;

namespace Engram.Api.Auth;

/// <summary>Who calls, and the request's clock: the parameter every handler behind a key takes.</summary>
/// <param name="Principal">The key's owner and what the key may do.</param>
/// <param name="Timer">The request's clock.</param>
public sealed record Caller(Principal Principal, OpTimer Timer)
{
    /// <summary>Address the request came from, as this server sees it.</summary>
    public IPAddress? Address { get; init; }

    internal IHeaderDictionary? ReplyHeaders { get; init; }

    /// <summary>Tells the caller what is left of the plan, if there is anything to tell; not after the response has begun.</summary>
    public void Tell(string? usageWarning)
    {
        if (usageWarning is not null && ReplyHeaders is { } headers)
            headers["Engram-Usage-Warning"] = usageWarning;
    }

    public Tenant Tenant => Principal.Tenant;

    /// <summary>The caller as the audit names them.</summary>
    public Actor Actor => new(
        Tenant, Principal.User?.Email ?? Principal.KeyName, Principal.KeyId, Principal.KeyPrefix, Address?.ToString(), Timer.RequestId);

    /// <summary>Set by the authentication middleware, so it is missing only where a route forgot to ask for a key.</summary>
    public static ValueTask<Caller?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        context.Features.Get<Caller>() is { } caller
            ? ValueTask.FromResult<Caller?>(caller)
            : throw new InvalidOperationException($"The route of '{parameter.Member.Name}' takes a caller but asks for no key.");

    /// <summary>
    /// Ends the request if the bucket of this name is outside the key's allow-list: with the same answer a missing bucket gives, so that a
    /// key learns nothing of the tenant's other buckets.
    /// </summary>
    public void DemandBucketName(string name)
    {
        RefuseEncodedSlash("name", name);
        if (!Principal.MayUse(name))
            throw new ProblemException(Problems.BucketNotFound(name));
    }

    /// <summary>The same for a bucket given by name or id. Only a restricted key that gives an id costs a look at the database.</summary>
    public async ValueTask DemandBucketAsync(BucketStore store, string bucket, CancellationToken cancellationToken)
    {
        RefuseEncodedSlash("bucket", bucket);
        if (Principal.Buckets is null)
            return;
        var name = Guid.TryParse(bucket, out _) ? (await store.GetAsync(Tenant, bucket, Timer, cancellationToken)).Name : bucket;
        if (!Principal.MayUse(name))
            throw new ProblemException(Problems.BucketNotFound(bucket));
    }

    /// <summary>The server leaves an encoded slash of a path encoded: without this, "a%2Fb" would be a bucket of that very name.</summary>
    private static void RefuseEncodedSlash(string field, string name)
    {
        if (name.Contains("%2F", StringComparison.OrdinalIgnoreCase))
            throw new ProblemException(Problems.Invalid(field, "A bucket name has no slashes."));
    }
}
