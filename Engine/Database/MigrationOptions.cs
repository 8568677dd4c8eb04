using System.ComponentModel.DataAnnotations;

namespace Engram.Engine.Database;

/// <summary>Section <c>Engram:Database</c>, needed by <c>Worker migrate</c> only: the passwords of the two roles the hosts sign in with.</summary>
public sealed class MigrationOptions
{
    /// <summary>Password of the role <c>engram_app</c>.</summary>
    [Required(ErrorMessage = "Engram:Database:AppPassword is missing: the password the role engram_app is given.")]
    public string AppPassword { get; set; } = "";

    /// <summary>Password of the role <c>engram_system</c>.</summary>
    [Required(ErrorMessage = "Engram:Database:SystemPassword is missing: the password the role engram_system is given.")]
    public string SystemPassword { get; set; } = "";
}
