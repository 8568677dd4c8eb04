namespace Engram.LocalHost;

/// <summary>A failure whose message is written for the person at the terminal: it says what is wrong and what to do. Printed without a stack trace.</summary>
public sealed class LocalHostException : Exception
{
    public LocalHostException()
    {
    }

    public LocalHostException(string message)
        : base(message)
    {
    }

    public LocalHostException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
