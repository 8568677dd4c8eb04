using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Engram.LocalHost.Postgres;

namespace Engram.LocalHost.Running;

/// <summary>Gives every endpoint of every replica its port before anything starts, so that all can be told of all.</summary>
internal static class PortAllocator
{
    public static void Allocate(IEnumerable<ProjectResource> projects, PortPlan plan)
    {
        var taken = new HashSet<int>();
        var next = plan.First ?? 0;
        foreach (var project in projects)
        {
            var replicas = project.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;
            foreach (var endpoint in project.Annotations.OfType<EndpointAnnotation>())
            {
                var ports = new int[replicas];
                for (var replica = 0; replica < replicas; replica++)
                {
                    var wanted = plan.First switch
                    {
                        null => replica == 0 ? endpoint.Port ?? 0 : 0,
                        0 => 0,
                        _ => next++,
                    };
                    ports[replica] = wanted == 0 ? AnyFree(taken) : Claim(project.Name, wanted, taken);
                }

                endpoint.AllocatedPorts = ports;
            }
        }
    }

    private static int Claim(string resource, int port, HashSet<int> taken)
    {
        if (taken.Add(port) && FreePort.IsFree(port))
        {
            return port;
        }

        var text = port.ToString(CultureInfo.InvariantCulture);
        throw new LocalHostException(
            $"""
            Port {text}, wanted by '{resource}', is in use by another program (another AppHost of this checkout?).
            Stop that program (`ss -ltnp 'sport = :{text}'` or `lsof -i :{text}` shows which), or choose other ports: --ports auto, or --ports BASE for consecutive ones.
            """);
    }

    private static int AnyFree(HashSet<int> taken)
    {
        while (true)
        {
            var port = FreePort.Find();
            if (taken.Add(port))
            {
                return port;
            }
        }
    }
}
