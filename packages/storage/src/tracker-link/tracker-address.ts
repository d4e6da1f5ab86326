// The trackers of a configuration with their host names resolved: where to dial, and how the join spells them.
import { FdfsError } from "@fastdfs-ts/protocol";
import { type Endpoint, type Network, printServerAddress, type ServerAddress } from "@fastdfs-ts/runtime";

export interface TrackerAddress {
  /** "host:port" as configured: how people know it. */
  readonly name: string;
  /** One or two, to be tried in this order. Addresses, no names. */
  readonly endpoints: readonly [Endpoint, ...Endpoint[]];
  /** Its line in the tracker list of a join: "ip:port" or "ip1,ip2:port". */
  readonly joinLine: string;
}

/** Resolves all trackers. Throws FdfsError UNREACHABLE if a name has no address. */
export function resolveTrackers(network: Network, servers: readonly ServerAddress[]): Promise<TrackerAddress[]> {
  return Promise.all(servers.map((server) => resolveTracker(network, server)));
}

async function resolveTracker(network: Network, server: ServerAddress): Promise<TrackerAddress> {
  const name = printServerAddress(server);
  const addresses: string[] = [];
  for (const host of server.hosts) {
    try {
      const [address] = await network.resolve(host);
      if (address !== undefined && !addresses.includes(address)) addresses.push(address);
    } catch (error) {
      throw new FdfsError("UNREACHABLE", { peer: name, reason: `the name ${host} has no address` }, { cause: error });
    }
  }
  const [first, ...others] = addresses.map((host) => ({ host, port: server.port }));
  if (first === undefined) throw new FdfsError("UNREACHABLE", { peer: name, reason: "its names have no address" });
  return { name, endpoints: [first, ...others], joinLine: printServerAddress({ hosts: addresses, port: server.port }) };
}

/** Whether a tracker listens at this address, by which a tracker names its leader. */
export function isAt(tracker: TrackerAddress, { host, port }: Endpoint): boolean {
  return tracker.endpoints.some((endpoint) => endpoint.host === host && endpoint.port === port);
}
