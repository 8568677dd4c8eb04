using System.Security.Cryptography;
using Aspire.Hosting.Publishing;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Where the value of a parameter comes from that nobody configured.</summary>
public abstract class ParameterDefault
{
    /// <summary>Called when the application is published, which LocalHost never does.</summary>
    public abstract void WriteToManifest(ManifestPublishingContext context);

    public abstract string GetDefaultValue();
}

/// <summary>A random value from the wanted kinds of characters; look-alikes (i, l, o) are left out.</summary>
public sealed class GenerateParameterDefault : ParameterDefault
{
    /// <summary>22 of all 67 characters carry 128 bits.</summary>
    public int MinLength { get; set; } = 22;

    public bool Lower { get; set; } = true;

    public bool Upper { get; set; } = true;

    public bool Numeric { get; set; } = true;

    public bool Special { get; set; } = true;

    public int MinLower { get; set; }

    public int MinUpper { get; set; }

    public int MinNumeric { get; set; }

    public int MinSpecial { get; set; }

    public override string GetDefaultValue()
    {
        (bool Wanted, string Characters, int Least)[] kinds =
        [
            (Lower, "abcdefghjkmnpqrstuvwxyz", MinLower),
            (Upper, "ABCDEFGHJKMNPQRSTUVWXYZ", MinUpper),
            (Numeric, "0123456789", MinNumeric),
            (Special, "-_.{}~()*+!", MinSpecial),
        ];
        var all = string.Concat(kinds.Where(kind => kind.Wanted).Select(kind => kind.Characters));
        if (all.Length == 0)
        {
            throw new DistributedApplicationException("A generated parameter needs at least one kind of characters.");
        }

        var required = kinds.Where(kind => kind.Wanted).SelectMany(kind => RandomNumberGenerator.GetItems<char>(kind.Characters, kind.Least)).ToArray();
        char[] value = [.. required, .. RandomNumberGenerator.GetItems<char>(all, Math.Max(0, MinLength - required.Length))];
        RandomNumberGenerator.Shuffle<char>(value);
        return new string(value);
    }

    public override void WriteToManifest(ManifestPublishingContext context)
    {
        context.Writer.WriteStartObject("generate");
        context.Writer.WriteNumber("minLength", MinLength);
        context.Writer.WriteEndObject();
    }
}
