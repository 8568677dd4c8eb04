using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Engram.Portal.Client;

/// <summary>
/// The Api as the portal uses it: one method per route, the same routes anybody can call with curl.
/// Every failure, an answer or the lack of one, is an <see cref="ApiException"/>.
/// </summary>
public sealed partial class EngramApiClient(HttpClient http, SessionToken session, ILogger<EngramApiClient> logger)
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public Task<SignedIn> SetUpAsync(SetupRequest request, CancellationToken cancellationToken) =>
        SendAsync<SignedIn>(HttpMethod.Post, "account/portal/setup", request, cancellationToken);

    public Task<SignedIn> SignInAsync(SignInRequest request, CancellationToken cancellationToken) =>
        SendAsync<SignedIn>(HttpMethod.Post, "account/portal/sign-in", request, cancellationToken);

    public Task<SignedIn> SignInAsync(OidcSignIn request, CancellationToken cancellationToken) =>
        SendAsync<SignedIn>(HttpMethod.Post, "account/portal/sign-in/oidc", request, cancellationToken);

    public Task SignOutAsync(CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, "account/portal/sign-out", null, cancellationToken);

    public Task<AccountMe> MeAsync(CancellationToken cancellationToken) =>
        SendAsync<AccountMe>(HttpMethod.Get, "account/me", null, cancellationToken);

    public Task<PlanUsage> PlanUsageAsync(CancellationToken cancellationToken) =>
        SendAsync<PlanUsage>(HttpMethod.Get, "account/plan_usage", null, cancellationToken);

    public Task<DailyUsageReport> DailyUsageAsync(string path, CancellationToken cancellationToken) =>
        SendAsync<DailyUsageReport>(HttpMethod.Get, path, null, cancellationToken);

    public Task<AuditPage> AuditAsync(string query, CancellationToken cancellationToken) =>
        SendAsync<AuditPage>(HttpMethod.Get, "account/audit" + query, null, cancellationToken);

    public async Task<IReadOnlyList<ApiKey>> KeysAsync(CancellationToken cancellationToken) =>
        (await SendAsync<KeyList>(HttpMethod.Get, "account/keys", null, cancellationToken)).Keys;

    public Task<CreatedKey> CreateKeyAsync(CreateKey key, CancellationToken cancellationToken) =>
        SendAsync<CreatedKey>(HttpMethod.Post, "account/keys", key, cancellationToken);

    public Task RevokeKeyAsync(string id, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, $"account/keys/{Uri.EscapeDataString(id)}", null, cancellationToken);

    public async Task<IReadOnlyList<Bucket>> BucketsAsync(CancellationToken cancellationToken) =>
        (await SendAsync<BucketList>(HttpMethod.Get, "v1/buckets", null, cancellationToken)).Buckets;

    public Task CreateBucketAsync(CreateBucket bucket, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, "v1/buckets", bucket, cancellationToken);

    public Task DescribeBucketAsync(string bucket, DescribeBucket description, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Patch, ApiPaths.Bucket(bucket), description, cancellationToken);

    public Task DeleteBucketAsync(string bucket, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, ApiPaths.Bucket(bucket), null, cancellationToken);

    /// <summary>How many memories a clear would remove; removes nothing.</summary>
    public async Task<long> CountClearAsync(string bucket, CancellationToken cancellationToken) =>
        (await SendAsync<Cleared>(HttpMethod.Delete, $"{ApiPaths.Memories(bucket)}?dry_run=true", null, cancellationToken)).ClearedCount;

    public Task<MemoryList> MemoriesAsync(string bucket, MemoryListing listing, CancellationToken cancellationToken) =>
        SendAsync<MemoryList>(HttpMethod.Get, ApiPaths.Memories(bucket) + listing.ToQueryString(), null, cancellationToken);

    public Task<Memory> MemoryAsync(string bucket, string id, CancellationToken cancellationToken) =>
        SendAsync<Memory>(HttpMethod.Get, ApiPaths.Memory(bucket, id), null, cancellationToken);

    public Task EditMemoryAsync(string bucket, string id, EditMemory edit, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Patch, ApiPaths.Memory(bucket, id), edit, cancellationToken);

    public Task DeleteMemoryAsync(string bucket, string id, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, ApiPaths.Memory(bucket, id), null, cancellationToken);

    public Task<QueryResult> QueryAsync(QueryRequest query, CancellationToken cancellationToken) =>
        SendAsync<QueryResult>(HttpMethod.Post, "v1/query", query, cancellationToken);

    /// <summary>How long an answer may take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>How long one may take that waits for a tenant's provider: longer than the Api itself waits.</summary>
    private static readonly TimeSpan LongPatience = TimeSpan.FromSeconds(60);

    /// <summary>The answer of a GET as it comes; the caller disposes it.</summary>
    internal Task<HttpResponseMessage> OpenAsync(string path, CancellationToken cancellationToken) =>
        ExchangeAsync(HttpMethod.Get, path, null, LongPatience, HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    /// <summary>The answer as it is on the wire, in lines a person can read.</summary>
    public async Task<string> RawAsync(ApiCall call, CancellationToken cancellationToken)
    {
        var answer = await SendAsync<JsonElement>(call.Method, call.Path, call.Body, cancellationToken, slow: true);
        return JsonSerializer.Serialize(answer, Readable);
    }

    private async Task SendAsync(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using var response = await ExchangeAsync(method, path, body, Patience, HttpCompletionOption.ResponseContentRead, cancellationToken);
    }

    private async Task<T> SendAsync<T>(HttpMethod method, string path, object? body, CancellationToken cancellationToken, bool slow = false)
    {
        using var response = await ExchangeAsync(method, path, body, slow ? LongPatience : Patience, HttpCompletionOption.ResponseContentRead, cancellationToken);
        try
        {
            return await response.Content.ReadFromJsonAsync<T>(Json, cancellationToken) ?? throw new JsonException("The body is null.");
        }
        catch (JsonException e)
        {
            throw Failed(method, path, new ApiProblem((int)response.StatusCode, ApiProblem.Malformed,
                "The Api's answer could not be read; the portal and the Api may be of different versions.", ApiProblem.RequestIdOf(response)), e);
        }
    }

    private async Task<HttpResponseMessage> ExchangeAsync(
        HttpMethod method, string path, object? body, TimeSpan patience, HttpCompletionOption completion, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = JsonContent.Create(body, body.GetType(), options: Json);
        }
        if (await session.GetAsync() is { } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        HttpResponseMessage response;
        try
        {
            response = await http.SendAsync(request, completion, limit.Token);
        }
        catch (HttpRequestException e)
        {
            throw Failed(method, path, new ApiProblem(0, ApiProblem.Unreachable,
                string.Create(CultureInfo.InvariantCulture, $"The Api at {http.BaseAddress} does not answer."), null), e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failed(method, path, new ApiProblem(0, ApiProblem.TimedOut,
                string.Create(CultureInfo.InvariantCulture, $"The Api did not answer within {patience.TotalSeconds:0} seconds."), null), e);
        }
        if (response.IsSuccessStatusCode)
        {
            return response;
        }
        using (response)
        {
            throw Failed(method, path, await ApiProblem.ReadAsync(response, cancellationToken));
        }
    }

    private ApiException Failed(HttpMethod method, string path, ApiProblem problem, Exception? inner = null)
    {
        // The query string may hold what a person searched for: it stays out of the log.
        Log.ApiFailed(logger, method.Method, path.Split('?')[0], problem.Status, problem.Code, problem.RequestId);
        return new ApiException(problem, inner);
    }
}
