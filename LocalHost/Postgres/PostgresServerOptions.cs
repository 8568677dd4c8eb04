namespace Engram.LocalHost.Postgres;

/// <summary>How to run the server.</summary>
public sealed record PostgresServerOptions
{
    /// <summary>The TCP port on 127.0.0.1; 0 picks a free one.</summary>
    public int Port { get; init; }

    /// <summary>The password of the superuser <c>postgres</c>, set when the data folder is made.</summary>
    public required string Password { get; init; }

    /// <summary>False only for tests: no fsync, so a crash of the machine may lose the data.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Receives one line at a time: what is being done, and the server's own log.</summary>
    public Action<string> Log { get; init; } = static _ => { };
}
