using Engram.Engine.Providers;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Tests.Providers;

/// <summary>Deadline, retries and breaker, on a clock that moves only when it is told to.</summary>
public sealed class ProviderPolicyTests(FakeProviderFixture fake) : IClassFixture<FakeProviderFixture>
{
    private readonly SteppedClock _clock = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_provider_that_hangs_is_given_up_when_the_deadline_is_over_and_not_before()
    {
        using var rig = new ProviderRig(fake.Host.Root, null, _clock);
        var call = AskAsync(rig, "fault-hang");
        await Eventually.TrueAsync(() => fake.Host.Requests.Of(rig.Key).Count == 1);

        _clock.Advance(TimeSpan.FromSeconds(29.999));
        await Task.Yield();
        Assert.False(call.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(0.001));

        var fault = await FaultOf(call);
        Assert.Equal((ProviderFaultKind.Timeout, 30_000d, 1), (fault.Kind, fault.ElapsedMs, fault.Attempts));
        await Eventually.TrueAsync(() => fake.Host.Requests.Of(rig.Key)[0].Cancelled);
    }

    [Fact]
    public async Task The_operations_own_deadline_goes_before_the_configured_one()
    {
        using var rig = new ProviderRig(fake.Host.Root, null, _clock);
        var context = rig.Context() with { Deadline = _clock.GetUtcNow().AddSeconds(5) };
        using var chat = rig.Clients.Create(rig.Connection("openai"), "fault-hang", context);
        var call = chat.Client.GetResponseAsync("Hello", null, Cancel);
        await Eventually.TrueAsync(() => fake.Host.Requests.Of(rig.Key).Count == 1);

        _clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(5_000, (await FaultOf(call)).ElapsedMs);
    }

    [Fact]
    public async Task All_calls_of_one_operation_share_its_deadline()
    {
        using var rig = new ProviderRig(fake.Host.Root, null, _clock);
        using var chat = rig.Chat("openai", "fake-answer");
        await chat.Client.GetResponseAsync("Hello", null, Cancel);

        _clock.Advance(TimeSpan.FromSeconds(31));

        var fault = await FaultOf(chat.Client.GetResponseAsync("Hello", null, Cancel));
        Assert.Equal((ProviderFaultKind.Timeout, 0), (fault.Kind, fault.Attempts));
        Assert.Single(fake.Host.Requests.Of(rig.Key));
    }

    [Fact]
    public async Task Pauses_grow_and_are_never_all_the_same()
    {
        using var rig = new ProviderRig(fake.Host.Root, options => options.RetryMilliseconds = 400, _clock);
        var call = AskAsync(rig, "fault-500");

        var first = await _clock.PauseOfAtMostAsync(TimeSpan.FromSeconds(5), Cancel);
        Assert.InRange(first.TotalMilliseconds, 200, 400);
        Assert.Single(fake.Host.Requests.Of(rig.Key));
        _clock.Advance(first);
        await Eventually.TrueAsync(() => fake.Host.Requests.Of(rig.Key).Count == 2);
        var second = await _clock.PauseOfAtMostAsync(TimeSpan.FromSeconds(5), Cancel);
        Assert.InRange(second.TotalMilliseconds, 400, 800);
        _clock.Advance(second);

        var fault = await FaultOf(call);
        Assert.Equal((ProviderFaultKind.Unavailable, 3), (fault.Kind, fault.Attempts));
        Assert.Equal((first + second).TotalMilliseconds, rig.OnlyCall().WaitMs, 0.01);
        Assert.Equal((first + second).TotalMilliseconds, fault.ElapsedMs, 0.01);
    }

    [Fact]
    public async Task A_provider_that_asks_for_longer_is_left_alone_for_longer()
    {
        using var rig = new ProviderRig(fake.Host.Root, null, _clock);
        var call = AskAsync(rig, "fault-429-once");

        var pause = await _clock.PauseOfAtMostAsync(TimeSpan.FromSeconds(5), Cancel);
        Assert.Equal(TimeSpan.FromSeconds(1), pause);
        _clock.Advance(pause);

        Assert.NotEmpty((await call).Text);
    }

    [Fact]
    public async Task A_pause_that_would_outlast_the_deadline_is_not_begun()
    {
        using var rig = new ProviderRig(fake.Host.Root, options => options.DeadlineSeconds = 0.9, _clock);

        var fault = await FaultOf(AskAsync(rig, "fault-429"));

        Assert.Equal((ProviderFaultKind.RateLimited, 1, TimeSpan.FromSeconds(1)), (fault.Kind, fault.Attempts, fault.RetryAfter));
        Assert.Equal(0, rig.OnlyCall().WaitMs);
    }

    [Fact]
    public async Task A_deadline_in_a_later_attempt_tells_how_the_one_before_ended()
    {
        using var rig = new ProviderRig(fake.Host.Root, null, _clock);
        var call = AskAsync(rig, "fault-503");
        await _clock.PauseOfAtMostAsync(TimeSpan.FromSeconds(5), Cancel);

        _clock.Advance(TimeSpan.FromSeconds(30));

        var fault = await FaultOf(call);
        Assert.Equal(ProviderFaultKind.Timeout, fault.Kind);
        Assert.Contains("503", fault.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_breaker_opens_lets_one_call_try_and_closes_again()
    {
        using var rig = Breaking();
        await Fail(rig, times: 3);

        var open = await FaultOf(AskAsync(rig, "fake-answer"));
        Assert.Equal((ProviderFaultKind.Unavailable, 0, TimeSpan.FromSeconds(15)), (open.Kind, open.Attempts, open.RetryAfter));
        Assert.Contains("15 s", open.Hint, StringComparison.Ordinal);
        Assert.Equal(3, fake.Host.Requests.Of(rig.Key).Count);

        _clock.Advance(TimeSpan.FromSeconds(15));
        Assert.NotEmpty((await AskAsync(rig, "fake-answer")).Text);
        Assert.Equal(0, rig.Breakers.Failing);
        Assert.NotEmpty((await AskAsync(rig, "fake-answer")).Text);
    }

    [Fact]
    public async Task A_try_that_fails_opens_the_breaker_again()
    {
        using var rig = Breaking();
        await Fail(rig, times: 3);
        _clock.Advance(TimeSpan.FromSeconds(15));
        await Fail(rig, times: 1);

        Assert.Equal(0, (await FaultOf(AskAsync(rig, "fake-answer"))).Attempts);
        Assert.Equal(4, fake.Host.Requests.Of(rig.Key).Count);
    }

    [Fact]
    public async Task While_one_call_tries_no_other_does_and_a_try_given_up_makes_room()
    {
        using var rig = Breaking();
        await Fail(rig, times: 3);
        _clock.Advance(TimeSpan.FromSeconds(15));
        using var caller = new CancellationTokenSource();
        var trying = AskAsync(rig, "fault-hang", caller.Token);
        await Eventually.TrueAsync(() => fake.Host.Requests.Of(rig.Key).Count == 4);

        Assert.Equal(0, (await FaultOf(AskAsync(rig, "fake-answer"))).Attempts);
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => trying);

        Assert.NotEmpty((await AskAsync(rig, "fake-answer")).Text);
    }

    [Fact]
    public async Task A_success_between_faults_starts_the_count_anew()
    {
        using var rig = Breaking();
        await Fail(rig, times: 2);
        await AskAsync(rig, "fake-answer");
        await Fail(rig, times: 2);

        Assert.NotEmpty((await AskAsync(rig, "fake-answer")).Text);
    }

    [Theory]
    [InlineData("fault-401")]
    [InlineData("fault-400")]
    public async Task A_refusal_is_an_answer_and_opens_no_breaker(string model)
    {
        using var rig = Breaking();
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(1, (await FaultOf(AskAsync(rig, model))).Attempts);
        }

        Assert.NotEmpty((await AskAsync(rig, "fake-answer")).Text);
    }

    [Fact]
    public async Task One_tenants_trouble_leaves_another_tenant_alone()
    {
        using var rig = Breaking();
        await Fail(rig, times: 3);

        var other = rig.Context() with { Tenant = new Tenant(Guid.CreateVersion7()) };
        using var chat = rig.Clients.Create(rig.Connection("openai"), "fake-answer", other);

        Assert.NotEmpty((await chat.Client.GetResponseAsync("Hello", null, Cancel)).Text);
    }

    private ProviderRig Breaking() => new(
        fake.Host.Root,
        options =>
        {
            options.Attempts = 1;
            options.BreakerFaults = 3;
        },
        _clock);

    private static async Task Fail(ProviderRig rig, int times)
    {
        for (var i = 0; i < times; i++)
        {
            Assert.Equal(1, (await FaultOf(AskAsync(rig, "fault-500"))).Attempts);
        }
    }

    private static async Task<ChatResponse> AskAsync(ProviderRig rig, string model, CancellationToken? cancel = null)
    {
        using var chat = rig.Chat("openai", model);
        return await chat.Client.GetResponseAsync("Hello", null, cancel ?? Cancel);
    }

    private static async Task<ProviderFault> FaultOf(Task call) =>
        (await Assert.ThrowsAsync<ProviderException>(() => call.WaitAsync(TimeSpan.FromMinutes(1), Cancel))).Fault;
}
