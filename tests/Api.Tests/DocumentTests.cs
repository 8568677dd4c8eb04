using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Engram.Api.Tests;

public partial class DocumentTests(ApiFixture fixture)
{
    private const string Update = "ENGRAM_UPDATE_OPENAPI";

    private static string ApiFolder =>
        typeof(DocumentTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "ApiFolder").Value!;

    /// <summary>To take over an intended change: <c>ENGRAM_UPDATE_OPENAPI=1 dotnet test tests/Api.Tests</c>, then commit the file.</summary>
    [Fact]
    public async Task The_committed_openapi_document_is_the_one_that_is_served()
    {
        using var client = fixture.Api.ClientWith(null);
        var served = (await client.GetStringAsync("/openapi/v1.json")).ReplaceLineEndings("\n").TrimEnd() + "\n";
        var path = Path.Combine(ApiFolder, "openapi.v1.json");
        if (Environment.GetEnvironmentVariable(Update) == "1")
            await File.WriteAllTextAsync(path, served);

        var committed = await File.ReadAllTextAsync(path);
        Assert.True(committed == served, $"The routes changed, or what they say of themselves. If that is meant: {Update}=1 dotnet test tests/Api.Tests, and commit Api/openapi.v1.json.");
    }

    [Fact]
    public async Task Every_route_has_a_name_a_summary_and_where_there_is_a_body_an_example()
    {
        using var client = fixture.Api.ClientWith(null);
        var document = await client.GetJsonAsync("/openapi/v1.json");
        var operations = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject(), (path, operation) => (Route: $"{operation.Name} {path.Name}", operation.Value))
            .ToArray();

        Assert.True(operations.Length >= 20);
        Assert.All(operations, operation =>
        {
            Assert.True(operation.Value.TryGetProperty("operationId", out _), operation.Route);
            Assert.True(operation.Value.TryGetProperty("summary", out _), operation.Route);
            if (operation.Value.TryGetProperty("requestBody", out var body))
                Assert.True(body.GetProperty("content").GetProperty("application/json").TryGetProperty("example", out _), $"{operation.Route} has no example of its body");
            var success = operation.Value.GetProperty("responses").EnumerateObject().First(response => response.Name[0] == '2').Value;
            if (success.TryGetProperty("content", out var content))
                Assert.True(content.GetProperty("application/json").TryGetProperty("example", out _), $"{operation.Route} has no example of its answer");
        });
    }

    [Fact]
    public async Task Every_route_occurs_in_the_http_file_with_a_body_where_it_takes_one()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(ApiFolder, "api.http"));
        var requests = RequestLine().Matches(text)
            .Select(match => $"{match.Groups["method"].Value} {match.Groups["path"].Value.Split('?')[0]}")
            .ToHashSet(StringComparer.Ordinal);

        foreach (var route in RouteCatalogue.Of(fixture.Api))
            Assert.True(requests.Any(request => Matches(route, request)), $"api.http has no request for {route}");
        Assert.All(requests, request => Assert.True(RouteCatalogue.Of(fixture.Api).Any(route => Matches(route, request)), $"api.http calls {request}, which is no route"));
        foreach (Match body in BodyBlock().Matches(text))
            JsonDocument.Parse(body.Groups["json"].Value).Dispose();
    }

    private static bool Matches(ApiRoute route, string request) =>
        Regex.IsMatch(request, "^" + Regex.Replace(route.ToString(), @"\{\w+\}", "[^/]+").Replace(".", @"\.", StringComparison.Ordinal) + "$");

    [GeneratedRegex(@"^(?<method>GET|POST|PATCH|PUT|DELETE) \{\{api\}\}(?<path>\S+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex RequestLine();

    [GeneratedRegex(@"^(?<json>\{ .*\})$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex BodyBlock();
}
