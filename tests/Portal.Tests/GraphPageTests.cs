using Engram.Portal.Client;
using Engram.Portal.Components.Graph;

namespace Engram.Portal.Tests;

public sealed class GraphPageTests
{
    [Fact]
    public async Task The_page_shows_the_facts_around_the_entity_with_links_to_their_memories()
    {
        await using var portal = await PortalHost.StartAsync();
        portal.Api.Tenant.Buckets[0].Memories.Add(new("Ada lives in Lisbon"));
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        var html = await browser.ReadAsync("/graph");

        Assert.Contains("Ada is connected to 2 entities by 3 facts. 1 fact was superseded since.", html, StringComparison.Ordinal);
        Assert.Contains($"/buckets/default/memories/{portal.Api.Tenant.Buckets[0].Memories[0].Id}", html, StringComparison.Ordinal);
        Assert.Contains("5 neighbours are not drawn", html, StringComparison.Ordinal);
        Assert.DoesNotContain("Portugal</text>", html, StringComparison.Ordinal);
        Assert.Contains("Portugal</text>", await browser.ReadAsync("/graph?hops=2"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_day_in_the_address_asks_for_what_held_at_its_end()
    {
        await using var portal = await PortalHost.StartAsync();
        portal.Api.Tenant.Buckets[0].Memories.Add(new("Ada lives in Lisbon"));
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        var html = await browser.ReadAsync("/graph?as_of=2026-02-01");

        Assert.Contains("by 2 facts, as it was on 2026-02-01.", html, StringComparison.Ordinal);
        Assert.Contains(portal.Api.Tenant.Requests, request => request.Contains("as_of=2026-02-01T23%3A59%3A59Z", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_empty_graph_says_how_it_is_filled_and_an_unknown_entity_that_there_is_none()
    {
        await using var portal = await PortalHost.StartAsync();
        using var browser = portal.Open();
        using var signedIn = await browser.SignInAsync();

        Assert.Contains("No entity in this bucket yet", await browser.ReadAsync("/graph"), StringComparison.Ordinal);
        portal.Api.Tenant.Buckets[0].Memories.Add(new("Ada lives in Lisbon"));
        Assert.Contains("There is no such entity in this bucket.", await browser.ReadAsync("/graph?entity=Nobody"), StringComparison.Ordinal);
        Assert.Contains("No entity begins with", await browser.ReadAsync("/graph?q=Zzz"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 60)]
    [InlineData(2, 60)]
    public void No_two_entities_are_drawn_over_each_other_and_all_of_them_inside(int hops, int count)
    {
        var layout = GraphLayout.Of(Star(hops, count));

        Assert.Equal(count + 1, layout.Nodes.Count);
        foreach (var node in layout.Nodes)
        {
            Assert.InRange(node.X - (node.Width / 2), 0, layout.Width);
            Assert.InRange(node.X + (node.Width / 2), 0, layout.Width);
            Assert.InRange(node.Y, GraphLayout.BoxHeight / 2, layout.Height - (GraphLayout.BoxHeight / 2));
            Assert.DoesNotContain(layout.Nodes, other => other != node
                && Math.Abs(other.X - node.X) < (other.Width + node.Width) / 2 && Math.Abs(other.Y - node.Y) < GraphLayout.BoxHeight);
        }
    }

    [Fact]
    public void Two_facts_between_the_same_entities_are_one_line()
    {
        var star = Star(1, 1);
        var both = star with { Edges = [.. star.Edges, star.Edges[0] with { Id = "again", Predicate = "knows", SubjectId = "n0", ObjectId = "c" }] };

        Assert.Equal("is near +1", Assert.Single(GraphLayout.Of(both).Lines).Label);
    }

    [Fact]
    public void The_slider_runs_from_the_first_change_to_today_and_is_not_there_without_dates()
    {
        var now = new DateTimeOffset(2026, 3, 11, 12, 0, 0, TimeSpan.Zero);
        var graph = Star(1, 1);

        var slider = DaySlider.Of(graph with { EarliestAt = now.AddDays(-10), LatestAt = now.AddDays(-5) }, now);

        Assert.Equal((10, new DateOnly(2026, 3, 4)), (slider!.Steps, slider.At(3)));
        Assert.Equal(slider.Steps, slider.StepOf(null));
        Assert.Null(DaySlider.Of(graph, now));
    }

    [Fact]
    public void The_address_holds_the_whole_state()
    {
        var state = GraphPageState.Of("notes", "Ann & Ben", "2", "2026-03-02", "an", "yes");

        Assert.Equal("/graph?bucket=notes&entity=Ann%20%26%20Ben&hops=2&as_of=2026-03-02&q=an&wide=yes", state.Href);
        Assert.Equal("/graph", GraphPageState.Of(null, " ", "7", "yesterday", "", "no").Href);
    }

    private static EntityGraph Star(int hops, int count)
    {
        var first = hops == 1 ? count : (count + 1) / 2;
        var nodes = Enumerable.Range(0, count).Select(i => new GraphNode($"n{i}", $"Entity number {i} with a long name", null, i < first ? 1 : 2, 1));
        var edges = Enumerable.Range(0, count).Select(i => new GraphEdge($"e{i}", i < first ? "c" : $"n{i - first}", "is_near", $"n{i}", false, 0.9, null, null, false, []));
        return new EntityGraph("c", hops, [new GraphNode("c", "Centre", null, 0, 2), .. nodes], [.. edges], 0, null, null);
    }
}
