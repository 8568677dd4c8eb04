using Engram.Engine;
using Engram.Engine.Providers;

namespace Engram.Api.Http;

/// <summary>Makes every refusal there is. One place, so that code, status and words stay the same for the same thing.</summary>
public static class Problems
{
    public static Problem Invalid(string field, string message) => Invalid(new FieldError(field, message));

    public static Problem Invalid(params IReadOnlyList<FieldError> errors) => new(
        StatusCodes.Status400BadRequest,
        "invalid_request",
        "The request is not valid",
        errors is [var only] ? $"{only.Field}: {only.Message}" : $"{errors.Count} fields are not valid; the first is {errors[0].Field}: {errors[0].Message}",
        errors);

    public static Problem Malformed(string detail) =>
        new(StatusCodes.Status400BadRequest, "invalid_request", "The request is not valid", detail);

    /// <summary>The same for every reason: whoever tries keys learns nothing from the answer.</summary>
    public static Problem Unauthenticated() => new(
        StatusCodes.Status401Unauthorized,
        "unauthenticated",
        "The request carries no valid API key",
        "Send a valid key as 'Authorization: Bearer eng_live_...' or 'X-API-Key: eng_live_...'.");

    public static Problem NotTheOperator() => new(
        StatusCodes.Status401Unauthorized,
        "unauthenticated",
        "The request does not come from the operator",
        "Send the operator's secret (Engram:Operator:Secret of this host) as 'Authorization: Bearer ...'. Without one configured this route answers nobody.");

    public static Problem WrongSignIn() => new(
        StatusCodes.Status401Unauthorized, "unauthenticated", "Not signed in", "The e-mail address or the password is wrong.");

    public static Problem WrongIdToken() => new(
        StatusCodes.Status401Unauthorized,
        "unauthenticated",
        "Not signed in",
        "The identity provider's word was not taken: it is for another sign-in, too old, or does not say that the e-mail address is verified.");

    public static Problem NotInvited() => new(
        StatusCodes.Status403Forbidden, "not_invited", "Not a member", "Nobody with this e-mail address is a member here, and nobody has invited it.");

    public static Problem IssuerUnreadable() => new(
        StatusCodes.Status503ServiceUnavailable, "not_ready", "Not ready", "The identity provider's keys cannot be read. Try again shortly.")
    { RetryAfter = TimeSpan.FromSeconds(5) };

    public static Problem WrongSetupToken() => new(
        StatusCodes.Status401Unauthorized,
        "unauthenticated",
        "Not signed in",
        "The one-time link is wrong, too old, or was used already.",
        new FieldError("token", "Is wrong, too old, or was used already."));

    public static Problem InsufficientScope(string scope) => new(
        StatusCodes.Status403Forbidden, "insufficient_scope", "The key may not do this", $"This needs a key with the scope '{scope}'.");

    public static Problem ExceedsCreator() => new(
        StatusCodes.Status403Forbidden,
        "insufficient_scope",
        "The key may not do this",
        "A key cannot make or roll a key that is allowed more than itself: check scopes and buckets.");

    public static Problem NeedsSession() => new(
        StatusCodes.Status403Forbidden, "insufficient_scope", "The key may not do this", "This needs a portal session, not an API key.");

    /// <summary>Word for word what a missing bucket gives.</summary>
    public static Problem BucketNotFound(string bucket) => From(EngramException.NoBucket(bucket));

    public static Problem MemoryNotFound() => From(EngramException.NoMemory());

    public static Problem KeyNotFound(string id) => new(
        StatusCodes.Status404NotFound, "key_not_found", "There is no such key", $"There is no key '{Shorten(id)}'.", new FieldError("id", "There is no such key."));

    public static Problem JobNotFound(string id, string state = "failed") => new(
        StatusCodes.Status404NotFound, "job_not_found", "There is no such job", $"There is no {state} job '{Shorten(id)}'.", new FieldError("id", $"There is no such {state} job."));

    public static Problem ProviderNotFound(string id, string field = "id") => new(
        StatusCodes.Status404NotFound,
        "provider_not_found",
        "There is no such provider connection",
        $"There is no provider connection '{Shorten(id)}'. GET /account/providers lists yours.",
        new FieldError(field, "There is no such provider connection."));

    public static Problem ModelNotSet(string role) => new(
        StatusCodes.Status404NotFound,
        "model_not_set",
        "There is no such model",
        $"No model is set for '{Shorten(role)}'. Roles are: {string.Join(", ", ModelRoleNames.All)}.",
        new FieldError("role", "No model is set for it."));

    public static Problem RequestNotFound(string id) => new(
        StatusCodes.Status404NotFound, "request_not_found", "There is no such request",
        $"There is no recorded request '{Shorten(id)}'. Records are written within a second or two and kept for a time.", new FieldError("id", "There is no such request."));

    public static Problem NeedsOwner() => new(
        StatusCodes.Status403Forbidden, "insufficient_scope", "Only an owner may do this", "Only an owner makes an owner, or changes one.");

    public static Problem MemberNotFound(string id) => new(
        StatusCodes.Status404NotFound, "member_not_found", "There is no such member", $"There is no member or invitation '{Shorten(id)}'.", new FieldError("id", "There is no such member or invitation."));

    public static Problem SessionNotFound(string id) => new(
        StatusCodes.Status404NotFound, "session_not_found", "There is no such session", $"There is no open session '{Shorten(id)}'.", new FieldError("id", "There is no such open session."));

    public static Problem TenantNotFound(string id) => new(
        StatusCodes.Status404NotFound, "tenant_not_found", "There is no such tenant", $"There is no tenant '{Shorten(id)}'.", new FieldError("id", "There is no such tenant."));

    public static Problem SmokeRunNotFound(string id) => new(
        StatusCodes.Status404NotFound, "smoke_run_not_found", "There is no such run", $"There is no smoke run '{Shorten(id)}'.", new FieldError("id", "There is no such run."));

    public static Problem NotPublished() => new(
        StatusCodes.Status404NotFound, "route_not_found", "There is nothing here", "This deployment does not publish its numbers.");

    public static Problem RouteNotFound(HttpRequest request) => new(
        StatusCodes.Status404NotFound, "not_found", "There is nothing here", $"There is no route {request.Method} {Shorten(request.Path)}. See /openapi/v1.json.");

    public static Problem MethodNotAllowed(HttpRequest request, string allowed) => new(
        StatusCodes.Status405MethodNotAllowed,
        "method_not_allowed",
        "The method is not allowed here",
        $"{Shorten(request.Method)} is not allowed on {Shorten(request.Path)}; allowed: {allowed}.");

    /// <summary>What the engine refused, in its own words.</summary>
    public static Problem From(EngramException e)
    {
        FieldError[] errors = e.Field is { } field ? [new FieldError(field, e.Message)] : [];
        return e.Kind switch
        {
            FailureKind.BucketNotFound => new Problem(StatusCodes.Status404NotFound, "bucket_not_found", "There is no such bucket", e.Message, errors),
            FailureKind.MemoryNotFound => new Problem(StatusCodes.Status404NotFound, "memory_not_found", "There is no such memory", e.Message, errors),
            FailureKind.EntityNotFound => new Problem(StatusCodes.Status404NotFound, "entity_not_found", "There is no such entity", e.Message, errors),
            FailureKind.Conflict => new Problem(StatusCodes.Status409Conflict, "conflict", "It conflicts with what is there", e.Message, errors),
            FailureKind.IdempotencyConflict => new Problem(
                StatusCodes.Status409Conflict, "idempotency_conflict", "The idempotency key was used for another request", e.Message, errors),
            FailureKind.PayloadTooLarge => new Problem(
                StatusCodes.Status413PayloadTooLarge, "payload_too_large", "The request is too large", e.Message, errors),
            FailureKind.QuotaExceeded => new Problem(
                StatusCodes.Status429TooManyRequests, "quota_exceeded", "A limit is reached", e.Message, errors)
            { RetryAfter = e.RetryAfter },
            FailureKind.ProviderKeyMissing => new Problem(
                StatusCodes.Status412PreconditionFailed, "provider_key_missing", "A provider of your own is needed", e.Message, errors),
            FailureKind.NotReady => new Problem(StatusCodes.Status503ServiceUnavailable, "not_ready", "Not ready", e.Message, errors),
            FailureKind.RateLimited => RateLimited(e.Message, e.RetryAfter),
            FailureKind.Busy => new Problem(StatusCodes.Status503ServiceUnavailable, "not_ready", "Not ready", e.Message, errors) { RetryAfter = e.RetryAfter },
            _ => new Problem(StatusCodes.Status400BadRequest, "invalid_request", "The request is not valid", e.Message, errors),
        };
    }

    /// <summary>The caller's own provider failed: said to be its failure, and never one of this server. How long it wants to be left alone is passed on.</summary>
    public static Problem From(ProviderFault fault)
    {
        var timeout = fault.Kind == ProviderFaultKind.Timeout;
        return new Problem(
            timeout ? StatusCodes.Status504GatewayTimeout : StatusCodes.Status502BadGateway,
            timeout ? "provider_timeout" : "provider_error",
            timeout ? "Your model provider took too long" : "Your model provider failed",
            $"{fault.Sentence()} {fault.Hint}".TrimEnd())
        {
            Provider = ProviderFaultView.From(fault),
            RetryAfter = fault.RetryAfter ?? (fault.Kind == ProviderFaultKind.RateLimited ? TimeSpan.FromSeconds(1) : null),
        };
    }

    public static Problem Conflict(string field, string detail) => new(
        StatusCodes.Status409Conflict, "conflict", "It conflicts with what is there", detail, new FieldError(field, detail));

    public static Problem UnsupportedMediaType(string? contentType) => new(
        StatusCodes.Status415UnsupportedMediaType,
        "unsupported_media_type",
        "The content type is not supported",
        $"The body must be JSON: send 'Content-Type: application/json', not '{Shorten(contentType ?? "")}'.",
        new FieldError("Content-Type", "Must be application/json."));

    public static Problem PayloadTooLarge(string field, string detail) => new(
        StatusCodes.Status413PayloadTooLarge, "payload_too_large", "The request is too large", detail, new FieldError(field, detail));

    public static Problem RateLimited(string detail, TimeSpan? retryAfter) => new(
        StatusCodes.Status429TooManyRequests, "rate_limited", "Too many requests", detail)
    { RetryAfter = retryAfter ?? TimeSpan.FromSeconds(1) };

    public static Problem NotReady() => new(
        StatusCodes.Status503ServiceUnavailable, "not_ready", "Not ready", "The service cannot reach its database. Try again shortly.")
    { RetryAfter = TimeSpan.FromSeconds(1) };

    public static Problem Internal() => new(
        StatusCodes.Status500InternalServerError, "internal_error", "Something went wrong", "The request failed for no fault of yours. Its trace id finds it in the logs.");

    /// <summary>For a status the framework set without a body.</summary>
    internal static Problem? ForBareStatus(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => RouteNotFound(context.Request),
        StatusCodes.Status405MethodNotAllowed => MethodNotAllowed(context.Request, context.Response.Headers.Allow.ToString()),
        StatusCodes.Status413PayloadTooLarge => PayloadTooLarge("body", "The body is too large."),
        StatusCodes.Status415UnsupportedMediaType => UnsupportedMediaType(context.Request.ContentType),
        >= 400 and < 500 => Malformed("The request is not valid."),
        _ => null,
    };

    /// <summary>What a caller sent, short enough to send back.</summary>
    internal static string Shorten(string text) => text.Length <= 100 ? text : string.Concat(text.AsSpan(0, 100), "...");
}
