namespace Engram.Benchmarks.Data;

/// <summary>Finds a file of the evaluation data.</summary>
internal static class EvaluationData
{
    /// <param name="path">A file, the folder that holds it, or the folder above that.</param>
    /// <param name="set">Name of the folder of the set.</param>
    /// <param name="file">Name without .xz.</param>
    public static string Find(string path, string set, string file)
    {
        if (File.Exists(path))
            return path;
        string[] places = [Path.Combine(path, set, file + ".xz"), Path.Combine(path, set, file), Path.Combine(path, file + ".xz"), Path.Combine(path, file)];
        return Array.Find(places, File.Exists)
            ?? throw new BenchmarkException($"There is no {file}(.xz) in '{path}' or its folder '{set}'. Give the folder of the evaluation data with --data.");
    }
}
