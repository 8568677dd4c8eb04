using System.Net;
using System.Text.RegularExpressions;

namespace Engram.Smoke.Wire;

/// <summary>A browser without scripts: it keeps cookies, fills forms and follows no redirect by itself.</summary>
internal sealed partial class PortalBrowser : IDisposable
{
    private readonly CookieContainer _cookies = new();
    private readonly ApiClient _timed;
    private readonly Uri _address;

    public PortalBrowser(Uri address, CancellationToken stop)
    {
        _address = address;
        _timed = new ApiClient(address, null, stop);
    }

    public Task<Reply> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    /// <summary>Loads a page, fills the fields of its only form with a password, and sends it with its hidden fields as the page gave them.</summary>
    public async Task<Reply> SubmitAsync(string path, string email, string password)
    {
        var page = await GetAsync(path);
        var form = Form().Matches(page.Body).Select(match => match.Value).FirstOrDefault(html => html.Contains("type=\"password\"", StringComparison.Ordinal))
            ?? throw new UnexpectedException($"expected a form with a password. {page}");
        var fields = new List<KeyValuePair<string, string>>();
        foreach (Match input in Input().Matches(form))
        {
            var (name, type, value) = (Attribute(input.Value, "name"), Attribute(input.Value, "type"), Attribute(input.Value, "value"));
            if (name.Length > 0)
                fields.Add(new(name, type switch { "email" => email, "password" => password, "checkbox" => "true", _ => value }));
        }

        return await SendAsync(HttpMethod.Post, path, new FormUrlEncodedContent(fields));
    }

    /// <summary>Sends the form that goes to <paramref name="action"/>, as the page gave it.</summary>
    public async Task<Reply> PressAsync(string path, string action)
    {
        var page = await GetAsync(path);
        var form = Form().Matches(page.Body).Select(match => match.Value).FirstOrDefault(html => html.Contains($"action=\"{action}\"", StringComparison.Ordinal))
            ?? throw new UnexpectedException($"expected a form for {action}. {page}");
        var fields = Input().Matches(form).Select(input => new KeyValuePair<string, string>(Attribute(input.Value, "name"), Attribute(input.Value, "value"))).Where(field => field.Key.Length > 0);
        return await SendAsync(HttpMethod.Post, action, new FormUrlEncodedContent(fields));
    }

    public void Dispose()
    {
        _timed.Dispose();
    }

    private async Task<Reply> SendAsync(HttpMethod method, string path, HttpContent? content)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (_cookies.GetCookieHeader(_address) is { Length: > 0 } cookies)
            request.Headers.TryAddWithoutValidation("Cookie", cookies);
        var reply = await _timed.SendAsync(request, $"{method} {path.Split('?')[0]} (portal)");
        if (reply.Header("Set-Cookie") is { } set)
            _cookies.SetCookies(_address, set);
        return reply;
    }

    private static string Attribute(string tag, string name) =>
        WebUtility.HtmlDecode(Regex.Match(tag, $"\\s{name}=\"(?<value>[^\"]*)\"").Groups["value"].Value);

    [GeneratedRegex("<form.*?</form>", RegexOptions.Singleline)]
    private static partial Regex Form();

    [GeneratedRegex("<input[^>]*>")]
    private static partial Regex Input();
}
