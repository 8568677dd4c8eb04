namespace Engram.Engine.Prompts;

/// <summary>
/// How many tokens a text will be for some model, before the model's own tokenizer has seen it: four characters of ASCII to a token, one of any
/// other script. Rather too many than too few; what was really read and written comes back with the reply.
/// </summary>
internal static class TokenEstimate
{
    private const double CharactersPerToken = 4;

    public static int Of(string text)
    {
        var other = 0;
        foreach (var c in text)
            other += c > '\u007f' ? 1 : 0;
        return (int)Math.Ceiling(((text.Length - other) / CharactersPerToken) + (other * 0.75));
    }
}
