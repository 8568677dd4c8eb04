using Radzen;

namespace Engram.Portal.Components.Controls;

/// <summary>How the portal's dialogs look and behave, so that they all do it alike.</summary>
internal static class DialogOptionsOf
{
    public static DialogOptions Form => new() { Width = "34rem", AutoFocusFirstElement = true, CloseDialogOnEsc = true };

    /// <summary>For something that cannot be shown again: only its own button closes it.</summary>
    public static DialogOptions Sticky => new() { Width = "34rem", AutoFocusFirstElement = true, CloseDialogOnEsc = false, ShowClose = false };
}
