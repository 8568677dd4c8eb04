using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Engram.Engine.Embeddings;

/// <summary>A loaded model and what its inputs and outputs are called. Runs may happen on many threads at once.</summary>
internal sealed class EncoderSession : IDisposable
{
    public const string IdsInput = "input_ids";
    private const string MaskInput = "attention_mask";
    private const string TypesInput = "token_type_ids";
    private static readonly string[] s_sentenceOutputs = ["embedding", "sentence_embedding"];

    private EncoderSession(InferenceSession session, string output, bool givesTokens, int dimensions)
    {
        Session = session;
        Output = output;
        GivesTokens = givesTokens;
        Dimensions = dimensions;
    }

    public InferenceSession Session { get; }

    public string Output { get; }

    /// <summary>Whether the output is one vector per token, still to be pooled.</summary>
    public bool GivesTokens { get; }

    public int Dimensions { get; }

    public string? Mask => Session.InputMetadata.ContainsKey(MaskInput) ? MaskInput : null;

    public string? Types => Session.InputMetadata.ContainsKey(TypesInput) ? TypesInput : null;

    /// <summary>Loads the file and checks that it is an encoder this class can run.</summary>
    /// <exception cref="EmbeddingModelException">It is not.</exception>
    public static EncoderSession Load(string file, int threads)
    {
        var session = Open(file, threads);
        try
        {
            CheckInputs(session, file);
            var (output, shape) = ChooseOutput(session, file);
            return shape[^1] > 0
                ? new EncoderSession(session, output, shape.Length == 3, shape[^1])
                : throw new EmbeddingModelException($"{file}: the size of the vectors of the output '{output}' is not fixed in the model.");
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public void Dispose() => Session.Dispose();

    private static InferenceSession Open(string file, int threads)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            // A pattern is kept for every shape ever seen; with one shape per text length that is a leak.
            EnableMemoryPattern = false,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        // Idle threads of the runtime sleep instead of spinning: this process has other work.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        try
        {
            return new InferenceSession(file, options);
        }
        catch (OnnxRuntimeException exception)
        {
            throw new EmbeddingModelException($"{file} is not a model that ONNX Runtime can load: {exception.Message}", exception);
        }
        catch (TypeInitializationException exception) when (exception.GetBaseException() is DllNotFoundException missing)
        {
            throw new EmbeddingModelException(
                "The native library of ONNX Runtime is not beside the application (runtimes/<platform>/native). " +
                "It was built for another platform, or the folder was not copied along.", missing);
        }
    }

    private static void CheckInputs(InferenceSession session, string file)
    {
        string[] known = [IdsInput, MaskInput, TypesInput];
        if (!session.InputMetadata.ContainsKey(IdsInput))
        {
            throw new EmbeddingModelException($"{file} has no input '{IdsInput}'; its inputs are {string.Join(", ", session.InputMetadata.Keys)}.");
        }

        foreach (var (name, metadata) in session.InputMetadata)
        {
            if (!known.Contains(name))
            {
                throw new EmbeddingModelException($"{file} wants the input '{name}'; only {string.Join(", ", known)} can be given.");
            }

            if (metadata.ElementDataType != TensorElementType.Int64 || metadata.Dimensions.Length != 2)
            {
                throw new EmbeddingModelException($"{file}: the input '{name}' must be int64 [batch, tokens].");
            }
        }
    }

    /// <summary>A sentence vector if the model gives one, else token vectors.</summary>
    private static (string Name, int[] Shape) ChooseOutput(InferenceSession session, string file)
    {
        foreach (var name in s_sentenceOutputs)
        {
            if (session.OutputMetadata.TryGetValue(name, out var metadata) && IsVector(metadata, rank: 2))
            {
                return (name, metadata.Dimensions);
            }
        }

        foreach (var name in session.OutputNames)
        {
            if (IsVector(session.OutputMetadata[name], rank: 3))
            {
                return (name, session.OutputMetadata[name].Dimensions);
            }
        }

        throw new EmbeddingModelException(
            $"{file} gives neither '{s_sentenceOutputs[1]}' [batch, size] nor token vectors [batch, tokens, size] as float.");
    }

    private static bool IsVector(NodeMetadata metadata, int rank) =>
        metadata.ElementDataType == TensorElementType.Float && metadata.Dimensions.Length == rank;
}
