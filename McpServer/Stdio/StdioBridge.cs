using System.Collections.Concurrent;
using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engram.McpServer.Transport;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Stdio;

/// <summary>
/// For clients that only start a program and talk to its standard input and output: passes every line on to the HTTP server and every answer back,
/// unchanged. Nothing but the protocol goes to standard output. A session that the server no longer knows is opened again without the client noticing.
/// </summary>
internal sealed class StdioBridge(HttpClient http, Uri url, TextWriter output, TextWriter log) : IDisposable
{
    private static readonly TimeSpan Reconnect = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, CancellationTokenSource> _open = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly SemaphoreSlim _reopening = new(1, 1);
    private StdioMessage? _initialize;
    private string? _session;
    private string? _version;
    private Task _events = Task.CompletedTask;

    /// <summary>Runs until the input ends or <paramref name="ct"/> fires.</summary>
    public async Task RunAsync(TextReader input, CancellationToken ct)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var running = new ConcurrentDictionary<Task, byte>();
        try
        {
            while (await input.ReadLineAsync(ct) is { } line)
            {
                if (string.IsNullOrWhiteSpace(line))
                {
                    continue;
                }

                if (await ParseAsync(line, ct) is not { } message)
                {
                    continue;
                }

                var passed = PassAsync(message, ended.Token);
                // The session has to be there before anything else is sent, and notifications keep their order.
                if (!message.IsRequest || message.Method == RequestMethods.Initialize)
                {
                    await passed;
                    continue;
                }

                running[passed] = 0;
                _ = passed.ContinueWith(done => running.TryRemove(done, out _), TaskScheduler.Default);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
        }

        // Who closes its end no longer reads answers, but what was asked for (a store, say) should be done.
        await Task.WhenAny(Task.WhenAll(running.Keys), Task.Delay(Farewell, CancellationToken.None));
        await ended.CancelAsync();
        await CloseAsync();
    }

    public void Dispose()
    {
        _writing.Dispose();
        _reopening.Dispose();
    }

    private async Task<StdioMessage?> ParseAsync(string line, CancellationToken ct)
    {
        try
        {
            return StdioMessage.Parse(line);
        }
        catch (JsonException e)
        {
            await WriteAsync(Error("null", (int)McpErrorCode.ParseError, $"Parse error: {e.Message}"), ct);
            return null;
        }
    }

    private async Task PassAsync(StdioMessage message, CancellationToken ct)
    {
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(ct);
        if (message.IsRequest)
        {
            _open[message.Id!] = cancelled;
        }

        try
        {
            if (message.Method == RequestMethods.Initialize)
            {
                (_initialize, _session, _version) = (message, null, null);
            }

            await SendAsync(message, mayReopen: true, cancelled.Token);
            if (message.Method == NotificationMethods.InitializedNotification && _session is not null)
            {
                _events = EventsAsync(_session, ct);
            }

            if (message.Cancels is not null && _open.TryGetValue(message.Cancels, out var wanted))
            {
                // Without a session, hanging up is how a request is cancelled; with one, the server ends the stream itself.
                await wanted.CancelAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // A cancelled request has no answer.
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            await log.WriteLineAsync($"engram: {url} cannot be reached: {e.Message}");
            await FailAsync(message, $"The Engram server at {url} cannot be reached: {e.Message}", ct);
        }
        finally
        {
            if (message.IsRequest)
            {
                _open.TryRemove(message.Id!, out _);
            }
        }
    }

    private async Task SendAsync(StdioMessage message, bool mayReopen, CancellationToken ct)
    {
        var session = _session;
        using var request = Request(HttpMethod.Post, message, session);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        if (response.StatusCode == HttpStatusCode.NotFound && session is not null && message.Version is null && mayReopen)
        {
            await ReopenAsync(session, ct);
            await SendAsync(message, mayReopen: false, ct);
            return;
        }

        if (message.Method == RequestMethods.Initialize && response.Headers.TryGetValues(McpHeaders.SessionId, out var ids))
        {
            _session = ids.First();
        }

        if (response.Content.Headers.ContentType?.MediaType == "text/event-stream")
        {
            await PassEventsAsync(message, response, ct);
            return;
        }

        var body = await response.Content.ReadAsStringAsync(ct);
        if (message.IsRequest)
        {
            await WriteAsync(AnswerTo(message, response.StatusCode, body), ct);
        }
        else if (!response.IsSuccessStatusCode)
        {
            await log.WriteLineAsync($"engram: the server answered {(int)response.StatusCode} to {message.Method ?? "a response"}: {Reason(body)}");
        }
    }

    private async Task PassEventsAsync(StdioMessage message, HttpResponseMessage response, CancellationToken ct)
    {
        var answered = false;
        await using var stream = await response.Content.ReadAsStreamAsync(ct);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(ct))
        {
            if (item.Data.Length == 0)
            {
                continue;
            }

            var sent = StdioMessage.Parse(item.Data);
            if (message.Method == RequestMethods.Initialize && sent.Id == message.Id)
            {
                _version = JsonNode.Parse(item.Data)?["result"]?["protocolVersion"]?.GetValue<string>();
            }

            answered |= sent.Method is null && sent.Id == message.Id;
            await WriteAsync(item.Data, ct);
        }

        if (!answered)
        {
            await FailAsync(message, "The server ended the connection before it answered.", ct);
        }
    }

    /// <summary>Opens a new session in place of one that the server forgot, as the client did at first.</summary>
    private async Task ReopenAsync(string forgotten, CancellationToken ct)
    {
        await _reopening.WaitAsync(ct);
        try
        {
            if (_session != forgotten || _initialize is null)
            {
                return;
            }

            using var request = Request(HttpMethod.Post, _initialize, session: null);
            using var response = await http.SendAsync(request, ct);
            if (!response.IsSuccessStatusCode || !response.Headers.TryGetValues(McpHeaders.SessionId, out var ids))
            {
                return;
            }

            _session = ids.First();
            var initialized = new StdioMessage("""{"jsonrpc":"2.0","method":"notifications/initialized"}""", null, NotificationMethods.InitializedNotification, null, null, null);
            using var second = Request(HttpMethod.Post, initialized, _session);
            using var accepted = await http.SendAsync(second, ct);
            _events = EventsAsync(_session, ct);
            await log.WriteLineAsync("engram: the server had ended the session; opened a new one.");
        }
        finally
        {
            _reopening.Release();
        }
    }

    /// <summary>What the server says of its own accord, for as long as this is the session.</summary>
    private async Task EventsAsync(string session, CancellationToken ct)
    {
        try
        {
            while (_session == session)
            {
                try
                {
                    using var request = Request(HttpMethod.Get, null, session);
                    using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
                    if (!response.IsSuccessStatusCode)
                    {
                        return;
                    }

                    await using var stream = await response.Content.ReadAsStreamAsync(ct);
                    await foreach (var item in SseParser.Create(stream).EnumerateAsync(ct))
                    {
                        if (item.Data.Length > 0)
                        {
                            await WriteAsync(item.Data, ct);
                        }
                    }
                }
                catch (Exception e) when (e is HttpRequestException or IOException)
                {
                    // The server is away for a moment; a request will say so if it stays away.
                }

                await Task.Delay(Reconnect, ct);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task CloseAsync()
    {
        await _events;
        if (_session is null)
        {
            return;
        }

        using var deadline = new CancellationTokenSource(Farewell);
        try
        {
            using var request = Request(HttpMethod.Delete, null, _session);
            using var response = await http.SendAsync(request, deadline.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            // It closes idle sessions itself.
        }
    }

    private HttpRequestMessage Request(HttpMethod method, StdioMessage? message, string? session)
    {
        var request = new HttpRequestMessage(method, url);
        request.Headers.TryAddWithoutValidation("Accept", method == HttpMethod.Get ? "text/event-stream" : "application/json, text/event-stream");
        if (message is not null)
        {
            request.Content = new StringContent(message.Line, Encoding.UTF8);
            request.Content.Headers.ContentType = new("application/json");
        }

        if (message?.Version is { } declared)
        {
            request.Headers.TryAddWithoutValidation(McpHeaders.ProtocolVersion, declared);
            request.Headers.TryAddWithoutValidation(McpHeaders.Method, message.Method);
            if (message.Name is { } name)
            {
                request.Headers.TryAddWithoutValidation(McpHeaders.Name, Encoded(name));
            }

            return request;
        }

        if (session is not null)
        {
            request.Headers.TryAddWithoutValidation(McpHeaders.SessionId, session);
            if (_version is not null)
            {
                request.Headers.TryAddWithoutValidation(McpHeaders.ProtocolVersion, _version);
            }
        }

        return request;
    }

    private static string Encoded(string name) => name.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 && name == name.Trim()
        ? name
        : $"=?base64?{Convert.ToBase64String(Encoding.UTF8.GetBytes(name))}?=";

    private Task FailAsync(StdioMessage message, string reason, CancellationToken ct) =>
        message.IsRequest ? WriteAsync(Error(message.Id!, (int)McpErrorCode.InternalError, reason), ct) : Task.CompletedTask;

    /// <summary>The body where it answers the request; else an error that does, with what the body says.</summary>
    private static string AnswerTo(StdioMessage message, HttpStatusCode status, string body)
    {
        try
        {
            if (JsonNode.Parse(body) is JsonObject answer && answer["jsonrpc"] is not null)
            {
                // Refused before its id was read: the client waits for an answer to this one.
                answer["id"] ??= JsonNode.Parse(message.Id!);
                return answer.ToJsonString();
            }
        }
        catch (JsonException)
        {
        }

        return Error(message.Id!, (int)McpErrorCode.InternalError, $"The server answered {(int)status}: {Reason(body)}");
    }

    private static string Reason(string body) => body.Length is 0 ? "(nothing)" : body.Length <= 300 ? body : body[..300];

    private static string Error(string id, int code, string message) =>
        $$$"""{"jsonrpc":"2.0","id":{{{id}}},"error":{"code":{{{code}}},"message":{{{JsonSerializer.Serialize(message)}}}}}""";

    private async Task WriteAsync(string message, CancellationToken ct)
    {
        await _writing.WaitAsync(ct);
        try
        {
            // A line is a message: line breaks in JSON can only stand between its parts.
            await output.WriteLineAsync(message.ReplaceLineEndings(" ").AsMemory(), ct);
            await output.FlushAsync(ct);
        }
        finally
        {
            _writing.Release();
        }
    }
}
