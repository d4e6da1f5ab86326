// What the parts of a story share.
import type { Prng } from "../prng.ts";
import type { SimCluster } from "../sim-cluster.ts";
import type { SimHost } from "../sim-host.ts";
import type { Ledger } from "./ledger.ts";
import type { Losses } from "./losses.ts";

export interface StoryStage {
  readonly cluster: SimCluster;
  readonly ledger: Ledger;
  readonly losses: Losses;
  /** For the choice of faults and victims. */
  readonly random: Prng;
  /** Hosts that are down or frozen by one fault: no second one touches them. */
  readonly busy: Set<SimHost>;
}
