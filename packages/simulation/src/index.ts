export type { DiskDelay, DiskDelays } from "./sim-disk-delays.ts";
export type { DiskFault, DiskFaults, DiskOperation } from "./sim-disk-faults.ts";
export { HostCrashed } from "./life.ts";
export { Prng } from "./prng.ts";
export type { CrashKind, SimHost, SimHostOptions } from "./sim-host.ts";
export type { Latency } from "./sim-link.ts";
export type { SimNetwork } from "./sim-network.ts";
export { SimWorld } from "./sim-world.ts";
export type { Trace } from "./trace.ts";
