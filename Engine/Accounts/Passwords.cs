using Microsoft.AspNetCore.Identity;

namespace Engram.Engine.Accounts;

/// <summary>Password hashing by the framework's own hasher (PBKDF2, salted, versioned), a few at a time.</summary>
internal sealed class Passwords : IDisposable
{
    private readonly PasswordHasher<object> _hasher = new();
    private readonly object _nobody = new();
    private readonly string _hashOfNobody;

    // A hash costs a core tens of milliseconds: sign-ins wait for each other rather than starve every other request.
    private readonly SemaphoreSlim _slots = new(Math.Max(1, Environment.ProcessorCount / 2));

    public Passwords() => _hashOfNobody = _hasher.HashPassword(_nobody, Guid.NewGuid().ToString());

    public Task<string> HashAsync(string password, CancellationToken cancellationToken) =>
        RunAsync(() => _hasher.HashPassword(_nobody, password), cancellationToken);

    /// <summary>Checks a password. Without a hash it does the same work and says no, so that time tells nobody who has an account.</summary>
    public async Task<PasswordCheck> VerifyAsync(string? hash, string password, CancellationToken cancellationToken)
    {
        var result = await RunAsync(() => _hasher.VerifyHashedPassword(_nobody, hash ?? _hashOfNobody, password), cancellationToken);
        if (hash is null || result == PasswordVerificationResult.Failed)
            return default;
        var newHash = result == PasswordVerificationResult.SuccessRehashNeeded ? await HashAsync(password, cancellationToken) : null;
        return new PasswordCheck(true, newHash);
    }

    public void Dispose() => _slots.Dispose();

    private async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(work, cancellationToken);
        }
        finally
        {
            _slots.Release();
        }
    }
}

/// <summary>Whether a password was right, and its hash in today's form where the stored one is of an older form.</summary>
internal readonly record struct PasswordCheck(bool IsRight, string? NewHash);
