using Engram.Portal.Client;

namespace Engram.Portal.Components.Graph;

/// <summary>An entity where it is drawn; X and Y are the middle of its box.</summary>
public sealed record PlacedNode(GraphNode Node, double X, double Y, double Width, string Label);

/// <summary>The triples between two entities as one line, with the words of the first and how many more there are.</summary>
/// <param name="LabelX">Middle of the words; meaningless where <paramref name="Label"/> is null.</param>
/// <param name="Label">Null for lines that run across, whose words would lie on others.</param>
public sealed record PlacedLine(
    IReadOnlyList<GraphEdge> Edges, double X1, double Y1, double X2, double Y2, double BendX, double BendY, double LabelX, double LabelY, string? Label, bool Superseded);

/// <summary>
/// Where the entities stand: the centre in the middle, its neighbours on a ring around it, theirs on a second one. The rings are flat at their sides, with the
/// entities of each half one above the other: names are wide and low, and on a true circle they would lie on each other above and below the centre.
/// One-sided, for a phone, the centre stands at the left and everything to the right of it.
/// </summary>
public sealed record GraphLayout(double Width, double Height, IReadOnlyList<PlacedNode> Nodes, IReadOnlyList<PlacedLine> Lines)
{
    public const double BoxHeight = 28;
    private const int LongestName = 22;
    private const int LongestWords = 18;
    private const double CharWidth = 7.4;
    private const double Gap = 128;
    private const double Row = 44;
    private const double Curve = 34;

    public static GraphLayout Of(EntityGraph graph, bool oneSided = false)
    {
        var center = graph.Nodes[0];
        var ring1 = graph.Nodes.Where(node => node.Depth == 1).ToArray();
        var parents = Parents(graph);
        // Alternating, so that the best known stand on both sides; the second ring follows its parents.
        var right = ring1.Where((_, i) => oneSided || i % 2 == 0).ToArray();
        var left = ring1.Where((_, i) => !oneSided && i % 2 == 1).ToArray();
        var (right2, left2) = (Children(graph, parents, right), Children(graph, parents, left));
        var rows = Math.Max(Math.Max(right.Length, left.Length), Math.Max(right2.Length, left2.Length));
        var height = (Math.Max(rows, 3) * Row) + 32;
        var centerBox = WidthOf(center.Name);
        var near = (centerBox / 2) + Gap;
        var nearBox = ring1.Select(node => WidthOf(node.Name)).DefaultIfEmpty(60).Max();
        var far = near + nearBox + Gap;
        var farBox = right2.Concat(left2).Select(node => WidthOf(node.Name)).DefaultIfEmpty(0).Max();
        var half = (farBox > 0 ? far + farBox : near + nearBox) + Curve + 12;
        var middle = oneSided ? (centerBox / 2) + 4 : half;

        var nodes = new List<PlacedNode> { new(center, middle, height / 2, centerBox, Short(center.Name, LongestName)) };
        Place(nodes, right, +1, near, middle, height);
        Place(nodes, left, -1, near, middle, height);
        Place(nodes, right2, +1, far, middle, height);
        Place(nodes, left2, -1, far, middle, height);
        return new GraphLayout(middle + half, height, nodes, Connect(graph, nodes, parents));
    }

    private static void Place(List<PlacedNode> nodes, GraphNode[] ring, int side, double from, double middle, double height)
    {
        for (var i = 0; i < ring.Length; i++)
        {
            var y = (height / 2) + ((i - ((ring.Length - 1) / 2d)) * Row);
            var bulge = Curve * Math.Cos((y - (height / 2)) / height * Math.PI);
            var width = WidthOf(ring[i].Name);
            nodes.Add(new PlacedNode(ring[i], middle + (side * (from + bulge + (width / 2))), y, width, Short(ring[i].Name, LongestName)));
        }
    }

    /// <summary>Through which neighbour of the centre each entity of the second ring was met first.</summary>
    private static Dictionary<string, string> Parents(EntityGraph graph)
    {
        var depths = graph.Nodes.ToDictionary(node => node.Id, node => node.Depth, StringComparer.Ordinal);
        var parents = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var edge in graph.Edges)
        {
            var (subject, @object) = (depths[edge.SubjectId], depths[edge.ObjectId]);
            if (subject == 1 && @object == 2)
            {
                parents.TryAdd(edge.ObjectId, edge.SubjectId);
            }
            else if (subject == 2 && @object == 1)
            {
                parents.TryAdd(edge.SubjectId, edge.ObjectId);
            }
        }
        return parents;
    }

    private static GraphNode[] Children(EntityGraph graph, Dictionary<string, string> parents, GraphNode[] side)
    {
        var order = side.Select((node, i) => (node.Id, i)).ToDictionary(each => each.Id, each => each.i, StringComparer.Ordinal);
        return [.. graph.Nodes.Where(node => node.Depth == 2 && parents.TryGetValue(node.Id, out var parent) && order.ContainsKey(parent)).OrderBy(node => order[parents[node.Id]])];
    }

    private static List<PlacedLine> Connect(EntityGraph graph, List<PlacedNode> nodes, Dictionary<string, string> parents)
    {
        var placed = nodes.ToDictionary(node => node.Node.Id, StringComparer.Ordinal);
        var lines = new List<PlacedLine>();
        foreach (var pair in graph.Edges.Where(edge => edge.SubjectId != edge.ObjectId && placed.ContainsKey(edge.SubjectId) && placed.ContainsKey(edge.ObjectId))
            .GroupBy(edge => string.CompareOrdinal(edge.SubjectId, edge.ObjectId) < 0 ? (edge.SubjectId, edge.ObjectId) : (edge.ObjectId, edge.SubjectId)))
        {
            var edges = pair.ToArray();
            var (a, b) = (placed[pair.Key.Item1], placed[pair.Key.Item2]);
            var (inner, outer) = a.Node.Depth <= b.Node.Depth ? (a, b) : (b, a);
            var isSpoke = inner.Node.Depth < outer.Node.Depth && (outer.Node.Depth == 1 || parents[outer.Node.Id] == inner.Node.Id);
            lines.Add(isSpoke ? Spoke(edges, inner, outer) : Across(edges, inner, outer));
        }
        return lines;
    }

    /// <summary>From the outer edge of the nearer box to the inner edge of the farther one.</summary>
    private static PlacedLine Spoke(GraphEdge[] edges, PlacedNode inner, PlacedNode outer)
    {
        var side = Math.Sign(outer.X - inner.X);
        var (x1, x2) = (inner.X + (side * inner.Width / 2), outer.X - (side * outer.Width / 2));
        // Nearer to the outer end, where the lines have parted. Bent, they leave level and arrive level.
        var (labelX, labelY) = (x1 + ((x2 - x1) * 0.62), inner.Y + ((outer.Y - inner.Y) * 0.72));
        return new PlacedLine(
            edges, x1, inner.Y, x2, outer.Y, (x1 + x2) / 2, 0, labelX, labelY - 4, Words(edges), Array.TrueForAll(edges, edge => edge.Superseded));
    }

    private static PlacedLine Across(GraphEdge[] edges, PlacedNode a, PlacedNode b)
    {
        var (middleX, middleY) = ((a.X + b.X) / 2, (a.Y + b.Y) / 2);
        // On one side the line swings out past the boxes between, else it goes straight.
        var swing = Math.Sign(a.X) == Math.Sign(b.X) && Math.Abs(a.X - b.X) < 120 ? 90 : 0;
        return new PlacedLine(edges, a.X, a.Y, b.X, b.Y, middleX - swing, middleY, 0, 0, null, Array.TrueForAll(edges, edge => edge.Superseded));
    }

    private static string Words(GraphEdge[] edges)
    {
        var words = Short(edges[0].Words, LongestWords);
        return edges.Length > 1 ? $"{words} +{edges.Length - 1}" : words;
    }

    private static double WidthOf(string name) => (Math.Min(name.Length, LongestName) * CharWidth) + 24;

    private static string Short(string text, int most) =>
        text.Length <= most ? text : text[..(char.IsHighSurrogate(text[most - 2]) ? most - 2 : most - 1)].TrimEnd() + "…";
}
