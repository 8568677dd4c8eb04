using Engram.Engine.Extraction;
using Engram.Engine.Extraction.Rules;

namespace Engram.Engine.Tests.Extraction;

public sealed class RuleExtractorTimeTests
{
    // The event time is Monday, 8 May 2023.
    [Theory]
    [InlineData("Yesterday I visited Oslo.", "2023-05-07", "2023-05-08")]
    [InlineData("I visited Oslo today.", "2023-05-08", "2023-05-09")]
    [InlineData("I visited Oslo the day before yesterday.", "2023-05-06", "2023-05-07")]
    [InlineData("I visited Oslo last Friday.", "2023-05-05", "2023-05-06")]
    [InlineData("I visited Oslo last Monday.", "2023-05-01", "2023-05-02")]
    [InlineData("I visited Oslo on Saturday.", "2023-05-06", "2023-05-07")]
    [InlineData("I visited Oslo last week.", "2023-05-01", "2023-05-08")]
    [InlineData("I visited Oslo last month.", "2023-04-01", "2023-05-01")]
    [InlineData("I visited Oslo last year.", "2022-01-01", "2023-01-01")]
    [InlineData("I visited Oslo last summer.", "2022-06-01", "2022-08-31")]
    [InlineData("I visited Oslo three days ago.", "2023-05-05", "2023-05-06")]
    [InlineData("I visited Oslo two years ago.", "2021-01-01", "2022-01-01")]
    [InlineData("I visited Oslo in 2019.", "2019-01-01", "2020-01-01")]
    [InlineData("I visited Oslo in March 2021.", "2021-03-01", "2021-04-01")]
    [InlineData("I visited Oslo on 7 May 2022.", "2022-05-07", "2022-05-08")]
    [InlineData("I visited Oslo on May 7th, 2022.", "2022-05-07", "2022-05-08")]
    [InlineData("I visited Oslo on the 7th of May 2022.", "2022-05-07", "2022-05-08")]
    [InlineData("I visited Oslo on 2022-05-07.", "2022-05-07", "2022-05-08")]
    [InlineData("I visited Oslo in December.", "2022-12-01", "2023-01-01")]
    [InlineData("I visited Oslo in the 1990s.", "1990-01-01", "2000-01-01")]
    [InlineData("I will visit Oslo tomorrow.", "2023-05-09", "2023-05-10")]
    [InlineData("I will visit Oslo next month.", "2023-06-01", "2023-07-01")]
    [InlineData("I will visit Oslo on Friday.", "2023-05-12", "2023-05-13")]
    [InlineData("I will visit Oslo in three days.", "2023-05-11", "2023-05-12")]
    public async Task Times_are_resolved_against_the_event_time(string text, string from, string to)
    {
        var triple = Assert.Single(await Extract.From(text), t => t.Object == "Oslo");
        Assert.Equal((Day(from), Day(to)), (triple.ValidFrom, triple.ValidTo));
    }

    // The nearest October to May 2023 is still to come and the nearest February is over: the verb says which one is meant.
    [Theory]
    [InlineData("I visited Oslo in October.", "2022-10-01", "2022-11-01")]
    [InlineData("I have visited Oslo in October.", "2022-10-01", "2022-11-01")]
    [InlineData("I visited Oslo on October 3rd.", "2022-10-03", "2022-10-04")]
    [InlineData("In October, I visited Oslo with Anna.", "2022-10-01", "2022-11-01")]
    [InlineData("I visited Oslo in May.", "2023-05-01", "2023-06-01")]
    [InlineData("I visited Oslo on May 8.", "2023-05-08", "2023-05-09")]
    [InlineData("I visited Oslo on May 9.", "2022-05-09", "2022-05-10")]
    [InlineData("I visited Oslo on February 29.", "2020-02-29", "2020-03-01")]
    [InlineData("I have visited Oslo on Friday.", "2023-05-05", "2023-05-06")]
    [InlineData("I will visit Oslo in February.", "2024-02-01", "2024-03-01")]
    [InlineData("I am going to visit Oslo in February.", "2024-02-01", "2024-03-01")]
    [InlineData("I am visiting Oslo in February.", "2024-02-01", "2024-03-01")]
    [InlineData("I plan to visit Oslo in February.", "2024-02-01", "2024-03-01")]
    [InlineData("I have to visit Oslo in February.", "2024-02-01", "2024-03-01")]
    [InlineData("I will visit Oslo on February 3rd.", "2024-02-03", "2024-02-04")]
    [InlineData("I will visit Oslo in May.", "2023-05-01", "2023-06-01")]
    [InlineData("I will visit Oslo on May 8.", "2023-05-08", "2023-05-09")]
    [InlineData("I will visit Oslo on May 7.", "2024-05-07", "2024-05-08")]
    [InlineData("I visit Oslo in October.", "2023-10-01", "2023-11-01")]
    [InlineData("I visit Oslo in February.", "2023-02-01", "2023-03-01")]
    public async Task The_tense_tells_which_of_the_dates_without_a_year_is_meant(string text, string from, string to)
    {
        var triple = Assert.Single(await Extract.From(text), t => t.Object == "Oslo");
        Assert.Equal((Day(from), Day(to)), (triple.ValidFrom, triple.ValidTo));
    }

    [Theory]
    [InlineData("The company was founded in October.", "founded_in", "2022-10")]
    [InlineData("My grandma died on October 3rd.", "died_on", "2022-10-03")]
    [InlineData("The shop will open in February.", "will_open_in", "2024-02")]
    [InlineData("We are leaving on Friday.", "leave_on", "2023-05-12")]
    [InlineData("We left on Friday.", "leave_on", "2023-05-05")]
    public async Task A_date_as_an_object_is_the_one_the_validity_has(string text, string predicate, string iso)
    {
        var triple = Assert.Single(await Extract.From(text), t => t.Predicate == predicate);
        Assert.Equal((iso, iso), (triple.Object, triple.ValidFrom?.ToString(iso.Length == 10 ? "yyyy-MM-dd" : "yyyy-MM", System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task A_move_told_half_a_year_later_started_the_stay_before_it_was_told()
    {
        var november = new ExtractionInput("I moved to Berlin in May.", new(2026, 11, 21, 10, 0, 0, TimeSpan.Zero), "en", null);
        var triples = (await new RuleExtractor().ExtractAsync(november, CancellationToken.None)).Triples;
        Assert.Equal(new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero), Assert.Single(triples, t => t.Predicate == "lives_in").ValidFrom);
    }

    [Theory]
    [InlineData("Anna works at Acme since October.", "2022-10-01", null)]
    [InlineData("Anna has been at Acme since Friday.", "2023-05-05", null)]
    [InlineData("Anna is at Acme until February.", null, "2024-03-01")]
    [InlineData("Anna worked at Acme from November until February.", "2022-11-01", "2023-03-01")]
    [InlineData("Anna worked at Acme from March until January.", "2022-03-01", "2023-02-01")]
    [InlineData("Anna will work at Acme from October until February.", "2023-10-01", "2024-03-01")]
    [InlineData("Anna will work at Acme from October until July.", "2023-10-01", "2024-08-01")]
    public async Task A_period_without_years_does_not_end_before_it_starts(string text, string? from, string? to)
    {
        var triple = Assert.Single(await Extract.From(text), t => t.Object == "Acme");
        Assert.Equal((from is null ? null : Day(from), to is null ? null : Day(to)), (triple.ValidFrom, triple.ValidTo));
    }

    [Fact]
    public async Task Two_weeks_ago_is_a_week_around_that_day()
    {
        var triple = Assert.Single(await Extract.From("I visited Oslo two weeks ago."), t => t.Object == "Oslo");
        Assert.True(triple.ValidFrom <= Day("2023-04-24") && triple.ValidTo > Day("2023-04-24"));
        Assert.Equal(7, (triple.ValidTo - triple.ValidFrom)!.Value.TotalDays);
    }

    [Theory]
    [InlineData("Karl Olsen was born on 7 May 1950.", "born_on", "1950-05-07")]
    [InlineData("Karl Olsen was born in 1950.", "born_on", "1950")]
    [InlineData("Karl Olsen (3 March 1899 - 9 June 1971) was a painter.", "died_on", "1971-06-09")]
    [InlineData("The company was founded in June 1989.", "founded_in", "1989-06")]
    [InlineData("My grandma passed away in 2019.", "died_on", "2019")]
    public async Task Dates_of_events_are_objects(string text, string predicate, string iso)
    {
        var triple = Assert.Single(await Extract.From(text), t => t.Predicate == predicate);
        Assert.Equal((iso, "date"), (triple.Object, triple.ObjectKind));
    }

    [Fact]
    public async Task No_year_is_invented_for_a_birthday() =>
        Assert.Contains("user | birthday | 7 May", await Extract.Lines("My birthday is on 7 May."));

    [Fact]
    public async Task A_state_told_in_the_past_has_ended()
    {
        var triple = Assert.Single(await Extract.From("Anna lived in Rome."));
        Assert.Equal(Extract.EventTime, triple.ValidTo);
    }

    [Fact]
    public async Task A_move_starts_a_stay_without_end()
    {
        var triple = Assert.Single(await Extract.From("I moved to Boston last month."), t => t.Predicate == "lives_in");
        Assert.Equal((Day("2023-04-01"), (DateTimeOffset?)null, true), (triple.ValidFrom, triple.ValidTo, triple.SingleValued));
    }

    [Fact]
    public async Task From_and_until_bound_a_period()
    {
        var triple = Assert.Single(await Extract.From("Anna worked at Acme from 2010 until 2015."), t => t.Predicate == "works_at");
        Assert.Equal((Day("2010-01-01"), Day("2016-01-01")), (triple.ValidFrom, triple.ValidTo));
    }

    [Theory]
    [InlineData("Anna lived in Rome 9999 years ago.")]
    [InlineData("It happened in 99999 years and on 31 February 2020 and on 2020-13-45.")]
    public async Task Impossible_dates_are_no_dates(string text)
    {
        var triples = await Extract.From(text);
        Assert.All(triples, t => Assert.True(t.ValidFrom is null || t.ValidFrom > DateTimeOffset.MinValue));
    }

    private static DateTimeOffset? Day(string day) =>
        new DateTimeOffset(DateTime.ParseExact(day, "yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), Extract.EventTime.Offset);
}
