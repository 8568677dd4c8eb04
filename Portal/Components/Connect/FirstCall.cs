using Engram.Portal.Client;

namespace Engram.Portal.Components.Connect;

/// <summary>Tells a client's call from the portal's own, which are recorded like any other.</summary>
public static class FirstCall
{
    public static Operation? Among(IReadOnlyList<Operation> operations) =>
        operations.OrderBy(operation => operation.At).FirstOrDefault(operation =>
            operation.Host == "mcp" || (operation.Host == "api" && operation.Name.Contains("/v1/", StringComparison.Ordinal)));
}
