namespace Engram.FakeProvider;

/// <summary>The provider as a process of its own, as the AppHost starts it. A class, not top-level statements: these would make a second <c>Program</c> in the tests.</summary>
internal static class FakeProviderProgram
{
    public static Task Main(string[] args) => FakeProviderHost.Build(args).RunAsync();
}
