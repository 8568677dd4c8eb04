namespace Engram.Benchmarks;

/// <summary>Something the person at the terminal can put right; its message is all they need to see.</summary>
internal sealed class BenchmarkException(string message, Exception? cause = null) : Exception(message, cause);
