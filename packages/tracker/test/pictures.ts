// Pictures of a cluster for the tests of the scheduler: only what a test is about has to be said.
import { Prng } from "@fastdfs-ts/simulation";

import { SyncMatrix } from "../src/cluster/sync-matrix.ts";
import type {
  GroupPicture,
  LoadPicture,
  MemberPicture,
  Moment,
  SchedulingPolicy,
} from "../src/scheduling/cluster-picture.ts";
import { fullestMember } from "../src/scheduling/space-reserve.ts";
import type { WatchedGroup, WatchedMember } from "../src/scheduling/watched-picture.ts";
import { type Candidates, drawBetter } from "../src/scheduling/weighted-draw.ts";

/** For choices that do not depend on it, and for those that do a start of their chances. */
export function moment(seed = 1): Moment {
  const random = Prng.fromSeed(seed);
  return { monotonicMs: () => 0, draw: (candidates) => drawBetter(random, candidates) };
}

export function candidates(weights: readonly number[], costs: readonly number[]): Candidates {
  return {
    count: weights.length,
    weight: (index) => weights[index]!,
    isBetter: (index, other) => costs[index]! < costs[other]!,
  };
}

export function policy(overrides: Partial<SchedulingPolicy> = {}): SchedulingPolicy {
  return {
    groupChoice: "round-robin",
    fixedGroup: undefined,
    uploadStorageChoice: "round-robin",
    downloadStorageChoice: "round-robin",
    storePathChoice: "round-robin",
    reserve: { kind: "mib", mib: 100 },
    usesTrunkFiles: false,
    diskWeight: 0.1,
    tasksMax: 64,
    syncMaxDelaySeconds: 86_400,
    syncMaxTimeSeconds: 300,
    ...overrides,
  };
}

export function member(id: string, overrides: Partial<MemberPicture> = {}): MemberPicture {
  return {
    id,
    uploadPriority: 10,
    paths: [{ totalMib: 1000, freeMib: 500 }],
    writePathCursor: 0,
    slot: 0,
    reportsReplication: false,
    lastSyncedTimestamp: 0,
    isReadable: true,
    isWritable: true,
    load: load(),
    ...overrides,
  };
}

export function load({ tasks = 0, capacity = 1 } = {}): LoadPicture {
  return { tasks: () => tasks, capacity: () => capacity };
}

export function group(name: string, overrides: Partial<GroupPicture> = {}): GroupPicture {
  const members = overrides.writable ?? [member(`${name}-a`), member(`${name}-b`)];
  return {
    name,
    totalMib: 1000,
    freeMib: 500,
    trunkFreeMib: 0,
    promisedMib: 0,
    storePathCount: 1,
    readable: members,
    writable: members,
    readCursor: 0,
    writeCursor: 0,
    sync: new SyncMatrix(),
    typical: { latencyMicros: 1000, diskSpeed: 1e8 },
    tasks: (nowMs) => members.reduce((sum, { load }) => sum + load.tasks(nowMs), 0),
    storeServer: members[0],
    ...overrides,
  };
}

/** A member as explanations see it: an ACTIVE one of a C storage, unless it is said otherwise. */
export function watchedMember(id: string, overrides: Partial<WatchedMember> = {}): WatchedMember {
  const paths = overrides.paths ?? [{ totalMib: 1000, freeMib: 500 }];
  const unheard = {
    ...load(),
    latencyMicros: undefined,
    diskSpeed: undefined,
    report: undefined,
    ageMs: () => Infinity,
  };
  const total = (key: "totalMib" | "freeMib") => paths.reduce((sum, path) => sum + path[key], 0);
  const space = { totalMib: total("totalMib"), freeMib: total("freeMib") };
  const place = { addresses: [`10.0.0.${id.charCodeAt(0)}`], port: 23000 };
  return {
    ...member(id),
    ...place,
    status: "ACTIVE",
    reason: "in service",
    rwMode: 6,
    paths,
    load: unheard,
    ...space,
    ...overrides,
  };
}

/** A group of these members, derived from them as the tracker does. */
export function watchedGroup(
  name: string,
  sorted: readonly WatchedMember[],
  overrides: Partial<WatchedGroup> = {},
): WatchedGroup {
  const writable = sorted.filter(({ isWritable }) => isWritable);
  const readable = sorted.filter(({ isReadable }) => isReadable);
  const fullest = fullestMember(writable);
  const space = { totalMib: fullest?.totalMib ?? 0, freeMib: fullest?.freeMib ?? 0 };
  const parts = { writable, readable, storeServer: writable[0], ...space };
  return { ...group(name), ...parts, sorted, tasks: () => 0, ...overrides };
}
