using Engram.Engine.Buckets;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Engram.Worker.Profiles;

/// <summary>Makes profiles anew in the background, for buckets that have changed enough since theirs was made.</summary>
internal sealed class ProfileKeeper(ProfileRuns runs, Engine.Buckets.Profiles profiles, IOptions<ProfileOptions> options, TimeProvider time, ILogger<ProfileKeeper> log) : BackgroundService
{
    // At the same time: they mostly wait for providers.
    private const int AtOnce = 4;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.EveryMemories == 0)
            return;
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(options.Value.PollSeconds), time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    while (await runs.TakeAsync(options.Value.EveryMemories, AtOnce, stoppingToken) is { Count: > 0 } taken)
                        await Task.WhenAll(taken.Select(run => runs.MakeAsync(run, profiles, stoppingToken)));
                }
                catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
                {
                    log.QueueUnreachable(e.GetType().Name);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped; a profile under way is taken up again when its lease has run out.
        }
    }
}
