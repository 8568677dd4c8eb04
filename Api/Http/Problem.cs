using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using Engram.Engine.Latency;
using Engram.Engine.Providers;

namespace Engram.Api.Http;

/// <summary>One thing wrong with a request.</summary>
/// <param name="Field">Where: a JSON path such as <c>options.top_k</c> or <c>memories[3].content</c>, a query parameter or a header.</param>
/// <param name="Message">What is wrong, and what would be right.</param>
public sealed record FieldError(string Field, string Message);

/// <summary>Whose trouble it is: the caller's own provider, what it did, and what a person can do about it.</summary>
/// <param name="Name">The provider's id in the catalogue.</param>
/// <param name="Model">The model that was asked.</param>
/// <param name="Kind">timeout, rate_limited, auth, bad_request, unavailable, reset or malformed.</param>
/// <param name="UpstreamStatus">The provider's HTTP status; left out where there was none.</param>
/// <param name="ElapsedMs">Milliseconds from the first attempt to giving up.</param>
/// <param name="Attempts">Attempts made; 0 where the provider was left alone after earlier failures.</param>
/// <param name="Hint">What to do.</param>
public sealed record ProviderFaultView(string Name, string Model, string Kind, int? UpstreamStatus, double ElapsedMs, int Attempts, string Hint)
{
    internal static ProviderFaultView From(ProviderFault fault) => new(
        fault.Provider, fault.Model, ProviderFaultKinds.NameOf(fault.Kind), fault.UpstreamStatus, Math.Round(fault.ElapsedMs, 1), fault.Attempts, fault.Hint);
}

/// <summary>The body of an RFC 9457 problem, with the members older clients read (<c>error</c>) and the ones that name a field.</summary>
/// <param name="Type">URI reference of the kind of problem.</param>
/// <param name="Title">The kind in words, the same for every occurrence.</param>
/// <param name="Status">The response's status code.</param>
/// <param name="Code">The kind as a stable word for programs.</param>
/// <param name="Detail">What happened this time.</param>
/// <param name="TraceId">Names the request in the logs and traces.</param>
/// <param name="Error">Repeats the detail for older clients.</param>
/// <param name="Field">The first field that is wrong, if a field is.</param>
/// <param name="Errors">Every field that is wrong, where there are several.</param>
/// <param name="Provider">What the caller's own provider did, where that is the trouble.</param>
public sealed record ProblemBody(
    string Type,
    string Title,
    int Status,
    string Code,
    string Detail,
    [property: JsonPropertyName("traceId")] string TraceId,
    string Error,
    string? Field = null,
    IReadOnlyList<FieldError>? Errors = null,
    ProviderFaultView? Provider = null);

/// <summary>A refusal on its way out. Made by <see cref="Problems"/> only.</summary>
public sealed class Problem : IResult, IStatusCodeHttpResult, IContentTypeHttpResult
{
    private const string ProblemJson = "application/problem+json";

    internal Problem(int status, string code, string title, string detail, params IReadOnlyList<FieldError> errors) =>
        (Status, Code, Title, Detail, Errors) = (status, code, title, detail, errors);

    public int Status { get; }

    public string Code { get; }

    public string Title { get; }

    public string Detail { get; }

    public IReadOnlyList<FieldError> Errors { get; }

    /// <summary>When to try again, or null. Sent as <c>Retry-After</c> in whole seconds, at least one.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>What the caller's own provider did, where that is the trouble.</summary>
    public ProviderFaultView? Provider { get; init; }

    /// <summary>Whose fault it is, for the record.</summary>
    internal OpOutcome Outcome => Provider is not null ? OpOutcome.ProviderFault : Status >= StatusCodes.Status500InternalServerError ? OpOutcome.ServerError : OpOutcome.ClientError;

    /// <summary>The provider's kind of fault, else the code.</summary>
    internal string Cause => Provider?.Kind ?? Code;

    int? IStatusCodeHttpResult.StatusCode => Status;

    string? IContentTypeHttpResult.ContentType => ProblemJson;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        httpContext.Features.Get<OpTimer>()?.Fail(Outcome, Cause);
        if (Status == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Bearer";
        if (RetryAfter is { } wait)
            response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString("0", CultureInfo.InvariantCulture);
        response.Headers.CacheControl = "no-store";
        return response.WriteAsJsonAsync(BodyFor(httpContext), ApiJson.Wire.ProblemBody, ProblemJson, httpContext.RequestAborted);
    }

    /// <summary>The body as it is sent. The trace id is the trace's where the request is traced, else the request's own id.</summary>
    internal ProblemBody BodyFor(HttpContext context)
    {
        var traceId = Activity.Current?.TraceId.ToHexString() ?? context.Features.Get<OpTimer>()?.RequestId.ToString() ?? context.TraceIdentifier;
        return new ProblemBody(
            $"urn:engram:problem:{Code}",
            Title,
            Status,
            Code,
            Detail,
            traceId,
            Detail,
            Errors.Count > 0 ? Errors[0].Field : null,
            Errors.Count > 1 ? Errors : null,
            Provider);
    }
}

/// <summary>Ends a request from where no result can be returned: while a parameter is bound. Caught by the request frame only.</summary>
public sealed class ProblemException(Problem problem) : Exception(problem.Detail)
{
    public Problem Problem { get; } = problem;
}
