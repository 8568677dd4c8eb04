using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Engram.Engine.Tests;

/// <summary>The rules of docs/architecture.md that a project file or an assembly can break.</summary>
public sealed partial class HouseRulesTests
{
    private static readonly string Root = FindRoot();

    [Fact]
    public void Engine_references_no_project_but_the_packaged_runtime_and_nothing_of_asp_net()
    {
        Assert.Equal(["Microsoft.ML.OnnxRuntime"], ReferencesOf("Engine/Engram.Engine.csproj"));
        Assert.DoesNotContain(
            typeof(Tenant).Assembly.GetReferencedAssemblies(), a => a.Name!.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Api/Engram.Api.csproj", "Engram.Engine,Engram.ServiceDefaults")]
    [InlineData("McpServer/Engram.McpServer.csproj", "Engram.Engine,Engram.ServiceDefaults")]
    [InlineData("Worker/Engram.Worker.csproj", "Engram.Engine,Engram.ServiceDefaults")]
    [InlineData("Portal/Engram.Portal.csproj", "Engram.ServiceDefaults")]
    [InlineData("ServiceDefaults/Engram.ServiceDefaults.csproj", "")]
    [InlineData("LocalHost/Engram.LocalHost.csproj", "")]
    public void A_project_references_what_the_architecture_allows(string project, string allowed) =>
        Assert.Equal(allowed.Split(',', StringSplitOptions.RemoveEmptyEntries), ReferencesOf(project));

    [Fact]
    public void Nothing_lives_in_a_folder_or_file_whose_name_says_nothing()
    {
        var vague = SourceFiles().Where(f => VagueName().IsMatch(Path.GetRelativePath(Root, f))).Select(f => Path.GetRelativePath(Root, f));
        Assert.Empty(vague);
    }

    private static IEnumerable<string> SourceFiles() =>
        new[] { "Api", "AppHost", "Engine", "LocalHost", "McpServer", "Portal", "ServiceDefaults", "Worker", "tests" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
                && !f.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    private static IEnumerable<string> ReferencesOf(string project) =>
        XDocument.Load(Path.Combine(Root, project)).Descendants("ProjectReference")
            .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')))
            .Order(StringComparer.Ordinal);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Engram.Aspire.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("Engram.Aspire.sln is in no folder above the test's output.");
    }

    [GeneratedRegex(@"(^|[/\\])(Utils?|Utilities|Helpers?|Common|Misc)([/\\.]|$)", RegexOptions.IgnoreCase)]
    private static partial Regex VagueName();
}
