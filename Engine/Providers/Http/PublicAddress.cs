using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Engram.Engine.Providers;

/// <summary>
/// Tells addresses of the public internet from all others (IANA special-purpose registries). IPv4 lists what is excluded, IPv6 starts from
/// the one range of global unicast addresses; an address that carries an IPv4 address inside is judged by that one, or refused.
/// </summary>
internal static class PublicAddress
{
    private static readonly IPNetwork[] NotPublic4 = Array.ConvertAll(
        [
            "0.0.0.0/8", // this network
            "10.0.0.0/8", // private
            "100.64.0.0/10", // carrier-grade NAT, and Alibaba's metadata service 100.100.100.200
            "127.0.0.0/8", // loopback
            "168.63.129.16/32", // Azure's platform service, though of a public range
            "169.254.0.0/16", // link-local, and the metadata services
            "172.16.0.0/12", // private
            "192.0.0.0/24", // protocol assignments, and Oracle's metadata service 192.0.0.192
            "192.0.2.0/24", // documentation
            "192.88.99.0/24", // 6to4 relays
            "192.168.0.0/16", // private
            "198.18.0.0/15", // benchmarks
            "198.51.100.0/24", // documentation
            "203.0.113.0/24", // documentation
            "224.0.0.0/4", // multicast
            "240.0.0.0/4", // reserved and broadcast
        ],
        static text => IPNetwork.Parse(text));

    private static readonly IPNetwork GlobalUnicast6 = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] NotPublic6 = Array.ConvertAll(
        [
            "2001::/23", // protocol assignments: Teredo, ORCHID, benchmarks
            "2001:db8::/32", // documentation
            "2002::/16", // 6to4: deprecated, and carries any IPv4 address
            "3fff::/20", // documentation
        ],
        static text => IPNetwork.Parse(text));

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    public static bool Is(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return !Array.Exists(NotPublic4, network => network.Contains(address));
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return Is(address.MapToIPv4());
        }

        if (address.ScopeId != 0)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        if (Nat64.Contains(address) || IsIsatap(bytes))
        {
            return Is(new IPAddress(bytes[12..])) && (Nat64.Contains(address) || IsGlobalUnicast(address));
        }

        return IsGlobalUnicast(address);
    }

    private static bool IsGlobalUnicast(IPAddress address) =>
        GlobalUnicast6.Contains(address) && !Array.Exists(NotPublic6, network => network.Contains(address));

    /// <summary>An interface id of 0000:5efe or 0200:5efe tunnels to the IPv4 address in the last four bytes.</summary>
    private static bool IsIsatap(ReadOnlySpan<byte> bytes) => (BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]) & 0xfdff_ffff) == 0x0000_5efe;
}
