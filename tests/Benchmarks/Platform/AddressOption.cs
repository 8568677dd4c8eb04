using System.CommandLine;

namespace Engram.Benchmarks.Platform;

/// <summary>An option that takes an http address; System.CommandLine knows no Uri.</summary>
internal static class AddressOption
{
    public static Option<Uri?> Create(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps))
                return address;
            result.AddError($"{name} takes an address such as http://localhost:5000, not '{result.Tokens[0].Value}'.");
            return null;
        },
    };
}
