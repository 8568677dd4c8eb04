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

    /// <summary>Turning memories and queries into vectors.</summary>
    Embed,
}

/// <summary>The roles' names on the wire and in the database.</summary>
public static class ModelRoleNames
{
    /// <summary>Every role's name.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetValues<ModelRole>().Select(Of)];

    /// <summary>The name of <paramref name="role"/>.</summary>
    public static string Of(ModelRole role) => role switch
    {
        ModelRole.Extract => "extract",
        ModelRole.Synthesize => "synthesize",
        ModelRole.Embed => "embed",
        _ => "profile",
    };

    /// <summary>Reads a name; false if there is no such role.</summary>
    public static bool TryParse(string name, out ModelRole role)
    {
        foreach (var known in Enum.GetValues<ModelRole>())
        {
            if (Of(known) == name)
            {
                role = known;
                return true;
            }
        }

        role = default;
        return false;
    }
}
