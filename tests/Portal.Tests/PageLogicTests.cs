using System.Globalization;
using System.Text.Json;
using Engram.Portal.Account;
using Engram.Portal.Client;
using Engram.Portal.Components.Buckets;
using Engram.Portal.Components.Controls;
using Engram.Portal.Components.Keys;
using Microsoft.AspNetCore.Http;

namespace Engram.Portal.Tests;

public sealed class PageLogicTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("/", true)]
    [InlineData("/buckets/a?q=b#c", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("buckets", false)]
    [InlineData("//host", false)]
    [InlineData("/\\host", false)]
    [InlineData("/\n/host", false)]
    [InlineData("http://host/", false)]
    public void Only_a_path_of_the_portal_is_local(string? url, bool isLocal) => Assert.Equal(isLocal, LocalReturnUrl.IsLocal(url));

    [Theory]
    [InlineData("", "its text, its vector, its index entries. Deleted")]
    [InlineData("0", "its index entries and 1 triple that nothing else says. Deleted")]
    [InlineData("2", "its index entries. Its triple stays: other memories say the same. Deleted")]
    [InlineData("1 1", "its index entries. Its 2 triples stay: other memories say the same. Deleted")]
    [InlineData("0 3 0", "its index entries and 2 of its 3 triples; other memories say the rest. Deleted")]
    public void Whoever_deletes_a_memory_is_told_what_goes_with_it(string otherSources, string told)
    {
        Triple[] triples = [.. otherSources.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(count => new Triple("Ann", "knows", "Ben", false, 1, null, null, false, null, null, int.Parse(count, CultureInfo.InvariantCulture)))];
        var memory = new Memory("1", "Ann knows Ben.", null, null, null, null, null, null, null, null, null, null, null, null, null, triples, []);

        Assert.Contains(told, DeletionPreview.Of(memory), StringComparison.Ordinal);
    }

    [Fact]
    public void The_sign_in_address_carries_a_whole_address_with_its_query()
    {
        Assert.Equal("/sign-in?return_url=%2Fbuckets%2Fa%3Fq%3Db%26page%3D2&ended=true", LocalReturnUrl.SignIn("/buckets/a?q=b&page=2", sessionEnded: true));
        Assert.Equal("/sign-in", LocalReturnUrl.SignIn("/"));
        Assert.Equal("/sign-in", LocalReturnUrl.SignIn("//evil.example"));
    }

    [Theory]
    [InlineData("https", "__Host-engram-session")]
    [InlineData("http", "engram-session")]
    public void The_cookie_has_the_host_prefix_exactly_where_a_browser_accepts_it(string scheme, string name)
    {
        var context = new DefaultHttpContext { Request = { Scheme = scheme } };

        new HostPrefixCookieManager().AppendResponseCookie(context, "engram-session", "v", new CookieOptions { Path = "/", Secure = scheme == "https" });

        Assert.StartsWith(name + "=v", context.Response.Headers.SetCookie.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("it's Ada's $HOME `id` \"x\" \\ !")]
    [InlineData("two\nlines")]
    [InlineData("'")]
    public async Task A_quoted_text_reaches_the_shell_command_unchanged(string text)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "POSIX quoting is checked with a POSIX shell.");
        using var shell = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("sh", ["-c", $"printf %s {Curl.Quote(text)}"]) { RedirectStandardOutput = true })!;

        Assert.Equal(text, await shell.StandardOutput.ReadToEndAsync());
    }

    [Fact]
    public void A_command_names_the_key_variable_and_not_a_key()
    {
        var command = Curl.Command("http://api", HttpMethod.Delete, ApiPaths.Memory("a b", "id"));

        Assert.Equal("curl -X DELETE 'http://api/v1/buckets/a%20b/memories/id' \\\n  -H \"Authorization: Bearer $ENGRAM_API_KEY\"", command);
    }

    [Fact]
    public void The_MCP_configuration_is_JSON_with_the_key_while_it_may_be_shown()
    {
        using var with = JsonDocument.Parse(new Snippets("http://api", "http://mcp/mcp", "eng_live_x").McpConfiguration);
        using var without = JsonDocument.Parse(new Snippets("http://api", "http://mcp/mcp").McpConfiguration);

        var server = with.RootElement.GetProperty("mcpServers").GetProperty("engram");
        Assert.Equal("http://mcp/mcp", server.GetProperty("url").GetString());
        Assert.Equal("Bearer eng_live_x", server.GetProperty("headers").GetProperty("Authorization").GetString());
        Assert.Contains(Snippets.KeyPlaceholder, without.RootElement.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_state_of_the_memories_page_survives_its_address()
    {
        var view = MemoriesView.Of("a/b ü", "what & where?", "quarantined", "ann", "travel", 3);

        Assert.Equal("/buckets/a%2Fb%20%C3%BC?q=what%20%26%20where%3F&status=quarantined&user=ann&category=travel&page=3", view.Href);
        Assert.Equal("/buckets/x", MemoriesView.Of("x", " ", "nonsense", "", null, -4).Href);
    }

    [Fact]
    public void A_list_and_a_search_ask_with_the_same_filter()
    {
        var view = MemoriesView.Of("b", "where", "stored", "ann", "travel", 2);

        Assert.Equal(
            "?limit=20&offset=20&details=true&status=stored&filter=%7B%22user_id%22%3A%22ann%22,%22categories%22%3A%7B%22contains%22%3A%22travel%22%7D%7D",
            view.ToListing().ToQueryString());
        Assert.Equal("""{"status":"stored","user_id":"ann","categories":{"contains":"travel"}}""", view.ToQuery().Filters?.ToJsonString());
        Assert.True(view.ToQuery().Options.SkipSynthesis);
        Assert.Null(MemoriesView.Of("b", "where").ToQuery().Filters);
    }

    [Fact]
    public void A_key_starts_without_the_right_to_delete_and_expires()
    {
        var request = new KeyDraft { Name = " agent " }.ToRequest(Now);

        Assert.Equal("agent", request.Name);
        Assert.Equal(["memories:read", "memories:write"], request.Scopes);
        Assert.Null(request.Buckets);
        Assert.Equal(Now.AddDays(90), request.ExpiresAt);
    }

    [Fact]
    public void A_key_without_a_name_or_a_scope_is_not_sent()
    {
        var draft = new KeyDraft();
        Assert.NotNull(draft.NameFault);
        draft.Name = "agent";
        Assert.True(draft.IsReady);
        draft.Scopes.Clear();
        Assert.False(draft.IsReady);
    }

    [Fact]
    public void An_edit_sends_only_what_was_changed()
    {
        var memory = AMemory("line one\nline two", ["a", "b"]);
        var edit = new MemoryEdit(memory) { Content = "line one\r\nline two" };
        Assert.False(edit.IsChanged);

        edit.Categories = "b , a,, a";
        Assert.Equal(["b", "a"], edit.ToRequest().Categories!);
        Assert.Null(edit.ToRequest().Content);

        edit.Content = "  ";
        Assert.NotNull(edit.Fault);
    }

    [Fact]
    public void An_excerpt_is_cut_at_a_word_and_never_within_a_character()
    {
        var words = MemoryRow.Shorten(string.Join(' ', Enumerable.Repeat("word", 100)));
        var emoji = MemoryRow.Shorten("x" + string.Concat(Enumerable.Repeat("😀", 200)));

        Assert.EndsWith("word …", words, StringComparison.Ordinal);
        Assert.True(words.Length <= MemoryRow.ExcerptLength + 2);
        Assert.DoesNotContain('�', System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(emoji)));
        Assert.Equal("short", MemoryRow.Shorten("short"));
    }

    [Theory]
    [InlineData(3, 5, "Ada's")]
    [InlineData(0, 400, null)]
    [InlineData(-1, 2, null)]
    public void The_evidence_of_a_triple_is_the_words_of_the_text(int start, int length, string? evidence)
    {
        var triple = new Triple("s", "p", "o", false, 1, null, null, false, start, length);

        Assert.Equal(evidence, triple.EvidenceIn("In Ada's words"));
    }

    [Theory]
    [InlineData(30, "just now")]
    [InlineData(60, "1 minute ago")]
    [InlineData(7200, "2 hours ago")]
    [InlineData(86400 * 3, "3 days ago")]
    [InlineData(86400 * 100, "2026-08-13")]
    public void An_age_is_said_in_its_largest_unit(int seconds, string said) => Assert.Equal(said, Figures.Ago(Now.AddSeconds(-seconds), Now));

    [Theory]
    [InlineData("default", "default", true)]
    [InlineData("", null, false)]
    public void A_bucket_needs_a_name(string name, string? sent, bool ready)
    {
        var draft = new BucketDraft { Name = name };

        Assert.Equal(ready, draft.Fault is null);
        Assert.Equal(sent ?? "", draft.ToRequest().Name);
        Assert.Null(draft.ToRequest().Description);
    }

    private static Memory AMemory(string content, IReadOnlyList<string> categories) =>
        new("id", content, "stored", "extracted", null, null, null, null, categories, null, "en", 3, null, Now, Now, [], []);

    [Fact]
    public void A_table_is_sorted_as_its_address_says_and_a_heading_chosen_again_turns_it_round()
    {
        var byName = TableSort.Of("no such column", "name", "name", "memories");
        var most = byName.Choose("memories", largestFirst: true);

        Assert.Equal(new TableSort("name", false), byName);
        Assert.Equal("-memories", most.Wire);
        Assert.Equal(most, TableSort.Of(most.Wire, "name", "name", "memories"));
        Assert.Equal([3, 2, 1], most.Apply([2, 3, 1], each => each));
        Assert.Equal([1, 2, 3], most.Choose("memories", largestFirst: true).Apply([2, 3, 1], each => each));
    }
}
