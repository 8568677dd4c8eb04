namespace Engram.Engine.Embeddings;

/// <summary>
/// All pieces of a vocabulary as one trie over UTF-16 units. The edges are one open-addressing table: the inner loop of the
/// tokenizer is one probe per character.
/// </summary>
internal sealed class PieceTrie
{
    public const int Root = 0;
    private const int NoPiece = -1;

    private readonly long[] _keys;
    private readonly int[] _children;
    private readonly int _mask;
    private readonly List<int> _pieces = [NoPiece];

    public PieceTrie(IReadOnlyList<string> pieces, int first)
    {
        var edges = 0;
        for (var id = first; id < pieces.Count; id++)
        {
            edges += pieces[id].Length;
        }

        var capacity = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, edges * 2));
        _mask = capacity - 1;
        _keys = new long[capacity];
        _children = new int[capacity];
        Array.Fill(_keys, -1L);
        for (var id = first; id < pieces.Count; id++)
        {
            Add(pieces[id], id);
        }
    }

    /// <summary>The node behind the edge, or -1.</summary>
    public int Child(int node, char unit)
    {
        var slot = Find(Key(node, unit));
        return _keys[slot] < 0 ? -1 : _children[slot];
    }

    /// <summary>The id of the piece that ends at the node, or -1.</summary>
    public int PieceAt(int node) => _pieces[node];

    private static long Key(int node, char unit) => ((long)node << 16) | unit;

    private int Find(long key)
    {
        var slot = (int)((ulong)(key * -7046029254386353131L) >> 32) & _mask;
        while (_keys[slot] >= 0 && _keys[slot] != key)
        {
            slot = (slot + 1) & _mask;
        }

        return slot;
    }

    /// <summary>Of two equal pieces the later one wins, as in the reference.</summary>
    private void Add(string piece, int id)
    {
        var node = Root;
        foreach (var unit in piece)
        {
            var slot = Find(Key(node, unit));
            if (_keys[slot] < 0)
            {
                _keys[slot] = Key(node, unit);
                _children[slot] = _pieces.Count;
                _pieces.Add(NoPiece);
            }

            node = _children[slot];
        }

        if (node != Root)
        {
            _pieces[node] = id;
        }
    }
}
