namespace Aspire.Hosting;

/// <summary>Implemented by the <c>Projects.*</c> classes that AppHost's build writes, one for each project it references.</summary>
public interface IProjectMetadata
{
    /// <summary>The project file, beside which <c>Properties/launchSettings.json</c> is.</summary>
    string ProjectPath { get; }

    /// <summary>The built assembly. Aspire's interface has no such member: it starts projects by <c>dotnet run</c>.</summary>
    string TargetPath { get; }
}
