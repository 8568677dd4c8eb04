using System.CommandLine;
using Engram.Smoke;

// After Ctrl-C a run takes back what it made; that takes longer than the two seconds it would be given.
var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromMinutes(1) };
try
{
    var parsed = SmokeCommand.Create().Parse(args);
    var exit = await parsed.InvokeAsync(configuration);
    // Wrong arguments are no verdict on the deployment.
    return parsed.Errors.Count > 0 ? ExitCode.CouldNotRun : exit;
}
catch (SmokeException e)
{
    await Console.Error.WriteLineAsync($"The smoke could not run: {e.Message}");
    return ExitCode.CouldNotRun;
}
