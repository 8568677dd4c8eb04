using System.Net;
using System.Net.Sockets;

namespace Engram.Engine.Providers;

/// <summary>A connection was refused by the guard.</summary>
/// <param name="refusal">Why.</param>
internal sealed class ProviderUrlRefusedException(ProviderUrlRefusal refusal) : Exception(refusal.Message)
{
    public ProviderUrlRefusal Refusal { get; } = refusal;
}

/// <summary>
/// Makes the connections to providers. A name is resolved once, here; every address it resolves to must be public, or none is used (a name
/// with one private address among public ones is a trick, not a provider); and the address that was judged is the one connected to, so that
/// a second answer of the name server (DNS rebinding) is never asked for. TLS is still negotiated for the name.
/// </summary>
/// <param name="guard">Knows the hosts that the operator answers for.</param>
/// <param name="connectTime">For connecting in all.</param>
/// <param name="resolve">Resolves a name; the system's resolver outside tests.</param>
internal sealed class GuardedConnector(
    ProviderUrlGuard guard, TimeSpan connectTime, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
{
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve = resolve ?? Dns.GetHostAddressesAsync;

    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(connectTime);
        try
        {
            var addresses = await ResolveAsync(context.DnsEndPoint, limit.Token);
            return await ConnectToAnyAsync(addresses, context.DnsEndPoint.Port, connectTime / addresses.Length, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Not reaching the host is the host's trouble, not the deadline's: it must read as "cannot be reached".
            throw new SocketException((int)SocketError.TimedOut);
        }
    }

    internal async Task<IPAddress[]> ResolveAsync(DnsEndPoint endPoint, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(endPoint.Host, out var literal) ? [literal] : await _resolve(endPoint.Host, cancellationToken);
        if (addresses.Length == 0)
        {
            throw new SocketException((int)SocketError.HostNotFound);
        }

        return guard.IsAllowed(endPoint.Host, endPoint.Port) || Array.TrueForAll(addresses, PublicAddress.Is)
            ? addresses
            : throw new ProviderUrlRefusedException(ProviderUrlGuard.NotPublic);
    }

    /// <summary>Each in turn, with an equal share of the time: a host whose IPv6 leads nowhere must still be reached over IPv4.</summary>
    private static async Task<Stream> ConnectToAnyAsync(IPAddress[] addresses, int port, TimeSpan share, CancellationToken cancellationToken)
    {
        for (var i = 0; ; i++)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(share);
            var socket = new Socket(addresses[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(addresses[i], port), limit.Token);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception e) when (i < addresses.Length - 1 && !cancellationToken.IsCancellationRequested && e is SocketException or OperationCanceledException)
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }
}
