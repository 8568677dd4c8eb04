using System.Text;

namespace Engram.Benchmarks.Latency;

/// <summary>Makes the bytes of a request.</summary>
internal static class RawRequest
{
    public static byte[] Get(Uri address, string path, string? key = null) => Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {address.Authority}\r\n{Authorization(key)}\r\n");

    public static byte[] Post(Uri address, string path, string key, ReadOnlySpan<byte> body, string headers = "")
    {
        var head = Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: {address.Authority}\r\n{Authorization(key)}{headers}Content-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n");
        return [.. head, .. body];
    }

    private static string Authorization(string? key) => key is null ? "" : $"Authorization: Bearer {key}\r\n";
}
