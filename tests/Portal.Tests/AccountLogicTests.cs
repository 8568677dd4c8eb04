using Engram.Portal.Client;
using Engram.Portal.Components.Connect;
using Engram.Portal.Components.Controls;
using Engram.Portal.Components.Jobs;
using Engram.Portal.Components.Ledgers;
using Engram.Portal.Components.Providers;
using Engram.Portal.Components.Usage;

namespace Engram.Portal.Tests;

public sealed class AccountLogicTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private static readonly CatalogueEntry[] Catalogue =
    [
        new("openai", "OpenAI", "openai", "https://api.openai.com/v1/", null, true, null, null),
        new("own", "Your own", "openai", null, "https://models.example.com/v1/", false, null, null),
    ];

    [Fact]
    public void A_ledger_asks_for_a_page_or_for_everything_with_the_same_filter()
    {
        var state = LedgerState.Of("/faults", "24h", null, null, "c-1", Now, ("provider", " openai "), ("kind", null));

        Assert.Equal("/faults?range=24h&provider=openai&cursor=c-1", state.Href);
        Assert.Equal("?from=2026-11-20T12%3A00%3A00.000Z&to=2026-11-21T12%3A00%3A00.000Z&limit=50&provider=openai&cursor=c-1", state.ToQuery());
        Assert.EndsWith("&format=ndjson&provider=openai", state.ToExport(), StringComparison.Ordinal);
        Assert.Equal("/faults?range=24h", state.HrefOfAll);
    }

    [Theory]
    [InlineData("openai", "", "", false)]
    [InlineData("openai", "", "sk-1", true)]
    [InlineData("own", "", "", false)]
    [InlineData("own", "models", "", false)]
    [InlineData("own", "ftp://models", "", false)]
    [InlineData("own", "https://models/v1/", "", true)]
    public void A_connection_needs_what_its_provider_needs(string provider, string url, string key, bool ready) =>
        Assert.Equal(ready, new ProviderDraft(Catalogue) { Provider = provider, BaseUrl = url, ApiKey = key }.IsReady);

    [Fact]
    public void A_providers_key_is_sent_and_never_shown()
    {
        var draft = new ProviderDraft(Catalogue) { ApiKey = " sk-secret " };

        Assert.Equal("sk-secret", draft.ToRequest().ApiKey);
        Assert.DoesNotContain("sk-secret", Curl.Command("http://api", HttpMethod.Post, "account/providers", draft.ToShown()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1,000", "2.5", 1000L, "2.5")]
    [InlineData("", "", null, null)]
    [InlineData("0", "", 0L, null)]
    public void A_budget_is_numbers_or_nothing(string tokens, string usd, long? tokenLimit, string? usdLimit)
    {
        var draft = new BudgetDraft { Tokens = tokens, Usd = usd };
        var request = draft.ToRequest(new BudgetList(new Budget(null, null, null, 0, 0), [new Budget("k", 5, null, 0, 0)], Now));

        Assert.Null(draft.Fault);
        Assert.Equal((tokenLimit, usdLimit is null ? null : decimal.Parse(usdLimit, System.Globalization.CultureInfo.InvariantCulture)), (request.Tenant?.DailyTokens, request.Tenant?.DailyUsd));
        Assert.Equal("k", Assert.Single(request.Keys).KeyId);
    }

    [Theory]
    [InlineData("-1", "")]
    [InlineData("many", "")]
    [InlineData("", "-0.5")]
    [InlineData("", "1e3")]
    public void A_budget_that_is_no_number_is_not_sent(string tokens, string usd) => Assert.NotNull(new BudgetDraft { Tokens = tokens, Usd = usd }.Fault);

    [Fact]
    public void The_state_of_the_jobs_page_survives_its_address()
    {
        var id = Guid.CreateVersion7().ToString();

        Assert.Equal($"/jobs?state=dead&before={id}", JobsPageState.Of("dead", id).Href);
        Assert.Equal("/jobs", JobsPageState.Of("gone", "x").Href);
        Assert.Equal("?limit=50&state=dead", JobsPageState.Of("dead", null).ToQuery());
    }

    [Theory]
    [InlineData("queued", null, true, false)]
    [InlineData("queued", "timeout", true, true)]
    [InlineData("running", null, true, false)]
    [InlineData("dead", "timeout", false, true)]
    [InlineData("done", null, false, false)]
    public void A_job_offers_what_can_be_done_with_it(string state, string? error, bool cancel, bool retry)
    {
        var job = new Job("1", "m", "b", state, 1, Now, null, null, null, null, null, error, null);

        Assert.Equal((cancel, retry), (job.MayBeCancelled, job.MayBeRetried));
    }

    [Fact]
    public void Costs_are_summed_by_what_for_and_every_day_of_the_period_is_there()
    {
        ModelUsage Use(int day, decimal usd, string operation) => new(new DateOnly(2026, 11, day), "openai", "gpt-x", operation, "synthesize", 2, 0, 0, new TokenUsage(10, 5), usd);
        var usage = new PlanUsage("free", new UsagePeriod(new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero), new(2026, 12, 1, 0, 0, 0, TimeSpan.Zero)), null, null, null, null, null, null,
            ByModel: [Use(2, 0.1m, "query"), Use(4, 0.4m, "query"), Use(4, 0.6m, "extract")]);

        var costs = CostTable.Of(usage, new DateOnly(2026, 11, 5));

        Assert.Equal([("extract", 0.6m), ("query", 0.5m)], costs.Rows.Select(row => (row.Operation, row.Usd)));
        Assert.Equal([0, 0.1, 0, 1, 0], costs.Days.Select(day => Math.Round(day.Share, 3)));
        Assert.Empty(CostTable.Of(usage with { ByModel = [] }, new DateOnly(2026, 11, 5)).Days);
    }

    [Fact]
    public void Every_day_is_there_with_its_writes_and_queries_and_nothing_else()
    {
        DateOnly Day(int day) => new(2026, 11, day);

        var days = UsageDays.Of(new DailyUsageReport(Day(1), Day(3), [new(Day(3), "store", 2, 9), new(Day(3), "query", 4, 40), new(Day(1), "edit", 5, 5), new(Day(1), "query", 1, 0)]));

        Assert.Equal([new UsageDay(Day(1), 0, 1), new UsageDay(Day(2), 0, 0), new UsageDay(Day(3), 9, 4)], days);
    }

    [Fact]
    public void The_portals_own_calls_are_not_taken_for_a_clients()
    {
        Operation Call(string host, string name, int second) => new("id", Now.AddSeconds(second), host, name, "read", "read", "ok", 1, null, null, null, 200, false, null, null, null, 0, 0, 0, null, "1", []);

        Assert.Null(FirstCall.Among([Call("api", "GET /account/requests", 1), Call("worker", "extract", 2)]));
        Assert.Equal(2, FirstCall.Among([Call("mcp", "store_memory", 3), Call("api", "POST /v1/query", 2)])?.At.Second);
    }

    [Theory]
    [InlineData(5, "5 s")]
    [InlineData(95, "1 min 35 s")]
    [InlineData(7260, "2 h 1 min")]
    [InlineData(180_000, "2 d 2 h")]
    public void A_span_is_said_in_two_units(int seconds, string said) => Assert.Equal(said, Figures.Span(TimeSpan.FromSeconds(seconds)));
}
