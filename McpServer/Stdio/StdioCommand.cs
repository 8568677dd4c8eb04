using System.Net.Http.Headers;
using System.Text;

namespace Engram.McpServer.Stdio;

/// <summary><c>--stdio</c>: the bridge as a program, told by its environment where to and with which key.</summary>
internal static class StdioCommand
{
    public const string Switch = "--stdio";

    public const string UrlVariable = "ENGRAM_URL";

    public const string KeyVariable = "ENGRAM_API_KEY";

    private const string DefaultUrl = "http://localhost:5181/mcp";

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync()
    {
        // Whatever else writes to the console (a library, a warning) must not end up between two messages.
        await using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" };
        Console.SetOut(Console.Error);
        var key = Environment.GetEnvironmentVariable(KeyVariable)?.Trim();
        if (string.IsNullOrEmpty(key))
        {
            await Console.Error.WriteLineAsync(
                $"engram: {KeyVariable} is not set. Put an API key (eng_live_..., from the portal's page Keys) into the environment that the client gives this program.");
            return 2;
        }

        var given = Environment.GetEnvironmentVariable(UrlVariable) is { Length: > 0 } set ? set : DefaultUrl;
        if (!Uri.TryCreate(given, UriKind.Absolute, out var url) || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps))
        {
            await Console.Error.WriteLineAsync($"engram: {UrlVariable} is '{given}', which is not an http address such as {DefaultUrl}.");
            return 2;
        }

        if (url.AbsolutePath == "/")
        {
            url = new Uri(url, Transport.McpHosting.Path);
        }

        using var handler = new SocketsHttpHandler { ConnectTimeout = ConnectTimeout, PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1) };
        using var http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var stopping = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) =>
        {
            e.Cancel = true;
            stopping.Cancel();
        };
        using var input = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8);
        await Console.Error.WriteLineAsync($"engram: passing messages on to {url}");
        using var bridge = new StdioBridge(http, url, output, Console.Error);
        await bridge.RunAsync(input, stopping.Token);
        return 0;
    }
}
