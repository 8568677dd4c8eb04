using System.Net;
using System.Text.RegularExpressions;
using Engram.Portal.Tests.StandIn;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;

namespace Engram.Portal.Tests;

/// <summary>The portal as it runs, on Kestrel and over real HTTP, in front of a stand-in of the Api.</summary>
public sealed partial class PortalHost : IAsyncDisposable
{
    private readonly WebApplicationFactory<Program> factory;
    private readonly DirectoryInfo keys = Directory.CreateTempSubdirectory("engram-portal-tests");

    private PortalHost(StandInApi api, IReadOnlyDictionary<string, string> settings)
    {
        Api = api;
        factory = new Factory(builder =>
        {
            builder.UseEnvironment("Production");
            builder.UseSetting("services:api:http:0", api.Address);
            builder.UseSetting("services:mcp:http:0", api.Address);
            builder.UseSetting("Engram:Portal:KeysFolder", keys.FullName);
            // All tests come from one address; the limit has a test of its own.
            builder.UseSetting("Engram:Portal:SignInAttemptsPerMinute", "500");
            foreach (var (name, value) in settings)
            {
                builder.UseSetting(name, value);
            }
        });
        factory.UseKestrel(0);
        factory.StartServer();
    }

    public StandInApi Api { get; }

    public Uri Address => factory.ClientOptions.BaseAddress;

    public IServiceProvider Services => factory.Services;

    public static async Task<PortalHost> StartAsync(bool isSetUp = true, params (string Name, string Value)[] settings) =>
        new(await StandInApi.StartAsync(isSetUp), settings.ToDictionary(setting => setting.Name, setting => setting.Value));

    /// <summary>A browser without scripts: it keeps cookies and does not follow redirects by itself.</summary>
    public Browser Open() => new(Address);

    public async ValueTask DisposeAsync()
    {
        await factory.DisposeAsync();
        await Api.DisposeAsync();
        keys.Delete(recursive: true);
    }

    private sealed class Factory(Action<IWebHostBuilder> configure) : WebApplicationFactory<Program>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder) => configure(builder);
    }
}

/// <summary>One portal for the tests of a class that only read.</summary>
public sealed class SharedPortal : IAsyncLifetime
{
    public PortalHost Portal { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Portal = await PortalHost.StartAsync();

    public ValueTask DisposeAsync() => Portal.DisposeAsync();
}

public sealed partial class Browser(Uri address) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = address };

    public void Dispose() => http.Dispose();

    public Task<HttpResponseMessage> GetAsync(string path) => http.GetAsync(path);

    public async Task<string> ReadAsync(string path)
    {
        using var response = await GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>Loads the page, fills its form and sends it, hidden fields and antiforgery token as the page gave them.</summary>
    public async Task<HttpResponseMessage> SubmitAsync(string path, string action, params (string Name, string Value)[] fields)
    {
        var page = await ReadAsync(path);
        var form = FormPattern().Matches(page).Select(match => match.Value)
            .Single(html => html.Contains($"action=\"{action}\"", StringComparison.Ordinal) || (action == path && !html.Contains("action=\"/", StringComparison.Ordinal)));
        var hidden = HiddenPattern().Matches(form)
            .Select(match => (Name: WebUtility.HtmlDecode(match.Groups["name"].Value), Value: WebUtility.HtmlDecode(match.Groups["value"].Value)));
        return await PostAsync(action, [.. hidden, .. fields]);
    }

    public async Task<HttpResponseMessage> PostAsync(string path, params (string Name, string Value)[] fields)
    {
        using var content = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
        return await http.PostAsync(path, content);
    }

    public Task<HttpResponseMessage> SignInAsync(string path = "/sign-in", string password = StandInApi.Password) =>
        SubmitAsync(path, path, ("Input.Email", StandInApi.Email), ("Input.Password", password));

    [GeneratedRegex("<form.*?</form>", RegexOptions.Singleline)]
    private static partial Regex FormPattern();

    [GeneratedRegex("""<input[^>]*type="hidden"[^>]*name="(?<name>[^"]*)"[^>]*value="(?<value>[^"]*)"[^>]*>""")]
    private static partial Regex HiddenPattern();
}
