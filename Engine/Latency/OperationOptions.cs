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

    /// <summary>Days the hourly roll-ups are kept, 1 to 3650; they may outlive the records.</summary>
    [Range(1, 3650, ErrorMessage = "Engram:Operations:RollupKeepDays must be 1 to 3650.")]
    public int RollupKeepDays { get; set; } = 400;

    /// <summary>Windows up to so many hours are read exactly, from the records; longer ones from roll-ups. 1 to 744.</summary>
    [Range(1, 744, ErrorMessage = "Engram:Operations:ExactHours must be 1 to 744.")]
    public int ExactHours { get; set; } = 6;

    /// <summary>Whether anybody may read the platform's four numbers at <c>GET /public/latency</c>.</summary>
    public bool PublicNumbers { get; set; } = true;

    /// <summary>Names the deployment in every record; the program's version where nothing is set.</summary>
    [StringLength(100, MinimumLength = 1, ErrorMessage = "Engram:Operations:DeployId must have 1 to 100 characters.")]
    public string DeployId { get; set; } =
        typeof(OperationOptions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
