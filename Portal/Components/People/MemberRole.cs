namespace Engram.Portal.Components.People;

/// <summary>What somebody may do in a tenant.</summary>
public sealed record MemberRole(string Name, string Meaning)
{
    public static IReadOnlyList<MemberRole> All { get; } =
    [
        new("owner", "everything, other owners included"),
        new("admin", "everything but owners: keys, providers, members, memories"),
        new("viewer", "reads memories, queries and numbers; changes nothing"),
    ];
}
