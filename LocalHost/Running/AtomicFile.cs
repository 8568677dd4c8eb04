using System.Text;

namespace Engram.LocalHost.Running;

internal static class AtomicFile
{
    /// <summary>Writes beside the file and renames, so that a reader sees the old or the new content, never a part; the mode is right from the first byte.</summary>
    public static void Write(string path, string content, UnixFileMode mode)
    {
        var partial = $"{path}.{Environment.ProcessId}.new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = mode };
        using (var file = new FileStream(partial, options))
        {
            file.Write(Encoding.UTF8.GetBytes(content));
            file.Flush(flushToDisk: true);
        }

        File.Move(partial, path, overwrite: true);
    }
}
