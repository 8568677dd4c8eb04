using System.Net.Http.Headers;
using Engram.Tests.Shared;

namespace Engram.Api.Tests;

public class BadInputTests(ApiFixture fixture)
{
    private const string Store = "/v1/buckets/default/memories";

    [Theory]
    // Not JSON, or not of the right shape.
    [InlineData(Store, "", 400, "body")]
    [InlineData(Store, "{", 400, "body")]
    [InlineData(Store, "nonsense", 400, "body")]
    [InlineData(Store, """{"content":"x",}""", 400, "body")]
    [InlineData(Store, """{"content":"x","content":"y"}""", 400, "body")]
    [InlineData(Store, "[]", 400, "body")]
    [InlineData(Store, "null", 400, "body")]
    [InlineData(Store, "\"text\"", 400, "body")]
    // Wrong types name their place.
    [InlineData(Store, """{"content":7}""", 400, "content")]
    [InlineData(Store, """{"content":["x"]}""", 400, "content")]
    [InlineData(Store, """{"content":"x","infer":"yes"}""", 400, "infer")]
    [InlineData(Store, """{"content":"x","dedup":"sometimes"}""", 400, "dedup")]
    [InlineData(Store, """{"content":"x","dedup":1}""", 400, "dedup")]
    [InlineData(Store, """{"content":"x","occurred_at":"yesterday"}""", 400, "occurred_at")]
    [InlineData(Store, """{"content":"x","categories":"one"}""", 400, "categories")]
    [InlineData(Store, """{"content":"x","categories":["a",3]}""", 400, "categories[1]")]
    [InlineData(Store, """{"content":"x","categories":[null]}""", 400, "categories[0]")]
    [InlineData(Store, """{"content":"x","metadata":[1]}""", 400, "metadata")]
    [InlineData(Store, """{"memories":{"content":"x"}}""", 400, "memories")]
    [InlineData(Store, """{"memories":[{"content":"x"},{"content":5}]}""", 400, "memories[1].content")]
    [InlineData(Store, """{"memories":[]}""", 400, "memories")]
    [InlineData(Store, """{"memories":["x"]}""", 400, "memories[0]")]
    // Missing and blank.
    [InlineData(Store, "{}", 400, "content")]
    [InlineData(Store, """{"content":""}""", 400, "content")]
    [InlineData(Store, """{"content":"  \n "}""", 400, "content")]
    [InlineData(Store, """{"content":null}""", 400, "content")]
    // Fields nobody reads.
    [InlineData(Store, """{"content":"x","metdata":{}}""", 400, "metdata")]
    [InlineData(Store, """{"content":"x","Content":"y"}""", 400, "Content")]
    [InlineData(Store, """{"memories":[{"content":"x","colour":"red"}]}""", 400, "memories[0].colour")]
    [InlineData(Store, """{"content":"x","memories":[{"content":"y"}]}""", 400, "content")]
    // Text PostgreSQL cannot hold.
    [InlineData(Store, """{"content":"a\u0000b"}""", 400, "content")]
    [InlineData(Store, """{"content":"a\ud800b"}""", 400, "content")]
    [InlineData(Store, """{"content":"a\udc00"}""", 400, "content")]
    [InlineData(Store, """{"content":"x","user_id":"\u0000"}""", 400, "user_id")]
    [InlineData(Store, """{"content":"x","categories":["a\ud83d"]}""", 400, "categories[0]")]
    [InlineData(Store, """{"content":"x","metadata":{"k":"\u0000"}}""", 400, "metadata.k")]
    [InlineData(Store, """{"content":"x","metadata":{"k":[1,{"z":"\udfff"}]}}""", 400, "metadata.k[1].z")]
    [InlineData(Store, """{"content":"x","metadata":{"a\u0000":1}}""", 400, "metadata")]
    [InlineData(Store, """{"content":"x","\ud800":1}""", 400, "body")]
    [InlineData("/v1/buckets/a%01b/memories", """{"content":"x"}""", 400, "bucket")]
    [InlineData("/v1/buckets/a%2Fb/memories", """{"content":"x"}""", 400, "bucket")]
    [InlineData(Store, """{"content":"x","language":"klingon"}""", 400, "language")]
    // Buckets.
    [InlineData("/v1/buckets", """{"name":"a/b"}""", 400, "name")]
    [InlineData("/v1/buckets", """{"name":""}""", 400, "name")]
    [InlineData("/v1/buckets", """{"name":"019c1234-5678-7abc-8def-0123456789ab"}""", 400, "name")]
    [InlineData("/v1/buckets", """{"nmae":"x"}""", 400, "nmae")]
    // Queries.
    [InlineData("/v1/query", "{}", 400, "query")]
    [InlineData("/v1/query", """{"query":""}""", 400, "query")]
    [InlineData("/v1/query", """{"query":"   "}""", 400, "query")]
    [InlineData("/v1/query", """{"query":"x\u0000"}""", 400, "query")]
    [InlineData("/v1/query", """{"query":"x","buckets":"default"}""", 400, "buckets")]
    [InlineData("/v1/query", """{"query":"x","buckets":[]}""", 400, "buckets")]
    [InlineData("/v1/query", """{"query":"x","buckets":[3]}""", 400, "buckets[0]")]
    [InlineData("/v1/query", """{"query":"x","buckets":[{"name":"default","weight":"high"}]}""", 400, "buckets[0].weight")]
    [InlineData("/v1/query", """{"query":"x","buckets":[{"weight":1}]}""", 400, "buckets[0].name")]
    [InlineData("/v1/query", """{"query":"x","buckets":["no such bucket"]}""", 404, "bucket")]
    [InlineData("/v1/query", """{"query":"x","options":{"top_k":0}}""", 400, "options.top_k")]
    [InlineData("/v1/query", """{"query":"x","options":{"top_k":101}}""", 400, "options.top_k")]
    [InlineData("/v1/query", """{"query":"x","options":{"top_k":2.5}}""", 400, "options.top_k")]
    [InlineData("/v1/query", """{"query":"x","options":{"topk":2}}""", 400, "options.topk")]
    [InlineData("/v1/query", """{"query":"x","options":{"rerank":"heavy"}}""", 400, "options.rerank")]
    [InlineData("/v1/query", """{"query":"x","options":{"min_similarity_threshold":1e999}}""", 400, "options.min_similarity_threshold")]
    [InlineData("/v1/query", """{"query":"x","options":{"top_k_per_bucket":{"other":2}}}""", 400, "options.top_k_per_bucket.other")]
    [InlineData("/v1/query", """{"query":"x","options":{"top_k_per_bucket":"2"}}""", 400, "options.top_k_per_bucket")]
    [InlineData("/v1/query", """{"query":"x","filters":{"colour":"red"}}""", 400, "filters.colour")]
    [InlineData("/v1/query", """{"query":"x","filters":{"user_id":{"like":"a"}}}""", 400, "filters.user_id.like")]
    public async Task A_wrong_body_is_refused_naming_the_field(string path, string body, int status, string field)
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.PostAsync("/v1/buckets", """{"name":"default"}""").JsonAsync(System.Net.HttpStatusCode.Created);
        var code = status == 404 ? "bucket_not_found" : "invalid_request";

        var problem = await tenant.Http.PostAsync(path, body).ProblemAsync(status, code, field);

        Assert.NotEmpty(problem.Text("detail"));
    }

    [Theory]
    [InlineData("/v1/buckets/default/memories?limit=0", "limit")]
    [InlineData("/v1/buckets/default/memories?limit=101", "limit")]
    [InlineData("/v1/buckets/default/memories?limit=ten", "limit")]
    [InlineData("/v1/buckets/default/memories?limit=99999999999999", "limit")]
    [InlineData("/v1/buckets/default/memories?offset=-1", "offset")]
    [InlineData("/v1/buckets/default/memories?cursor=abc", "cursor")]
    [InlineData("/v1/buckets/default/memories?filter=abc", "filter")]
    [InlineData("/v1/buckets/default/memories?filter=%7B%22colour%22%3A1%7D", "filters.colour")]
    [InlineData("/v1/buckets/default/memories?status=odd", "status")]
    [InlineData("/v1/buckets/default/memories?limt=3", "limt")]
    [InlineData("/v1/buckets/default/memories?limit=3&limit=4", "limit")]
    [InlineData("/v1/buckets?limit=-5", "limit")]
    [InlineData("/router/buckets?verbose=1", "verbose")]
    public async Task A_wrong_query_string_is_refused_naming_the_parameter(string path, string field)
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.StoreAsync("default", "Something.");
        await tenant.Http.GetAsync(path).ProblemAsync(400, "invalid_request", field);
    }

    [Fact]
    public async Task A_mistyped_dry_run_deletes_nothing()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.StoreAsync("default", "Something.");

        await tenant.Http.DeleteAsync("/v1/buckets/default/memories?dryrun=true").ProblemAsync(400, "invalid_request", "dryrun");
        await tenant.Http.DeleteAsync("/v1/buckets/default/memories?dry_run=yes").ProblemAsync(400, "invalid_request", "dry_run");

        Assert.Equal(1, (await tenant.Http.GetJsonAsync("/v1/buckets/default/memories")).GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task An_unknown_field_is_told_with_the_nearest_known_one()
    {
        var tenant = await fixture.NewTenantAsync();
        var problem = await tenant.Http.PostAsync(Store, """{"content":"x","metdata":{}}""").ProblemAsync(400, "invalid_request", "metdata");
        Assert.Contains("'metadata'", problem.Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_wrong_with_a_body_is_told_at_once()
    {
        var tenant = await fixture.NewTenantAsync();
        var problem = await tenant.Http.PostAsync(Store, """{"content":7,"infer":"no","colour":1}""").ProblemAsync(400, "invalid_request", "content");
        Assert.Equal(["content", "infer", "colour"], problem.GetProperty("errors").EnumerateArray().Select(error => error.Text("field")));
    }

    [Fact]
    public async Task A_body_that_is_not_json_by_its_type_is_415()
    {
        var tenant = await fixture.NewTenantAsync();
        using var form = new FormUrlEncodedContent([new("content", "x")]);
        await tenant.Http.PostAsync(Store, form).ProblemAsync(415, "unsupported_media_type", "Content-Type");
    }

    [Fact]
    public async Task Bytes_that_are_not_utf8_are_refused_naming_the_field()
    {
        var tenant = await fixture.NewTenantAsync();
        using var body = new ByteArrayContent([.. "{\"content\":\"a"u8, 0xFF, 0xFE, .. "\"}"u8]);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        await tenant.Http.PostAsync(Store, body).ProblemAsync(400, "invalid_request", "content");
    }

    [Fact]
    public async Task What_is_too_large_is_413()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.PostAsync(Store, $$"""{"content":"{{new string('x', 65_537)}}"}""").ProblemAsync(413, "payload_too_large", "content");
        await tenant.Http.PostAsync(Store, $$$"""{"content":"x","metadata":{"k":"{{{new string('x', 17_000)}}}"}}""").ProblemAsync(413, "payload_too_large", "metadata");
        await tenant.Http.PostAsync("/v1/query", $$"""{"query":"{{new string('x', 8_193)}}"}""").ProblemAsync(400, "invalid_request", "query");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_above_the_servers_limit_is_413_with_a_length_and_without(bool withLength)
    {
        var host = fixture.Start(("Engram:Limits:BodyBytes", "4096"));
        var tenant = await fixture.NewTenantAsync(host: host);

        var reply = await RawPost.SendAsync(
            new Uri(tenant.Http.BaseAddress!, Store), $$"""{"content":"{{new string('x', 10_000)}}"}""", withLength, $"Authorization: Bearer {tenant.Key}");

        Assert.StartsWith("HTTP/1.1 413", reply, StringComparison.Ordinal);
        Assert.Contains("application/problem+json", reply, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"payload_too_large\"", reply, StringComparison.Ordinal);
        Assert.Contains("\"field\":\"body\"", reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_nul_in_the_path_does_not_get_past_the_server()
    {
        var tenant = await fixture.NewTenantAsync();
        using var response = await tenant.Http.PostAsync("/v1/buckets/a%00b/memories", """{"content":"x"}""");
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Nesting_without_end_is_refused()
    {
        var tenant = await fixture.NewTenantAsync();
        var deep = string.Concat(Enumerable.Repeat("[", 5_000)) + string.Concat(Enumerable.Repeat("]", 5_000));
        await tenant.Http.PostAsync(Store, $$$"""{"content":"x","metadata":{"k":{{{deep}}}}}""").ProblemAsync(400, "invalid_request", "body");
    }

    [Fact]
    public async Task An_endless_field_name_is_not_sent_back()
    {
        var tenant = await fixture.NewTenantAsync();
        var problem = await tenant.Http.PostAsync(Store, $$"""{"content":"x","{{new string('y', 100_000)}}":1}""").ProblemAsync(400, "invalid_request");
        Assert.True(problem.GetRawText().Length < 2_000);
    }

    [Theory]
    [InlineData("GET", "/v1/buckets/no%20such/memories", "bucket_not_found")]
    [InlineData("GET", "/v1/buckets/default/memories/nonsense", "memory_not_found")]
    [InlineData("GET", "/v1/buckets/default/memories/019c1234-5678-7abc-8def-0123456789ab", "memory_not_found")]
    [InlineData("DELETE", "/v1/buckets/default/memories/019c1234-5678-7abc-8def-0123456789ab", "memory_not_found")]
    [InlineData("DELETE", "/v1/buckets/no%20such/memories", "bucket_not_found")]
    [InlineData("DELETE", "/v1/buckets/no%20such", "bucket_not_found")]
    [InlineData("DELETE", "/account/keys/nonsense", "key_not_found")]
    public async Task What_is_not_there_is_404(string method, string path, string code)
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.StoreAsync("default", "Something.");
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        await tenant.Http.SendAsync(request).ProblemAsync(404, code);
    }
}
