using Engram.LocalHost.Processes;

namespace Engram.LocalHost.Running;

/// <summary>The <c>dotnet</c> that runs this process also runs the projects, wherever it is installed.</summary>
internal static class DotnetProgram
{
    public static string Path { get; } = Find();

    private static string Find()
    {
        // .../shared/Microsoft.NETCore.App/10.0.x/System.Private.CoreLib.dll
        var runtime = System.IO.Path.GetDirectoryName(typeof(object).Assembly.Location);
        var beside = runtime is null ? null : System.IO.Path.GetFullPath(System.IO.Path.Combine(runtime, "..", "..", "..", "dotnet"));
        return beside is not null && File.Exists(beside)
            ? beside
            : Tools.Find("dotnet") ?? throw new LocalHostException("The program 'dotnet' is not found: install the .NET SDK and put it on PATH.");
    }
}
