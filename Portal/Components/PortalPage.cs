using Engram.Portal.Account;
using Engram.Portal.Client;
using Engram.Portal.Components.Controls;
using Microsoft.AspNetCore.Components;

namespace Engram.Portal.Components;

/// <summary>What every page does the same: ask the Api, show why it could not, and go to the sign-in when the session is over.</summary>
public abstract class PortalPage : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource leaving = new();

    protected PortalPage() => Leaving = leaving.Token;

    [Inject]
    protected EngramApiClient Api { get; set; } = default!;

    [Inject]
    protected NavigationManager Navigation { get; set; } = default!;

    [Inject]
    protected ServiceAddresses Addresses { get; set; } = default!;

    [Inject]
    protected Toasts Toasts { get; set; } = default!;

    /// <summary>Cancelled when the person leaves the page.</summary>
    protected CancellationToken Leaving { get; }

    public void Dispose()
    {
        leaving.Cancel();
        leaving.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Null when the session is over and the page is on its way to the sign-in.</summary>
    protected async Task<Loaded<T>?> LoadAsync<T>(string question, Func<CancellationToken, Task<T>> ask)
    {
        try
        {
            return new Loaded<T>(question, await ask(Leaving), null);
        }
        catch (ApiException e) when (e.Problem.IsUnauthenticated)
        {
            ToSignIn();
            return null;
        }
        catch (ApiException e)
        {
            return new Loaded<T>(question, default, e.Problem);
        }
        catch (OperationCanceledException) when (leaving.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Does something that changes data; null when it is done, else why not.</summary>
    protected async Task<ApiProblem?> TryAsync(Func<CancellationToken, Task> change)
    {
        try
        {
            await change(Leaving);
            return null;
        }
        catch (ApiException e)
        {
            if (e.Problem.IsUnauthenticated)
            {
                ToSignIn();
            }
            return e.Problem;
        }
    }

    private void ToSignIn() =>
        Navigation.NavigateTo(LocalReturnUrl.SignIn("/" + Navigation.ToBaseRelativePath(Navigation.Uri), sessionEnded: true), forceLoad: true);
}
