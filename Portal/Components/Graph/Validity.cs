using Engram.Portal.Client;
using Engram.Portal.Components.Controls;

namespace Engram.Portal.Components.Graph;

/// <summary>When a fact holds, in words.</summary>
public static class Validity
{
    /// <summary>To follow a sentence; empty where nothing is known.</summary>
    public static string Words(GraphEdge edge)
    {
        var when = (edge.ValidFrom, edge.ValidTo) switch
        {
            ({ } from, { } to) => $", from {Figures.Day(from)} to {Figures.Day(to)}",
            ({ } from, null) => $", from {Figures.Day(from)}",
            (null, { } to) => $", until {Figures.Day(to)}",
            _ => "",
        };
        return edge.Superseded ? when + ", superseded" : when;
    }
}
