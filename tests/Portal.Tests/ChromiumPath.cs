namespace Engram.Tests.Shared;

/// <summary>
/// The machine's own Chromium: the one that CHROMIUM names or the one of the system. A browser of Playwright's own would be another download of hundreds of
/// megabytes.
/// </summary>
internal static class ChromiumPath
{
    public const string Missing = "No Chromium was found. Install it (Debian: apt-get install chromium) or name one in CHROMIUM.";

    private static readonly string[] Places =
    [
        "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        @"C:\Program Files\Google\Chrome\Application\chrome.exe",
    ];

    public static string? Found { get; } = Environment.GetEnvironmentVariable("CHROMIUM") is { Length: > 0 } named ? named : Array.Find(Places, File.Exists);
}
