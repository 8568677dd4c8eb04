using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Engram.Portal.Client;

/// <summary>Something a page asks the Api.</summary>
/// <param name="Path">Without the address in front.</param>
public sealed record ApiCall(HttpMethod Method, string Path, object? Body = null);

/// <summary>The command that does over HTTP what a page does, quoted so that a shell runs it as it stands.</summary>
public static class Curl
{
    /// <summary>Read from the environment of whoever pastes it; a session's bearer is never printed.</summary>
    public const string KeyVariable = "$ENGRAM_API_KEY";

    private static readonly JsonSerializerOptions Readable = new(EngramApiClient.Json)
    {
        // The shell's quoting is done below; readable text is the point of showing a command.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static string Command(string api, ApiCall call) => Command(api, call.Method, call.Path, call.Body);

    /// <param name="key">A whole key to print, right after it was made; else the variable.</param>
    public static string Command(string api, HttpMethod method, string path, object? body = null, string? key = null)
    {
        var command = new StringBuilder("curl ");
        if (method != HttpMethod.Get && !(method == HttpMethod.Post && body is not null))
        {
            command.Append("-X ").Append(method.Method).Append(' ');
        }
        command.Append(Quote($"{api}/{path}")).Append(" \\\n  -H \"Authorization: Bearer ").Append(key ?? KeyVariable).Append('"');
        if (body is not null)
        {
            command.Append(" \\\n  -H \"Content-Type: application/json\" \\\n  -d ").Append(Quote(JsonSerializer.Serialize(body, body.GetType(), Readable)));
        }
        return command.ToString();
    }

    /// <summary>In single quotes, where a POSIX shell takes everything as it is; a single quote leaves and re-enters them.</summary>
    public static string Quote(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
