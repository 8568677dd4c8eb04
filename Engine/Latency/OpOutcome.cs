namespace Engram.Engine.Latency;

/// <summary>How an operation ended, by what it answered and not only by its status. Percentiles are taken over <see cref="Ok"/> alone.</summary>
public enum OpOutcome : byte
{
    /// <summary>It answered what it should, however long it took.</summary>
    Ok,

    /// <summary>It answered with success, but not with the shape its caller was promised.</summary>
    ShapeFail,

    /// <summary>The caller asked for what cannot be, or went away.</summary>
    ClientError,

    /// <summary>The tenant's provider failed; the cause is the kind of fault.</summary>
    ProviderFault,

    /// <summary>We failed.</summary>
    ServerError,

    /// <summary>It was not done after <see cref="LatencyBudgets.Cutoff"/>: counted apart, and in no percentile.</summary>
    Cutoff,
}

/// <summary>Names of outcomes and classes as they are stored and answered.</summary>
public static class OpNames
{
    /// <summary>The snake_case name of an outcome.</summary>
    public static string Of(OpOutcome outcome) => outcome switch
    {
        OpOutcome.Ok => "ok",
        OpOutcome.ShapeFail => "shape_fail",
        OpOutcome.ClientError => "client_error",
        OpOutcome.ProviderFault => "provider_fault",
        OpOutcome.ServerError => "server_error",
        _ => "cutoff",
    };

    /// <summary>The name of a class.</summary>
    public static string Of(OpClass opClass) => opClass switch
    {
        OpClass.Read => "read",
        OpClass.Mcp => "mcp",
        OpClass.Store => "store",
        _ => "query",
    };
}
