namespace Engram.Engine.Tests.Extraction;

public sealed class RuleExtractorTests
{
    [Theory]
    [InlineData("My name is Anna Berg.", "user | name | Anna Berg")]
    [InlineData("Call me Tom.", "user | name | Tom")]
    [InlineData("My dog's name is Rex.", "user's dog | name | Rex")]
    [InlineData("My email is anna@example.com and my phone number is 555-1234.", "user | email | anna@example.com", "user | phone_number | 555-1234")]
    [InlineData("I am 32 years old.", "user | age | 32")]
    [InlineData("I'm married.", "user | marital_status | married")]
    public async Task Identity_is_extracted(string text, params string[] expected) => await Yields(text, expected);

    [Theory]
    [InlineData("I like sushi and hate olives.", "user | likes | sushi", "user | dislikes | olives")]
    [InlineData("I love hiking in the mountains.", "user | loves | hiking in the mountains")]
    [InlineData("My favorite color is blue.", "user | favourite_color | blue")]
    [InlineData("I prefer tea to coffee.", "user | prefers | tea")]
    [InlineData("Anna enjoys jazz, opera and blues.", "Anna | likes | jazz", "Anna | likes | opera", "Anna | likes | blues")]
    public async Task Preferences_are_extracted(string text, params string[] expected) => await Yields(text, expected);

    [Theory]
    [InlineData("My sister Anna lives in Boston.", "Anna | sibling_of | user", "Anna | lives_in | Boston")]
    [InlineData("Anna is Tom's boss.", "Anna | boss_of | Tom")]
    [InlineData("My wife is Maria.", "Maria | spouse_of | user")]
    [InlineData("Anna is married to Tom.", "Anna | spouse_of | Tom")]
    [InlineData("My boss, Carol, is from Canada.", "Carol | boss_of | user", "Carol | from | Canada")]
    [InlineData("My mom is a teacher.", "user's mom | is_a | teacher")]
    [InlineData("Tom and Anna own a house.", "Tom | owns | house", "Anna | owns | house")]
    [InlineData("I have a dog named Rex.", "user | has | Rex", "Rex | is_a | dog")]
    public async Task Relations_and_possessions_are_extracted(string text, params string[] expected) => await Yields(text, expected);

    [Theory]
    [InlineData("I live in Berlin.", "user | lives_in | Berlin")]
    [InlineData("I moved from Paris to Berlin in 2019.", "user | moved_from | Paris", "user | moved_to | Berlin", "user | lives_in | Berlin")]
    [InlineData("I work at Google as a software engineer.", "user | works_at | Google", "user | works_as | software engineer")]
    [InlineData("I got a job at Siemens.", "user | works_at | Siemens")]
    [InlineData("I started working at Siemens.", "user | works_at | Siemens")]
    [InlineData("I'm a nurse at St Mary's Hospital.", "user | is_a | nurse", "user | works_at | St Mary's Hospital")]
    [InlineData("I've been to Japan twice.", "user | visited | Japan")]
    [InlineData("Anna studied physics at Oxford.", "Anna | studies | physics", "Anna | studies_at | Oxford")]
    public async Task Places_and_jobs_are_extracted(string text, params string[] expected) => await Yields(text, expected);

    [Theory]
    [InlineData("Berlin, the capital of Germany, has 3.7 million inhabitants.", "Berlin | capital_of | Germany", "Berlin | has | 3.7 million inhabitants")]
    [InlineData("The bridge was designed by Jane Miller.", "Jane Miller | design | bridge")]
    [InlineData("Oslo Airport is located in Gardermoen, Norway.", "Oslo Airport | located_in | Gardermoen", "Gardermoen | located_in | Norway")]
    [InlineData("Tom, who works at Acme, likes Anna.", "Tom | works_at | Acme", "Tom | likes | Anna")]
    [InlineData("Dark Water is a film directed by Nora Quist.", "Dark Water | is_a | film", "Nora Quist | direct | Dark Water")]
    [InlineData("Karl Olsen was born and raised in Bergen.", "Karl Olsen | born_in | Bergen", "Karl Olsen | grew_up_in | Bergen")]
    [InlineData("The population of Narvik is 14,000.", "Narvik | population | 14,000")]
    [InlineData("Narvik has a population of 14,000.", "Narvik | population | 14,000")]
    [InlineData("The harbour, built in 1902, serves Narvik.", "harbour | built_in | 1902", "harbour | serve | Narvik")]
    [InlineData("Eva Lind wrote and produced the album.", "Eva Lind | write | album", "Eva Lind | produce | album")]
    [InlineData("American singer and actor Bo Field recorded the song.", "Bo Field | is_a | American singer", "Bo Field | is_a | actor", "Bo Field | record | song")]
    [InlineData("Tom gave Anna a book.", "Tom | give | book", "Tom | give_to | Anna")]
    public async Task Narrative_clauses_are_extracted(string text, params string[] expected) => await Yields(text, expected);

    [Theory]
    [InlineData("I don't like cheese.", "user | not likes | cheese")]
    [InlineData("I no longer work at Google.", "user | not works_at | Google")]
    [InlineData("Tom has no children.", "Tom | not has | children")]
    [InlineData("Anna never visited London.", "Anna | not visited | London")]
    [InlineData("Anna isn't a doctor.", "Anna | not is_a | doctor")]
    [InlineData("Tom did not move to Rome.", "Tom | not moved_to | Rome")]
    [InlineData("Neither Tom nor Clara likes fish.", "Clara | not likes | fish")]
    [InlineData("No student likes exams.", "student | not likes | exams")]
    public async Task Negation_stays_negation(string text, string expected)
    {
        var triples = await Extract.From(text);
        Assert.Contains(expected, triples.Select(Extract.Line));
        Assert.All(triples, t => Assert.True(t.Negated && !t.SingleValued, Extract.Line(t)));
    }

    [Theory]
    [InlineData("If I win the lottery, I will buy a house.")]
    [InlineData("I would live in Paris if I could.")]
    [InlineData("I might move to Rome.")]
    [InlineData("I hope Anna moves to Rome.")]
    [InlineData("I wish I had a dog.")]
    [InlineData("Does Tom live in Berlin?")]
    [InlineData("Is Anna a doctor?")]
    [InlineData("Imagine Tom works at Acme.")]
    [InlineData("Unless Tom moves to Rome, Anna will leave Acme.")]
    public async Task What_is_not_stated_is_not_extracted(string text) => Assert.Empty(await Extract.From(text));

    [Fact]
    public async Task A_plan_is_not_an_event()
    {
        var lines = await Extract.Lines("I will visit Japan next month. I want to buy a Tesla. I can speak French.");
        Assert.Equal(["user | will_visit | Japan", "user | want_to_buy | Tesla", "user | can_speak | French"], lines);
    }

    [Fact]
    public async Task A_reported_statement_is_weaker_than_a_plain_one()
    {
        var plain = Assert.Single(await Extract.From("Anna lives in Paris."), t => t.Predicate == "lives_in");
        var reported = Assert.Single(await Extract.From("I think Anna lives in Paris."), t => t.Predicate == "lives_in");
        Assert.True(reported.Confidence < plain.Confidence);
    }

    [Fact]
    public async Task The_first_person_is_the_speaker() =>
        Assert.Contains("caroline | lives_in | Oslo", await Extract.Lines("I live in Oslo.", speaker: "caroline"));

    [Fact]
    public async Task A_name_before_a_colon_is_who_speaks()
    {
        var lines = await Extract.Lines("Melanie: I run marathons.\nCaroline: I moved to Denver. You inspire me.", speaker: "someone");
        Assert.Contains("Melanie | run | marathons", lines);
        Assert.Contains("Caroline | moved_to | Denver", lines);
        Assert.Contains("Melanie | inspire | Caroline", lines);
        Assert.DoesNotContain(lines, l => l.Contains("someone", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_note_before_a_colon_is_no_speaker() =>
        Assert.Equal(["user | wifi_password | hunter2"], await Extract.Lines("Remember: my wifi password is hunter2."));

    [Fact]
    public async Task Notes_about_the_user_name_the_speaker() =>
        Assert.Equal(["clara | prefers | dark mode", "clara | lives_in | Oslo"], await Extract.Lines("User prefers dark mode. The user lives in Oslo.", speaker: "clara"));

    [Fact]
    public async Task Pronouns_mean_the_last_fitting_subject()
    {
        Assert.Contains("Anna | works_at | Eni", await Extract.Lines("Anna moved to Rome. She works at Eni."));
        Assert.Contains("Narvik Airport | has | two runways", await Extract.Lines("Narvik Airport opened in 1990. It has two runways."));
    }

    [Theory]
    [InlineData("He moved to Rome.")]
    [InlineData("My brother plays chess. She moved to Rome.")]
    [InlineData("They own a boat.")]
    public async Task Pronouns_without_a_fitting_subject_give_nothing(string text) =>
        Assert.DoesNotContain(await Extract.From(text), t => t.Object is "Rome" or "boat");

    [Theory]
    [InlineData("I live in Berlin.", "lives_in", true)]
    [InlineData("I used to live in Rome.", "lives_in", false)]
    [InlineData("My favourite books are Dune.", "favourite_books", false)]
    [InlineData("I live in a small apartment.", "lives_in", false)]
    [InlineData("I like tea.", "likes", false)]
    [InlineData("My favourite food is ramen.", "favourite_food", true)]
    public async Task Only_current_single_valued_facts_supersede(string text, string predicate, bool single) =>
        Assert.Equal(single, Assert.Single(await Extract.From(text), t => t.Predicate == predicate).SingleValued);

    [Fact]
    public async Task Kinds_are_given_where_they_are_evident()
    {
        var triple = Assert.Single(await Extract.From("I live in Berlin."));
        Assert.Equal(("person", "place"), (triple.SubjectKind, triple.ObjectKind));
    }

    private static async Task Yields(string text, string[] expected)
    {
        var lines = await Extract.Lines(text);
        Assert.All(expected, line => Assert.True(lines.Contains(line), $"'{line}' is not among: {string.Join("; ", lines)}"));
    }
}
