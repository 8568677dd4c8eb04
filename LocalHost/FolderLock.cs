namespace Engram.LocalHost;

/// <summary>An advisory lock on a file (flock): the kernel releases it when its process dies, so it is never stale.</summary>
internal sealed class FolderLock : IDisposable
{
    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    public static FolderLock? TryTake(string path)
    {
        try
        {
            return new FolderLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException)
        {
            return null;
        }
    }

    public static async Task<FolderLock> TakeAsync(string path, Action waiting, CancellationToken ct)
    {
        var told = false;
        while (true)
        {
            if (TryTake(path) is { } taken)
            {
                return taken;
            }

            if (!told)
            {
                told = true;
                waiting();
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), ct);
        }
    }

    public void Dispose() => _file.Dispose();
}
