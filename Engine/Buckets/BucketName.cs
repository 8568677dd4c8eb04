using Engram.Engine.Memories;

namespace Engram.Engine.Buckets;

/// <summary>Rules of a bucket's name, and the reading of a path segment that is a name or an id.</summary>
public static class BucketName
{
    /// <summary>Longest name, in UTF-16 characters.</summary>
    public const int MaxLength = 128;

    /// <summary>Name of the bucket that is meant when none is given.</summary>
    public const string Default = "default";

    /// <summary>Checks a name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="field">Where it came from, for the message.</param>
    /// <exception cref="EngramException">It is empty, too long, has control characters or looks like an id.</exception>
    public static void Check(string? name, string field = "bucket")
    {
        if (string.IsNullOrWhiteSpace(name))
            throw EngramException.Invalid(field, "A bucket name is missing: give 1 to 128 characters.");
        if (name.Length > MaxLength)
            throw EngramException.Invalid(field, $"The bucket name has {name.Length} characters; the limit is {MaxLength}.");
        TextRules.CheckCharacters(field, name);
        if (name.AsSpan().ContainsAny('/', '\\') || name.Any(char.IsControl))
            throw EngramException.Invalid(field, "A bucket name has no slashes and no control characters.");
        if (Guid.TryParse(name, out _))
            throw EngramException.Invalid(field, "A bucket name may not look like an id: choose words.");
    }
}
