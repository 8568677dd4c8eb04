namespace Engram.Engine.Graph;

/// <summary>Keeps what fits: triples come nearest and best first, and one is kept only with both its ends.</summary>
internal sealed class GraphPick
{
    private readonly int _limit;
    private readonly Dictionary<Guid, GraphNode> _nodes = [];

    public GraphPick(GraphEntity center, int limit)
    {
        _limit = limit;
        _nodes[center.Id] = new GraphNode(center.Id, center.Name, center.Kind, 0, 0);
    }

    public List<GraphEdge> Edges { get; } = [];

    /// <summary>The centre first, then in the order they were met: by distance.</summary>
    public IEnumerable<GraphNode> Nodes => _nodes.Values.OrderBy(node => node.Depth);

    public void Add(GraphNode subject, GraphNode @object, GraphEdge edge)
    {
        var missing = (_nodes.ContainsKey(subject.Id) ? 0 : 1) + (subject.Id == @object.Id || _nodes.ContainsKey(@object.Id) ? 0 : 1);
        // The centre is not counted.
        if (_nodes.Count - 1 + missing > _limit)
            return;
        _nodes.TryAdd(subject.Id, subject);
        _nodes.TryAdd(@object.Id, @object);
        Edges.Add(edge);
    }
}
