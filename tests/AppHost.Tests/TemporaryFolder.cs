namespace Engram.AppHost.Tests;

/// <summary>A folder that every account can reach (PostgreSQL runs under another one when the tests run as root).</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Directory.CreateDirectory(Path);

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"engram-test-{Guid.NewGuid():n}");

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
