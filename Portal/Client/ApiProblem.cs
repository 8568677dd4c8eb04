using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Engram.Portal.Client;

/// <summary>Why the Api did not do what was asked, in the words and codes of its problem details.</summary>
/// <param name="Status">HTTP status; 0 when no answer came.</param>
/// <param name="Code">The contract's code, or <see cref="Unreachable"/> / <see cref="TimedOut"/> / <see cref="Malformed"/>.</param>
/// <param name="Detail">One sentence a person can act on.</param>
/// <param name="RequestId">What to quote when asking for help; null when no answer came.</param>
/// <param name="RetryAfterSeconds">When the Api says when to try again.</param>
public sealed record ApiProblem(int Status, string Code, string Detail, string? RequestId, int? RetryAfterSeconds = null)
{
    public const string Unreachable = "api_unreachable";
    public const string TimedOut = "api_timeout";
    public const string Malformed = "api_malformed";

    [JsonIgnore]
    public bool IsUnauthenticated => Status == (int)HttpStatusCode.Unauthorized;

    [JsonIgnore]
    public bool IsNotFound => Status == (int)HttpStatusCode.NotFound;

    [JsonIgnore]
    public bool IsRetryable => Status is 0 or 429 or >= 500;

    internal static async Task<ApiProblem> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var wire = await ReadBodyAsync(response, cancellationToken);
        return new ApiProblem(
            status,
            wire?.Code ?? $"http_{status}",
            wire?.Detail ?? wire?.Error ?? wire?.Title ?? $"The Api answered {status} {response.ReasonPhrase}.",
            RequestIdOf(response) ?? wire?.TraceId,
            (int?)response.Headers.RetryAfter?.Delta?.TotalSeconds);
    }

    internal static string? RequestIdOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("X-Request-Id", out var values) ? values.FirstOrDefault() : null;

    private static async Task<Wire?> ReadBodyAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentType?.MediaType is not ("application/problem+json" or "application/json"))
        {
            return null;
        }
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            return await JsonSerializer.DeserializeAsync<Wire>(body, JsonSerializerOptions.Web, cancellationToken);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Wire(string? Title, string? Code, string? Detail, string? Error, string? TraceId);
}

/// <summary>Thrown by <see cref="EngramApiClient"/> for every answer that is not a success, and for no answer.</summary>
public sealed class ApiException(ApiProblem problem, Exception? inner = null) : Exception(problem.Detail, inner)
{
    public ApiProblem Problem { get; } = problem;
}
