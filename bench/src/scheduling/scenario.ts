// What the study is about: ten groups of three members with uneven disks, and what happens to them. Everything here is an
// assumption; change it and run the study again.
import type { StorageModel } from "./storage-model.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

export interface GroupPlan {
  readonly name: string;
  readonly totalMib: number;
  /** Of its disks, at the beginning. */
  readonly usedShare: number;
}

export const groupPlans: readonly GroupPlan[] = [
  { name: "group0", totalMib: 400_000, usedShare: 0.2 },
  { name: "group1", totalMib: 400_000, usedShare: 0.45 },
  { name: "group2", totalMib: 400_000, usedShare: 0.6 },
  { name: "group3", totalMib: 200_000, usedShare: 0.5 },
  { name: "group4", totalMib: 800_000, usedShare: 0.3 },
  { name: "group5", totalMib: 400_000, usedShare: 0.75 },
  { name: "group6", totalMib: 200_000, usedShare: 0.1 },
  // Its disks reach the reserve while others have much room.
  { name: "group7", totalMib: 100_000, usedShare: 0.85 },
  { name: "group8", totalMib: 400_000, usedShare: 0.5 },
  { name: "group9", totalMib: 400_000, usedShare: 0.4 },
];

export const MEMBERS = 3;
export const DURATION_MS = 600_000;
export const RESERVED_MIB = 5000;
export const HEARTBEAT_MS = 10_000;
export const DISK_REPORT_MS = 60_000;
export const LOAD_REPORT_MS = 2000;

/** max_tasks_per_storage: what a storage of this study can have under way before its tasks wait for each other. */
export const TASKS_MAX = 24;

/** Requests per second of all clients, and how many of them are uploads. */
export const REQUESTS_PER_SECOND = 3000;
export const UPLOAD_SHARE = 0.7;
/** For 10 s of every minute there are so many times more. */
const BURST = 1.8;
export function burst(nowMs: number): number {
  return nowMs % 60_000 >= 50_000 ? BURST : 1;
}

/** Of one client's network; a request's bytes are under way for so long. */
export const CLIENT_BYTES_PER_MS = 5000;
/** Between the tracker's answer and the first byte at the storage. */
export const CLIENT_PAUSE_MS = 2;

/** Sizes by share; within a row evenly on a logarithmic scale. */
export const sizes = [
  { share: 0.6, from: 4 * KIB, to: 100 * KIB },
  { share: 0.35, from: 100 * KIB, to: MIB },
  { share: 0.05, from: MIB, to: 16 * MIB },
] as const;

/** What happens, in order. */
export interface Incident {
  readonly atMs: number;
  readonly what: string;
  /** "group1-b" */
  readonly storage: string;
  readonly happen: (storage: StorageModel) => void;
}

export const SLOW = { storage: "group2-b", fromMs: 100_000, toMs: 400_000 } as const;
export const JOINING = { storage: "group4-c", startMs: 150_000, activeMs: 300_000 } as const;

export const incidents: readonly Incident[] = [
  { ...at(SLOW.fromMs, SLOW.storage), what: "its disk becomes 6 times slower", happen: (one) => (one.slowness = 6) },
  {
    ...at(120_000, "group8-a"),
    what: "something else uses 60 % of its processors",
    happen: (one) => (one.busyCpu = 0.6),
  },
  { ...at(JOINING.startMs, JOINING.storage), what: "begins to be filled by its group", happen: () => undefined },
  { ...at(JOINING.activeMs, JOINING.storage), what: "is complete and joins", happen: (one) => (one.isUp = true) },
  { ...at(SLOW.toMs, SLOW.storage), what: "its disk is as before", happen: (one) => (one.slowness = 1) },
  { ...at(450_000, "group8-a"), what: "has its processors for itself", happen: (one) => (one.busyCpu = 0) },
];

function at(atMs: number, storage: string) {
  return { atMs, storage };
}
