// The door to the real world. Only main.ts files, the CLI and tests come through it.
import type { World } from "../ports/world.ts";
import { nodeBootId } from "./boot-id.ts";
import { nodeClock } from "./clock.ts";
import { nodeDisk } from "./disk.ts";
import { nodeNetwork } from "./network.ts";
import { nodeRandom } from "./random.ts";
import { linuxCounters } from "./system-counters/linux-counters.ts";
import { portableCounters } from "./system-counters/portable-counters.ts";

export { HangupSignal, onShutdownSignal, type ShutdownSignal } from "./process.ts";
export { nodeClock, nodeDisk, nodeNetwork, nodeRandom };

/** The machine this process runs on. */
export function nodeWorld(): World {
  return {
    clock: nodeClock,
    random: nodeRandom,
    disk: nodeDisk,
    network: nodeNetwork,
    system: process.platform === "linux" ? linuxCounters : portableCounters,
    bootId: nodeBootId(),
  };
}
