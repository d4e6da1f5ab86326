import type { Clock } from "./clock.ts";
import type { Disk } from "./disk.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";
import type { SystemCounters } from "./system-counters.ts";

/** Everything a server can touch outside its own memory. Real in production, simulated in tests. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly network: Network;
  /** How busy the machine is. */
  readonly system: SystemCounters;
  /**
   * Another text after every start of the machine, so that a process can tell whether an earlier one ended with its
   * machine. Undefined where the system does not say.
   */
  readonly bootId: string | undefined;
}
