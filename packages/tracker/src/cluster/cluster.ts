// All groups and members that this tracker knows, and the one place through which they change: every change of status
// goes through the state table, is logged with its reason, told to the members (by the version counters) and saved.
import {
  FdfsError,
  isAvailable,
  MAX_STORAGES_PER_GROUP,
  type StorageBrief,
  storageStatusValue,
} from "@fastdfs-ts/protocol";
import { type Clock, invariant, type Random } from "@fastdfs-ts/runtime";

import type { SchedulingPolicy } from "../scheduling/cluster-picture.ts";
import { mostFreeGroup } from "../scheduling/pick-group.ts";
import { ServerLoad } from "../scheduling/server-load.ts";
import { type Candidates, drawBetter } from "../scheduling/weighted-draw.ts";
import { standingPathCursor } from "../scheduling/pick-store-path.ts";
import type { Changelog } from "./changelog.ts";
import { Group } from "./group.ts";
import type { Leadership } from "./leadership.ts";
import { Removals } from "./removals.ts";
import { rwBits, type StorageIds } from "./storage-ids.ts";
import { StorageNode } from "./storage-node.ts";
import { isTombstone, type MemberStatus, type StorageEvent, storageStatusTable } from "./storage-status.ts";

export interface ClusterSettings {
  readonly policy: SchedulingPolicy;
  /** The id list; `undefined` in ip mode. */
  readonly ids: StorageIds | undefined;
  /** Whether file names carry ids. Only then may members of a group use different ports. */
  readonly namesCarryIds: boolean;
  readonly trustsStorageId: boolean;
  readonly checkActiveSeconds: number;
}

/** A life event of the cluster, for the log. */
type ClusterEventSink = (
  level: "info" | "warn",
  event: string,
  fields: Readonly<Record<string, string | number | undefined>>,
) => void;

/** What has to be written: membership at once, statistics within seconds. */
type DirtySink = (what: "membership" | "statistics") => void;

export interface ClusterModules {
  readonly clock: Clock;
  readonly random: Random;
  readonly changelog: Changelog;
  readonly leadership: Leadership;
  readonly onEvent: ClusterEventSink;
  readonly onDirty: DirtySink;
}

export class Cluster {
  private current: ClusterSettings;
  readonly changelog: Changelog;
  readonly leadership: Leadership;
  /** Members that were removed, of this tracker's groups and of groups that are gone. */
  readonly removals = new Removals();
  /** In name order. */
  readonly groups: Group[] = [];
  /** The next group of the rotation, or the one with most free space (`nextGroupCursor`). */
  groupCursor = 0;
  private readonly byName = new Map<string, Group>();
  private readonly modules: ClusterModules;

  constructor(settings: ClusterSettings, modules: ClusterModules) {
    this.current = settings;
    this.modules = modules;
    this.changelog = modules.changelog;
    this.leadership = modules.leadership;
  }

  /** To be asked each time: the policy can change. */
  get settings(): ClusterSettings {
    return this.current;
  }

  /**
   * Clients are sent by another policy from now on. Rotations go on where they stand. The one number of command 89 that
   * depends on it (`takeSyncReport`) follows with the next report.
   */
  usePolicy(policy: SchedulingPolicy): void {
    this.current = { ...this.current, policy };
    for (const group of this.groups) {
      group.refresh(policy);
      for (const member of group.members) member.writePathCursor = standingPathCursor(member, policy);
    }
    this.spaceChanged();
  }

  /** Unix time in seconds. */
  now(): number {
    return Math.floor(this.modules.clock.now() / 1000);
  }

  /** For durations: the wall clock may jump, and a jump must not make the whole cluster look silent. */
  monotonicSeconds(): number {
    return this.modules.clock.monotonic() / 1000;
  }

  monotonicMs(): number {
    return this.modules.clock.monotonic();
  }

  draw(candidates: Candidates): number {
    return drawBetter(this.modules.random, candidates);
  }

  findGroup(name: string): Group | undefined {
    return this.byName.get(name);
  }

  /** Throws NOT_FOUND for an unknown group. */
  group(name: string): Group {
    const group = this.byName.get(name);
    if (group === undefined) throw new FdfsError("NOT_FOUND", { groupName: name, reason: "unknown group" });
    return group;
  }

  /** Throws NOT_FOUND for an unknown member. */
  member(group: Group, id: string): StorageNode {
    const node = group.find(id);
    if (node === undefined) {
      throw new FdfsError("NOT_FOUND", { groupName: group.name, reason: `no storage ${id} in this group` });
    }
    return node;
  }

  /** The group of this name; a new one is made. */
  ensureGroup(name: string): Group {
    const existing = this.byName.get(name);
    if (existing !== undefined) return existing;
    const group = new Group(name, () => this.changelog.movesOf(name));
    this.byName.set(name, group);
    const at = this.groups.findIndex((other) => other.name > name);
    this.groups.splice(at < 0 ? this.groups.length : at, 0, group);
    if (at >= 0 && at <= this.groupCursor && this.groups.length > 1) this.groupCursor++;
    this.changed("membership");
    return group;
  }

  removeGroup(group: Group): void {
    const at = this.groups.indexOf(group);
    this.groups.splice(at, 1);
    this.byName.delete(group.name);
    if (at < this.groupCursor) this.groupCursor--;
    if (this.groupCursor >= this.groups.length) this.groupCursor = 0;
    this.changed("membership");
  }

  /** Whether the group can have one more record: 32 fit into the lists that storages get. Tombstones make way. */
  hasRoom(group: Group): boolean {
    return group.members.length < MAX_STORAGES_PER_GROUP || group.members.some(({ status }) => isTombstone(status));
  }

  /** A new member in state INIT, for which there has to be room; in id mode its addresses and rw mode are those of the id list. */
  addMember(group: Group, id: string, address: string): StorageNode {
    const entry = this.settings.ids?.get(id);
    if (group.members.length >= MAX_STORAGES_PER_GROUP) {
      const tombstone = group.members.findIndex(({ status }) => isTombstone(status));
      invariant(tombstone >= 0, "a member is added only where there is room");
      group.members.splice(tombstone, 1);
    }
    const node = new StorageNode(group, group.freeSlot(), id, entry?.hosts ?? [address]);
    group.sync.forget(node.slot);
    node.statusSince = this.now();
    if (entry !== undefined) node.rwMode = rwBits[entry.rwMode];
    group.members.push(node);
    group.reindex();
    this.membersChanged(group);
    return node;
  }

  /**
   * Applies an event to a member's status. Returns false if the state table refuses it, and then nothing has changed.
   * `reason` goes to the log, so that an operator sees why a member is in the state it is in.
   */
  apply(node: StorageNode, event: StorageEvent, reason: string): boolean {
    const next = storageStatusTable.next(node.status, event);
    if (next === undefined) return false;
    this.setStatus(node, next, reason);
    return true;
  }

  /** Sets a status that another table decided (reports of 76 and 85, corrections of 59). */
  setStatus(node: StorageNode, next: MemberStatus, reason: string): void {
    const previous = node.status;
    if (previous === next) return;
    node.status = next;
    node.reason = reason;
    node.statusSince = this.now();
    if (isAvailable(previous) && next === "OFFLINE") forgetWhatItWasTold(node);
    node.group.reindex();
    node.group.refresh(this.settings.policy);
    this.membersChanged(node.group);
    this.log("info", "storage.status", node, { from: previous, to: next, reason });
  }

  /** There is something new to say about why a member stays in its status. */
  setReason(node: StorageNode, reason: string): void {
    if (node.reason === reason) return;
    node.reason = reason;
    this.log("info", "storage.waits", node, { status: node.status, reason });
  }

  /** Makes the members of a group hear of a change, and saves it. */
  membersChanged(group: Group): void {
    group.membershipVersion++;
    this.changed("membership");
  }

  /** Sends the list of members once more, though nothing has changed. */
  tellMembersAgain(group: Group): void {
    group.membershipVersion++;
  }

  changed(what: "membership" | "statistics"): void {
    this.modules.onDirty(what);
  }

  /** Recomputes where uploads go with store_lookup 2: after every disk and trunk report (cluster-behaviour.md §6.1). */
  spaceChanged(): void {
    if (this.settings.policy.groupChoice !== "most-free") return;
    const roomiest = mostFreeGroup(this.groups, this.settings.policy);
    if (roomiest !== undefined) this.groupCursor = roomiest;
  }

  /** A connection of the member has joined. */
  connected(node: StorageNode): void {
    node.connections++;
    node.lastAlive = this.monotonicSeconds();
    if (node.connections === 1) {
      node.beatPause = 0;
      node.lastBeat = 0;
      node.wasReached = false;
    }
    // C keeps what a member in INIT, WAIT_SYNC, SYNCING or RECOVERY was told across a restart of the storage, which then
    // may wait for its list until the group changes again (cluster-behaviour.md §3.3).
    forgetWhatItWasTold(node);
  }

  /**
   * A joined connection has closed. The last one takes the member out of service. (At a C tracker the first one does,
   * although another may be in use.)
   */
  disconnected(node: StorageNode): void {
    node.connections--;
    if (node.connections > 0) return;
    node.upTime = 0;
    node.load = new ServerLoad();
    this.apply(node, "disconnected", "its connection closed");
    forgetWhatItWasTold(node);
  }

  log(
    level: "info" | "warn",
    event: string,
    node: StorageNode | Group,
    fields: Readonly<Record<string, string | number | undefined>> = {},
  ): void {
    const about =
      node instanceof StorageNode
        ? { group: node.group.name, storage: node.id, address: node.addresses[0] }
        : { group: node.name };
    this.note(level, event, { ...about, ...fields });
  }

  /** A life event that is not about a known group or member. */
  note(level: "info" | "warn", event: string, fields: Readonly<Record<string, string | number | undefined>>): void {
    this.modules.onEvent(level, event, fields);
  }
}

/** What peers are told of a member. */
export function briefOf(node: StorageNode, address: string): StorageBrief {
  return {
    status: storageStatusValue(node.status),
    storagePort: node.port,
    storageId: node.id,
    storageIp: address,
  };
}

function forgetWhatItWasTold(node: StorageNode): void {
  node.seenMembership = 0;
  node.seenTrunkServer = 0;
}
