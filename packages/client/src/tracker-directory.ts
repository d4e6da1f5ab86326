// Which tracker is asked next: by turns, and one that failed only when no other is left (wire-protocol.md §10.1).
import { FdfsError } from "@fastdfs-ts/protocol";
import type { Clock, Endpoint, Network, ServerAddress } from "@fastdfs-ts/runtime";
import { printServerAddress } from "@fastdfs-ts/runtime";

/** How long the addresses of a host name are remembered. */
const RESOLVED_FOR_MS = 60_000;

export interface Tracker {
  /** As it was configured. */
  readonly name: string;
  readonly address: ServerAddress;
}

interface TrackerState extends Tracker {
  restsUntilMs: number;
  /** Its addresses, the one that worked last first. */
  endpoints: readonly Endpoint[];
  resolvedUntilMs: number;
}

export interface TrackerDirectoryOptions {
  readonly trackers: readonly ServerAddress[];
  readonly clock: Clock;
  readonly network: Network;
  readonly restMs: number;
}

export class TrackerDirectory {
  private readonly options: TrackerDirectoryOptions;
  private readonly states: readonly TrackerState[];
  private next = 0;

  constructor(options: TrackerDirectoryOptions) {
    this.options = options;
    this.states = options.trackers.map((address) => ({
      name: printServerAddress(address),
      address,
      restsUntilMs: -Infinity,
      endpoints: [],
      resolvedUntilMs: -Infinity,
    }));
  }

  /** All trackers as they were configured. */
  all(): readonly Tracker[] {
    return this.states;
  }

  /** All trackers in the order in which they should be tried now. The next call starts one further. */
  order(): readonly Tracker[] {
    const start = this.next;
    this.next = (start + 1) % this.states.length;
    const turn = [...this.states.slice(start), ...this.states.slice(0, start)];
    const nowMs = this.options.clock.monotonic();
    return [...turn.filter((one) => one.restsUntilMs <= nowMs), ...turn.filter((one) => one.restsUntilMs > nowMs)];
  }

  /** The addresses of a tracker in the order in which they should be tried. Throws UNREACHABLE if its name is unknown. */
  async endpoints(tracker: Tracker): Promise<readonly Endpoint[]> {
    const state = this.state(tracker);
    const nowMs = this.options.clock.monotonic();
    if (state.resolvedUntilMs > nowMs) return state.endpoints;
    const { hosts, port } = state.address;
    const found: Endpoint[] = [];
    let problem: unknown;
    for (const host of hosts) {
      try {
        for (const address of await this.options.network.resolve(host)) found.push({ host: address, port });
      } catch (error) {
        problem = error;
      }
    }
    if (found.length === 0) {
      const reason = `the name has no address: ${problem instanceof Error ? problem.message : "nothing was found"}`;
      throw new FdfsError("UNREACHABLE", { peer: state.name, reason }, { cause: problem });
    }
    state.endpoints = found;
    state.resolvedUntilMs = nowMs + RESOLVED_FOR_MS;
    return found;
  }

  worked(tracker: Tracker, endpoint: Endpoint): void {
    const state = this.state(tracker);
    state.restsUntilMs = -Infinity;
    if (state.endpoints[0] === endpoint) return;
    state.endpoints = [endpoint, ...state.endpoints.filter((other) => other !== endpoint)];
  }

  failed(tracker: Tracker): void {
    const state = this.state(tracker);
    state.restsUntilMs = this.options.clock.monotonic() + this.options.restMs;
    // Perhaps its name leads elsewhere now.
    state.resolvedUntilMs = -Infinity;
  }

  private state(tracker: Tracker): TrackerState {
    return this.states.find((state) => state === tracker)!;
  }
}
