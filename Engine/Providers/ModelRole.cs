namespace Engram.Engine.Providers;

/// <summary>What a tenant's model is used for. Each role has its own model.</summary>
public enum ModelRole
{
    /// <summary>Turning memories into triples.</summary>
    Extract,

    /// <summary>Answering questions from what was retrieved.</summary>
    Synthesize,

    /// <summary>Writing bucket profiles.</summary>
    Profile,
}
