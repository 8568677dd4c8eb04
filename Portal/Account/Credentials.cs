using System.ComponentModel.DataAnnotations;

namespace Engram.Portal.Account;

/// <summary>What the sign-in form sends.</summary>
public sealed class Credentials
{
    [Required(ErrorMessage = "Enter your e-mail address."), EmailAddress(ErrorMessage = "This is not an e-mail address."), StringLength(254)]
    public string Email { get; set; } = "";

    [Required(ErrorMessage = "Enter your password."), StringLength(1024)]
    public string Password { get; set; } = "";
}

/// <summary>What the set-up form sends.</summary>
public sealed class NewCredentials
{
    /// <summary>Length and nothing else (NIST SP 800-63B 3.1.1.2): rules about symbols make passwords worse.</summary>
    public const int MinimumLength = 10;

    [Required(ErrorMessage = "Enter your e-mail address."), EmailAddress(ErrorMessage = "This is not an e-mail address."), StringLength(254)]
    public string Email { get; set; } = "";

    [Required(ErrorMessage = "Choose a password.")]
    [StringLength(1024, MinimumLength = MinimumLength, ErrorMessage = "Use at least {2} characters.")]
    public string Password { get; set; } = "";

    [Required(ErrorMessage = "Enter the password again."), Compare(nameof(Password), ErrorMessage = "The two passwords differ.")]
    public string Repeat { get; set; } = "";
}

/// <summary>What somebody who was invited types: a new password, or that of their account.</summary>
public sealed class InvitedCredentials
{
    [Required(ErrorMessage = "Type a password.")]
    [MinLength(NewCredentials.MinimumLength, ErrorMessage = "The password needs at least 10 characters.")]
    public string Password { get; set; } = "";
}
