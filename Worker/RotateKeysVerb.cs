using System.Globalization;
using Engram.Engine.Database;
using Engram.Engine.Providers;
using Engram.Engine.Providers.Vault;
using Engram.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Engram.Worker;

/// <summary>
/// <c>Worker rotate-keys</c>: wraps every tenant's data key under the current master key, while the hosts run. With <c>--data-keys</c> every tenant
/// gets a fresh data key as well. Started again after a stop, it does what is left.
/// </summary>
internal static class RotateKeysVerb
{
    private const string UsageText = """
        Usage: rotate-keys [--data-keys [--since TIME]]
          --data-keys   also give every tenant a fresh data key and seal its provider keys under it
          --since TIME  with --data-keys: go on with a run that began then (it tells the time), leaving out the tenants it did
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        if (!TryParse(args, out var dataKeys, out var since))
        {
            await Console.Error.WriteLineAsync(UsageText);
            return 2;
        }

        var builder = Host.CreateApplicationBuilder();
        builder.AddServiceDefaults();
        builder.AddKeyedNpgsqlDataSource(SystemDb.ConnectionName);
        builder.Services.AddSingleton<SystemDb>().AddEngramKeyVault();
        using var host = builder.Build();
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            stop.Cancel();
        };
        try
        {
            return await RunAsync(host.Services.GetRequiredService<KeyRotation>(), dataKeys, since, stop.Token);
        }
        catch (Exception e) when (e is OptionsValidationException or InvalidOperationException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 2;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("Stopped. What is done is done; start it again for the rest.");
            return 1;
        }
    }

    private static async Task<int> RunAsync(KeyRotation rotation, bool dataKeys, DateTimeOffset? since, CancellationToken cancellationToken)
    {
        var (rewrapped, failures) = await rotation.RewrapAsync(new ToConsole("data keys wrapped anew"), cancellationToken);
        Console.WriteLine($"Wrapped {rewrapped} data key(s) under master key version {rotation.CurrentMasterVersion}.");
        if (dataKeys && failures.Count == 0)
        {
            var start = since ?? await rotation.NowAsync(cancellationToken);
            Console.WriteLine($"Renewing data keys; should this be stopped, go on with --since {start:yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'}");
            var (tenants, notRenewed) = await rotation.RenewDataKeysAsync(start, new ToConsole("tenants"), cancellationToken);
            Console.WriteLine($"Gave {tenants} tenant(s) a fresh data key.");
            failures = notRenewed;
        }

        foreach (var failure in failures)
            await Console.Error.WriteLineAsync(failure);
        return failures.Count == 0 ? 0 : 1;
    }

    private static bool TryParse(string[] args, out bool dataKeys, out DateTimeOffset? since)
    {
        (dataKeys, since) = (false, null);
        for (var i = 1; i < args.Length; i++)
        {
            if (args[i] == "--data-keys")
            {
                dataKeys = true;
            }
            else if (args[i] == "--since" && ++i < args.Length
                && DateTimeOffset.TryParse(args[i], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time))
            {
                since = time;
            }
            else
            {
                return false;
            }
        }

        return since is null || dataKeys;
    }

    private sealed class ToConsole(string what) : IProgress<RotationProgress>
    {
        public void Report(RotationProgress value) => Console.WriteLine($"  {value.Done} of {value.Total} {what}");
    }
}
