using System.ComponentModel.DataAnnotations;
using System.Reflection;

namespace Engram.Engine.Latency;

/// <summary>Section <c>Engram:Operations</c>.</summary>
public sealed class OperationOptions
{
    /// <summary>Whether operations are recorded.</summary>
    public bool Record { get; set; } = true;

    /// <summary>Days records are kept, 1 to 3650.</summary>
    [Range(1, 3650, ErrorMessage = "Engram:Operations:KeepDays must be 1 to 3650.")]
    public int KeepDays { get; set; } = 30;

    /// <summary>Names the deployment in every record; the program's version where nothing is set.</summary>
    [StringLength(100, MinimumLength = 1, ErrorMessage = "Engram:Operations:DeployId must have 1 to 100 characters.")]
    public string DeployId { get; set; } =
        typeof(OperationOptions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
