namespace Aspire.Hosting;

/// <summary>
/// Lets a test run an AppHost's entry point for its model only: <c>Build()</c> hands the builder over and unwinds the entry point,
/// so no thread of the AppHost stays behind.
/// </summary>
internal sealed class AppHostCapture
{
    private static readonly AsyncLocal<AppHostCapture?> Ambient = new();

    public static AppHostCapture? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    public required IReadOnlyList<string> Args { get; init; }

    public required System.Reflection.Assembly AppHost { get; init; }

    public DistributedApplicationBuilder? Builder { get; private set; }

    public void Take(DistributedApplicationBuilder builder)
    {
        Builder = builder;
        throw new CapturedException();
    }

    internal sealed class CapturedException : Exception;
}
