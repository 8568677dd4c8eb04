using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace Engram.Benchmarks.Data;

/// <summary>Reads JSON Lines, compressed (.xz, by the xz program) or plain.</summary>
internal static class XzJsonLines
{
    public static async IAsyncEnumerable<JsonElement> ReadAsync(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"The data file '{path}' does not exist. Give the folder of the evaluation data with --data.", path);
        }

        if (!path.EndsWith(".xz", StringComparison.Ordinal))
        {
            using var plain = File.OpenText(path);
            while (await plain.ReadLineAsync() is { } line)
            {
                yield return Parse(line);
            }

            yield break;
        }

        using var xz = Start(path);
        // Drained while the lines are read: a full pipe of error text would stop xz.
        var errors = xz.StandardError.ReadToEndAsync();
        while (await xz.StandardOutput.ReadLineAsync() is { } line)
        {
            yield return Parse(line);
        }

        await xz.WaitForExitAsync();
        if (xz.ExitCode != 0)
        {
            throw new InvalidDataException($"xz could not read '{path}': {(await errors).Trim()}");
        }
    }

    private static Process Start(string path)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("xz", ["-dc", "--", path]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException("The evaluation data is compressed and the program 'xz' was not found. Install it (Debian: xz-utils, macOS: brew install xz).", e);
        }
    }

    private static JsonElement Parse(string line)
    {
        using var document = JsonDocument.Parse(line);
        return document.RootElement.Clone();
    }
}
