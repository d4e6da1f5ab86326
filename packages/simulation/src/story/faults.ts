// What can go wrong in a story: one row per kind of fault. Each fault begins at some moment, lasts for a while, and is ended by
// the story; `begin` gives the function that ends it, or undefined where the fault makes no sense at that moment.
import { FdfsError } from "@fastdfs-ts/protocol";
import type { SimHost } from "../sim-host.ts";
import type { SimMember, SimTracker } from "../sim-cluster.ts";
import type { SimProcess } from "../sim-process.ts";
import type { StoryStage } from "./stage.ts";

export interface FaultKind {
  readonly name: string;
  /** How often it is drawn, against the others. */
  readonly weight: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly begin: (stage: StoryStage) => FaultUnderWay | undefined;
}

export interface FaultUnderWay {
  /** What and whom, for people. */
  readonly what: string;
  readonly end: () => void;
}

const seconds = 1000;
/** A group is not made larger than this. */
const membersMax = 4;

export const faultKinds: readonly FaultKind[] = [
  kind("kill a storage", 10, 1, 40, (stage) => down(stage, freeMember(stage)?.process, "process")),
  kind("kill a tracker", 6, 1, 40, (stage) => down(stage, freeTracker(stage), "process")),
  kind("power cut at a storage", 5, 5, 40, (stage) => powerCut(stage, freeMember(stage))),
  kind("power cut at a tracker", 2, 5, 40, (stage) => down(stage, freeTracker(stage), "power")),
  kind("pause a host", 6, 1, 30, pause),
  kind("clock jump", 3, 5, 60, clockJump),
  kind("cut between two hosts", 6, 1, 40, (stage) => cut(stage, "both ways")),
  kind("one-way cut", 4, 1, 40, (stage) => cut(stage, "one way")),
  kind("isolate a host", 4, 2, 40, isolate),
  kind("slow link", 4, 5, 60, slowLink),
  kind("reset connections", 6, 0, 0, resetConnections),
  kind("full disk", 4, 5, 40, fullDisk),
  kind("failing disk", 4, 1, 20, failingDisk),
  kind("slow disk", 3, 2, 20, (stage) => delayedDisk(stage, "slow")),
  kind("hanging disk", 3, 1, 20, (stage) => delayedDisk(stage, "hanging")),
  kind("replace a disk", 2, 5, 40, replaceDisk),
  kind("add a member", 2, 0, 0, addMember),
  kind("remove a member", 2, 0, 0, removeMember),
];

function kind(
  name: string,
  weight: number,
  minSeconds: number,
  maxSeconds: number,
  begin: FaultKind["begin"],
): FaultKind {
  return { name, weight, minMs: minSeconds * seconds, maxMs: maxSeconds * seconds, begin };
}

function freeMember({ cluster, random, busy }: StoryStage): SimMember | undefined {
  return pickOrNone(
    random,
    cluster.members.filter(({ host, process }) => process.isWanted && !busy.has(host)),
  );
}

function freeTracker({ cluster, random, busy }: StoryStage): SimTracker | undefined {
  return pickOrNone(
    random,
    cluster.trackers.filter(({ host }) => !busy.has(host)),
  );
}

function anyHost({ cluster, random }: StoryStage): SimHost {
  return random.pick(cluster.processes).host;
}

function pickOrNone<T>(random: StoryStage["random"], items: readonly T[]): T | undefined {
  return items.length === 0 ? undefined : random.pick(items);
}

/** A process is gone until it is started again. */
function down(
  { busy }: StoryStage,
  process: SimProcess | undefined,
  how: "process" | "power",
): FaultUnderWay | undefined {
  if (process === undefined) return undefined;
  const { host } = process;
  busy.add(host);
  process.kill(how);
  return {
    what: host.address,
    end: () => {
      busy.delete(host);
      process.start();
    },
  };
}

function powerCut(stage: StoryStage, member: SimMember | undefined): FaultUnderWay | undefined {
  if (member === undefined) return undefined;
  const noteLosses = stage.losses.beforePowerCut(member);
  const fault = down(stage, member.process, "power");
  noteLosses();
  return fault;
}

function pause(stage: StoryStage): FaultUnderWay | undefined {
  const { cluster, random, busy } = stage;
  const process = pickOrNone(
    random,
    cluster.processes.filter(({ host, isWanted }) => isWanted && !busy.has(host)),
  );
  if (process === undefined) return undefined;
  const { host } = process;
  busy.add(host);
  const thaw = host.freeze();
  return {
    what: host.address,
    end: () => {
      busy.delete(host);
      thaw();
    },
  };
}

/** The clock of one host is set wrong, and right again at the end. */
function clockJump(stage: StoryStage): FaultUnderWay {
  const host = anyHost(stage);
  const { random } = stage;
  const jumpMs = Math.round(random.between(1, random.chance(0.3) ? 600 : 60) * seconds) * (random.chance(0.5) ? 1 : -1);
  host.wallClock.startMs += jumpMs;
  return {
    what: `${host.address} by ${jumpMs} ms`,
    end: () => {
      host.wallClock.startMs -= jumpMs;
    },
  };
}

function twoHosts(stage: StoryStage): readonly [string, string] | undefined {
  const [a, b] = [anyHost(stage).address, anyHost(stage).address];
  return a === b ? undefined : [a, b];
}

function cut(stage: StoryStage, how: "both ways" | "one way"): FaultUnderWay | undefined {
  const pair = twoHosts(stage);
  if (pair === undefined) return undefined;
  const [a, b] = pair;
  const { network } = stage.cluster.world;
  const repairs = [network.cut(a, b)];
  if (how === "both ways") repairs.push(network.cut(b, a));
  return { what: `${a} ${b}`, end: () => repairs.forEach((repair) => repair()) };
}

/** Nothing gets from or to one host, clients included. */
function isolate(stage: StoryStage): FaultUnderWay {
  const { address } = anyHost(stage);
  const { network } = stage.cluster.world;
  const others = network.addresses.filter((other) => other !== address);
  const repairs = others.flatMap((other) => [network.cut(address, other), network.cut(other, address)]);
  return { what: address, end: () => repairs.forEach((repair) => repair()) };
}

function slowLink(stage: StoryStage): FaultUnderWay | undefined {
  const pair = twoHosts(stage);
  if (pair === undefined) return undefined;
  const { network } = stage.cluster.world;
  const maxMs = stage.random.pick([50, 300, 1500]);
  network.setLatency(...pair, { minMs: maxMs / 4, maxMs });
  return { what: `${pair.join(" ")}, up to ${maxMs} ms`, end: () => network.setLatency(...pair) };
}

function resetConnections(stage: StoryStage): FaultUnderWay | undefined {
  const pair = twoHosts(stage);
  if (pair === undefined) return undefined;
  stage.cluster.world.network.resetConnections(...pair);
  return { what: pair.join(" "), end: () => {} };
}

function memberAndPath({ cluster, random }: StoryStage): { host: SimHost; path: string } {
  const { host, storePaths } = random.pick(cluster.members);
  return { host, path: random.pick(storePaths) };
}

function fullDisk(stage: StoryStage): FaultUnderWay {
  const { host, path } = memberAndPath(stage);
  const giveBack = host.disks.imageOf(path).fillUp(stage.random.below(200_000));
  return { what: `${host.address} ${path}`, end: giveBack };
}

function failingDisk(stage: StoryStage): FaultUnderWay {
  const { host, path } = memberAndPath(stage);
  const { random } = stage;
  const operations = random.pick([
    ["write"],
    ["rename"],
    ["sync", "syncDirectory"],
    ["open"],
    ["read", "readFile"],
  ] as const);
  // A disk that fails now and then, or every time until it is replaced.
  const times = random.chance(0.5) ? 1 + random.below(5) : undefined;
  const end = host.diskFaults.inject({ code: "EIO", operations, path, ...(times === undefined ? {} : { times }) });
  return { what: `${host.address} ${path}: ${operations.join()} ${times ?? "always"}`, end };
}

function delayedDisk(stage: StoryStage, how: "slow" | "hanging"): FaultUnderWay {
  const { host, path } = memberAndPath(stage);
  const ms = how === "slow" ? stage.random.pick([20, 100, 700]) : undefined;
  const end = host.diskDelays.inject(ms === undefined ? { path } : { path, ms });
  return { what: `${host.address} ${path}${ms === undefined ? "" : ` ${ms} ms`}`, end };
}

/** One disk of a member is replaced by an empty one. What it held has to come from another member, so one must have it. */
function replaceDisk(stage: StoryStage): FaultUnderWay | undefined {
  const { cluster, losses, random } = stage;
  const member = freeMember(stage);
  if (member === undefined || losses.hasLostDisk(member.groupName)) return undefined;
  const isSomebodyComplete = cluster
    .membersOf(member.groupName)
    .some((other) => other !== member && cluster.isActiveEverywhere(other));
  if (!isSomebodyComplete || !cluster.isActiveEverywhere(member)) return undefined;
  const path = random.pick(member.storePaths);
  const noteLosses = losses.beforeDiskIsGone(member);
  const fault = down(stage, member.process, "process");
  member.host.disks.replace(path);
  noteLosses();
  return fault && { ...fault, what: `${member.host.address} ${path}` };
}

function addMember({ cluster, random }: StoryStage): FaultUnderWay | undefined {
  const groupName = random.pick(cluster.groupNames);
  if (cluster.membersOf(groupName).length >= membersMax || !cluster.canAddMember(groupName)) return undefined;
  const member = cluster.addMember(groupName);
  member.process.start();
  return { what: `${groupName} ${member.host.address}`, end: () => {} };
}

/**
 * A member goes for good, once everything is on the others, too: what it alone was about to give to one of them would stay with
 * those that have it (docs/WEAKNESSES.md, W3). An operator tells the trackers as soon as they let him.
 */
function removeMember(stage: StoryStage): FaultUnderWay | undefined {
  const { cluster, losses, random, busy } = stage;
  const member = freeMember(stage);
  if (member === undefined || cluster.membersOf(member.groupName).length < 3) return undefined;
  const others = cluster.membersOf(member.groupName).filter((other) => other !== member);
  if (![member, ...others].every((each) => cluster.isActiveEverywhere(each))) return undefined;
  if (!losses.isEverythingEverywhere(member.groupName)) return undefined;
  const noteLosses = losses.beforeDiskIsGone(member);
  busy.add(member.host);
  member.process.kill("process");
  noteLosses();
  cluster.forgetMember(member);
  void tellTrackers(stage, member.groupName, member.id, random.between(5 * seconds, 30 * seconds));
  return { what: `${member.groupName} ${member.host.address}`, end: () => {} };
}

/** Until every tracker has removed the member: they refuse while they believe that it is in service. */
async function tellTrackers({ cluster }: StoryStage, groupName: string, id: string, pauseMs: number): Promise<void> {
  const client = cluster.openClient();
  for (let isTold = false; !isTold;) {
    await new Promise<void>((resolve) => cluster.world.after(pauseMs, resolve));
    try {
      const outcomes = await client.cluster.deleteStorage(groupName, id);
      isTold = outcomes.length === cluster.trackers.length && outcomes.every(({ error }) => isDone(error));
    } catch (error) {
      if (!(error instanceof FdfsError)) throw error;
    }
  }
  await client.close();
}

/** A tracker that has removed it already, or has forgotten it since, is content too. */
function isDone(error: unknown): boolean {
  return (
    error === undefined || (error instanceof FdfsError && (error.kind === "NOT_FOUND" || error.kind === "ALREADY_DONE"))
  );
}
