using System.Security.Cryptography;
using System.Text;

namespace Engram.LocalHost;

/// <summary>Where LocalHost keeps what outlives a run.</summary>
public static class UserFolders
{
    private const string Product = "engram-aspire";

    private const UnixFileMode OthersMayPass = UnixFileMode.OtherExecute;

    /// <summary>
    /// Downloads, which can be fetched again. PostgreSQL refuses to run as root and root's home is closed to other accounts,
    /// so for root the cache is under /var/cache unless XDG_CACHE_HOME names a folder that every account can reach.
    /// </summary>
    public static string Cache => Folder("XDG_CACHE_HOME", ".cache", "/var/cache");

    /// <summary>State.</summary>
    public static string Data => Folder("XDG_DATA_HOME", Path.Combine(".local", "share"), "/var/lib");

    /// <summary>The state of one checkout: two checkouts of the same name do not share one.</summary>
    public static string DataOfCheckout(string checkout)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(checkout));
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(full)))[..8];
        return Path.Combine(Data, $"{Path.GetFileName(full)}-{hash}");
    }

    /// <summary>Whether every account can pass through all folders down to <paramref name="path"/> (which need not exist itself).</summary>
    public static bool IsReachableByOthers(string path)
    {
        for (var folder = Path.GetDirectoryName(Path.GetFullPath(path)); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Directory.Exists(folder) && !new DirectoryInfo(folder).UnixFileMode.HasFlag(OthersMayPass))
            {
                return false;
            }
        }

        return true;
    }

    private static string Folder(string variable, string underHome, string forRoot)
    {
        var given = Environment.GetEnvironmentVariable(variable);
        var root = Environment.IsPrivilegedProcess;
        if (!string.IsNullOrEmpty(given) && (!root || IsReachableByOthers(Path.Combine(given, Product))))
        {
            return Path.Combine(given, Product);
        }

        return root
            ? Path.Combine(forRoot, Product)
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), underHome, Product);
    }
}
