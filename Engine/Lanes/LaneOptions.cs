using System.ComponentModel.DataAnnotations;

namespace Engram.Engine.Lanes;

/// <summary>Section <c>Engram:Lanes</c>: how much heavy work a host does at once. The lane for queries and the one for stores are of the same size.</summary>
public sealed class LaneOptions
{
    /// <summary>Requests a lane works on at once, 1 to 256; 0, the default, for as many as there are cores, at least 2 and at most 12.</summary>
    [Range(0, 256, ErrorMessage = "Engram:Lanes:Places must be 0 to 256.")]
    public int Places { get; set; }

    /// <summary>Requests that may wait for a place in a lane, 0 to 100,000. At two cores' pace the default is about a second and a half's work.</summary>
    [Range(0, 100_000, ErrorMessage = "Engram:Lanes:Waiting must be 0 to 100000.")]
    public int Waiting { get; set; } = 128;

    /// <summary>Requests one tenant may have in a lane, working or waiting, 1 to 100,000: less than all, so that nobody can fill it alone.</summary>
    [Range(1, 100_000, ErrorMessage = "Engram:Lanes:PerTenant must be 1 to 100000.")]
    public int PerTenant { get; set; } = 64;

    // An upper bound, since a query may hold four connections and a store one, and reads need some of the pool's 96.
    internal int EffectivePlaces => Places > 0 ? Places : Math.Clamp(Environment.ProcessorCount, 2, 12);
}
