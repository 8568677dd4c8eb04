using System.ComponentModel.DataAnnotations;
using System.Net;
using Engram.Engine.Providers;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Tests.Providers;

public sealed class ProviderUrlGuardTests
{
    private static readonly ProviderUrlGuard Guard = New();

    [Theory]
    [InlineData("https://api.openai.com/v1/")]
    [InlineData("https://api.openai.com:443/v1/")]
    [InlineData("https://API.OpenAI.com/v1/")]
    [InlineData("https://my-resource.openai.azure.com/?api-version=2024-10-21")]
    [InlineData("https://xn--e1afmkfd.xn--p1ai/v1/")]
    [InlineData("https://8.8.8.8/v1/")]
    [InlineData("https://172.15.255.255/")]
    [InlineData("https://172.32.0.0/")]
    [InlineData("https://100.63.255.255/")]
    [InlineData("https://100.128.0.0/")]
    [InlineData("https://[2606:4700:4700::1111]/v1/")]
    [InlineData("https://[64:ff9b::808:808]/")] // NAT64 of a public address
    public void An_address_of_the_public_internet_passes(string url) => Assert.Null(Guard.Check(new Uri(url)));

    [Theory]
    [InlineData("http://api.openai.com/v1/", ProviderUrlRefusalReason.NotHttps)]
    [InlineData("ftp://api.openai.com/", ProviderUrlRefusalReason.NotHttps)]
    [InlineData("file:///etc/passwd", ProviderUrlRefusalReason.NotAUrl)]
    [InlineData("gopher://api.openai.com/", ProviderUrlRefusalReason.NotHttps)]
    [InlineData("https://api.openai.com:8443/", ProviderUrlRefusalReason.Port)]
    [InlineData("https://api.openai.com:22/", ProviderUrlRefusalReason.Port)]
    [InlineData("https://user@api.openai.com/", ProviderUrlRefusalReason.UserInfo)]
    [InlineData("https://user:password@api.openai.com/", ProviderUrlRefusalReason.UserInfo)]
    [InlineData("https://api.openai.com%40127.0.0.1/", ProviderUrlRefusalReason.NotAUrl)]
    [InlineData("https://api.openai.com\\@127.0.0.1/", ProviderUrlRefusalReason.NotAUrl)]
    [InlineData("https://api.openai.com/#fragment", ProviderUrlRefusalReason.QueryOrFragment)]
    [InlineData("https://api.openai.com/?x=1", ProviderUrlRefusalReason.QueryOrFragment)]
    [InlineData("https://api.openai.com/?api-version=1&x=1", ProviderUrlRefusalReason.QueryOrFragment)]
    public void The_form_of_the_url_is_strict(string url, ProviderUrlRefusalReason reason) => AssertRefused(url, reason);

    [Theory]
    [InlineData("https://localhost/")]
    [InlineData("https://localhost./")]
    [InlineData("https://LOCALHOST/")]
    [InlineData("https://api.localhost/")]
    [InlineData("https://intranet/")] // one label is looked up in the search domains of where we run
    [InlineData("https://kubernetes.default.svc.cluster.local/")]
    [InlineData("https://metadata.google.internal/")]
    [InlineData("https://router.home.arpa/")]
    [InlineData("https://nas.lan/")]
    [InlineData("https://127.0.0.1.0x1/")] // ends in a number: an address to some resolvers
    [InlineData("https://1.2.3.4.5/")]
    public void A_name_that_is_none_of_the_public_internet_is_refused(string url) => AssertRefused(url, ProviderUrlRefusalReason.HostName);

    [Theory]
    [InlineData("https://аpi.openai.com/")] // a Cyrillic letter
    [InlineData("https://api.openaı.com/")] // a dotless i
    [InlineData("https://１２７.0.0.1/")] // full-width digits
    [InlineData("https://①②⑦.0.0.1/")]
    [InlineData("https://127。0。0。1/")] // ideographic full stops
    [InlineData("https://%31%32%37.0.0.1/")]
    [InlineData("https://[fe80::1%25eth0]/")] // a zone id
    [InlineData("https://[fe80::1%eth0]/")]
    public void A_host_that_is_not_written_in_plain_ascii_is_refused(string url) => AssertRefused(url, ProviderUrlRefusalReason.NotAUrl);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("api.openai.com")]
    [InlineData("/v1/")]
    [InlineData("https://")]
    [InlineData("https:///v1/")]
    [InlineData("https://exa mple.com/")]
    public void What_is_no_url_is_refused(string? url) => AssertRefused(url, ProviderUrlRefusalReason.NotAUrl);

    [Theory]
    [InlineData("127.0.0.1:11434", true)]
    [InlineData("[::1]:8000", true)]
    [InlineData("models.example.com:8443", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("http://127.0.0.1:11434", false)]
    [InlineData("*:80", false)]
    [InlineData("::1:80", false)]
    public void The_operators_list_is_checked_at_start(string host, bool good)
    {
        var options = new ProviderOptions { AllowedHosts = [host] };

        Assert.Equal(good, Validator.TryValidateObject(options, new ValidationContext(options), null, validateAllProperties: true));
    }

    [Theory]
    // IPv4, and its spellings
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("2130706433")]
    [InlineData("0x7f000001")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("0177.0.0.1")]
    [InlineData("017700000001")]
    [InlineData("127.1")]
    [InlineData("127.0.0.1.")]
    [InlineData("0")]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("10.0.0.1")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("3232235777")] // 192.168.1.1
    [InlineData("100.64.0.1")]
    [InlineData("100.127.255.255")]
    [InlineData("100.100.100.200")] // Alibaba's metadata
    [InlineData("169.254.169.254")]
    [InlineData("0xa9fea9fe")]
    [InlineData("169.254.170.2")] // container credentials
    [InlineData("168.63.129.16")] // Azure's platform
    [InlineData("192.0.0.192")] // Oracle's metadata
    [InlineData("192.0.2.1")]
    [InlineData("192.88.99.1")]
    [InlineData("198.18.0.1")]
    [InlineData("198.51.100.1")]
    [InlineData("203.0.113.1")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.250")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    // IPv6
    [InlineData("[::]")]
    [InlineData("[::1]")]
    [InlineData("[0:0:0:0:0:0:0:1]")]
    [InlineData("[::127.0.0.1]")]
    [InlineData("[fe80::1]")]
    [InlineData("[fec0::1]")]
    [InlineData("[fc00::1]")]
    [InlineData("[fd00:ec2::254]")] // AWS metadata
    [InlineData("[fd20:ce::254]")] // Google metadata
    [InlineData("[ff02::1]")]
    [InlineData("[100::1]")]
    [InlineData("[2001:db8::1]")]
    [InlineData("[3fff::1]")]
    [InlineData("[5f00::1]")]
    // IPv4 within IPv6
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("[::ffff:7f00:1]")]
    [InlineData("[::ffff:169.254.169.254]")]
    [InlineData("[::ffff:0:127.0.0.1]")]
    [InlineData("[64:ff9b::127.0.0.1]")]
    [InlineData("[64:ff9b::a9fe:a9fe]")]
    [InlineData("[64:ff9b:1::a00:1]")]
    [InlineData("[2002:7f00:1::]")] // 6to4 of 127.0.0.1
    [InlineData("[2002:a9fe:a9fe::1]")]
    [InlineData("[2001:0:4136:e378:8000:63bf:3fff:fdd2]")] // Teredo
    [InlineData("[2606:4700::5efe:a00:1]")] // ISATAP of 10.0.0.1
    [InlineData("[2606:4700::200:5efe:7f00:1]")]
    public void An_address_that_is_not_of_the_public_internet_is_refused_in_any_spelling(string host)
    {
        var refusal = Guard.Check($"https://{host}/v1/", out _);

        // Spellings the parser leaves as names are refused as names.
        Assert.True(refusal?.Reason is ProviderUrlRefusalReason.Address or ProviderUrlRefusalReason.HostName,
            $"{host}: {refusal?.Reason}");
    }

    [Fact]
    public void The_operators_list_names_host_and_port_together()
    {
        var guard = New("127.0.0.1:11434", "[::1]:8000", "Models.Example.com:8443");

        Assert.Null(guard.Check(new Uri("http://127.0.0.1:11434/v1/")));
        Assert.Null(guard.Check(new Uri("http://[::1]:8000/v1/")));
        Assert.Null(guard.Check(new Uri("https://models.example.com:8443/v1/")));
        Assert.NotNull(guard.Check(new Uri("http://127.0.0.1:11435/v1/")));
        Assert.NotNull(guard.Check(new Uri("http://127.0.0.1/v1/")));
        Assert.NotNull(guard.Check(new Uri("http://localhost:11434/v1/")));
        Assert.NotNull(guard.Check(new Uri("https://models.example.com:9443/v1/")));
        Assert.NotNull(guard.Check(new Uri("http://user@127.0.0.1:11434/v1/")));
        Assert.NotNull(guard.Check("ftp://127.0.0.1:11434/v1/", out _));
    }

    [Fact]
    public void A_refusal_names_the_field_and_how_to_put_it_right()
    {
        var refused = Assert.Throws<EngramException>(() => Guard.Require(new Uri("http://127.0.0.1:11434/v1/")));

        Assert.Equal((FailureKind.InvalidRequest, "base_url"), (refused.Kind, refused.Field));
        Assert.Contains("Engram:Providers:AllowedHosts", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.1.2.3")]
    [InlineData("169.254.169.254")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("93.184.215.14,127.0.0.1")] // a private address among public ones
    public async Task A_public_name_that_resolves_to_a_private_address_is_refused_when_connecting(string answers)
    {
        var connector = new GuardedConnector(
            Guard, TimeSpan.FromSeconds(1), (_, _) => Task.FromResult(Array.ConvertAll(answers.Split(','), IPAddress.Parse)));

        await Assert.ThrowsAsync<ProviderUrlRefusedException>(() => connector.ResolveAsync(new DnsEndPoint("models.example.com", 443), CancellationToken.None));
    }

    [Fact]
    public async Task A_second_answer_of_the_name_server_is_never_asked_for()
    {
        var asked = 0;
        var connector = new GuardedConnector(
            Guard, TimeSpan.FromSeconds(1), (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(asked++ == 0 ? "93.184.215.14" : "127.0.0.1")]));

        var addresses = await connector.ResolveAsync(new DnsEndPoint("models.example.com", 443), CancellationToken.None);

        Assert.Equal("93.184.215.14", Assert.Single(addresses).ToString());
        Assert.Equal(1, asked);
    }

    [Fact]
    public void Every_address_of_the_catalogue_passes() =>
        Assert.All(ProviderCatalogue.All.Where(entry => entry.BaseUrl is not null), entry => Assert.Null(Guard.Check(entry.BaseUrl!)));

    private static ProviderUrlGuard New(params string[] allowed) => new(Options.Create(new ProviderOptions { AllowedHosts = [.. allowed] }));

    private static void AssertRefused(string? text, ProviderUrlRefusalReason reason)
    {
        Assert.Equal(reason, Guard.Check(text, out var url)?.Reason);
        Assert.Null(url);
    }
}
