// A storage joins (command 81): who is it, does it fit its group, and in which state does it begin
// (wire-protocol.md §6.3, cluster-behaviour.md §3.2). All checks of a new member come before anything is created; C
// leaves a group or a member behind when it refuses one.
import {
  FdfsError,
  isStanding,
  type JoinRequest,
  MAX_GROUPS,
  MAX_STORAGES_PER_GROUP,
  MAX_STORE_PATHS,
  MAX_SUBDIRS_PER_LEVEL,
  MAX_TRACKERS,
} from "@fastdfs-ts/protocol";

import type { Cluster } from "./cluster.ts";
import type { Group } from "./group.ts";
import { noteReturn } from "./removal.ts";
import { safeNumber } from "./safe-number.ts";
import type { StorageNode } from "./storage-node.ts";
import { isTombstone, type MemberStatus, memberStatusOf } from "./storage-status.ts";
import { forgetWhatItHolds } from "./sync-source.ts";
import type { CheckedTrackerList } from "./tracker-list.ts";

const TRACKER_LINE_BYTES = 100;
const GROUP_NAME = /^[A-Za-z0-9]{1,16}$/;

/** Where the join came from, and the address of ours it came to. */
export interface JoinOrigin {
  readonly peer: string;
  readonly local: string;
}

/**
 * Joins a storage and returns its record. Throws BAD_REQUEST for impossible numbers and for a storage that does not fit
 * its group, NOT_FOUND for an unknown id or a tracker list without this tracker, IMPOSSIBLE_STATUS for a new storage that
 * claims a state it cannot have, NO_SPACE for more than 16 trackers, 512 groups or 32 storages in a group.
 */
export function join(cluster: Cluster, request: JoinRequest, origin: JoinOrigin): StorageNode {
  checkNumbers(request);
  const trackers = trackersOf(cluster, request, origin);
  const id = identify(cluster, request, origin.peer);
  const known = cluster.findGroup(request.groupName)?.find(id);
  const removal = cluster.removals.get(request.groupName, id);
  const wasRemoved = isStanding(removal) && request.joinTimeSeconds <= removal.joinSeconds;
  const firstStatus = known === undefined ? (wasRemoved ? "INIT" : statusOfNewcomer(request)) : undefined;
  checkGroupOfId(cluster, id, request.groupName);

  if (known === undefined) {
    const group = cluster.findGroup(request.groupName);
    checkRoom(cluster, group, request.groupName);
    if (group !== undefined) checkFit(cluster, group, undefined, request);
  } else {
    // What it announces is remembered even if it is refused: when the last member announces the same, the group adopts it.
    rememberShape(known, request);
    checkFit(cluster, known.group, known, request);
  }

  trackers.take();
  const group = cluster.ensureGroup(request.groupName);
  adoptShape(group, known, request);
  const node = known ?? cluster.addMember(group, id, origin.peer);
  const isAnew = isAnotherLife(node, request);
  rememberShape(node, request);
  node.version = request.version;
  node.joinTime = safeNumber(request.joinTimeSeconds);
  node.upTime = safeNumber(request.upTimeSeconds);
  node.uploadPriority = safeNumber(request.uploadPriority);
  node.reportsReplication = false;
  node.feeds.clear();
  if (wasRemoved || node.status === "DELETED") {
    node.isReturning = true;
    cluster.log("warn", "storage.returned", node, { reason: "it was removed, and joins again" });
  }
  // Also the new life of one that was removed: then trackers and storages can forget the removal.
  noteReturn(cluster, request.groupName, id);
  if (firstStatus !== undefined) cluster.setStatus(node, firstStatus, "joined with this status");
  if (isAnew) beginAnew(cluster, node);
  else cluster.apply(node, "joined", "joined");
  // It starts without any of the group's files, so what happened to others before does not concern it.
  if (node.status === "INIT") node.changelogOffset = cluster.changelog.size;
  group.refresh(cluster.settings.policy);
  cluster.changed("membership");
  cluster.leadership.introduce();
  return node;
}

/** The trackers that the storage knows. Throws if this tracker is not among them, or there are too many (TrackerList.check). */
export function trackersOf(cluster: Cluster, request: JoinRequest, origin: JoinOrigin): CheckedTrackerList {
  return cluster.leadership.trackers.check(request.trackers, [request.trackerIp, origin.local]);
}

function checkNumbers(request: JoinRequest): void {
  const { groupName, storagePort, storePathCount, subdirCountPerPath, trackers } = request;
  const refuse = (reason: string): never => {
    throw new FdfsError("BAD_REQUEST", { groupName, reason: `join refused: ${reason}` });
  };
  if (!GROUP_NAME.test(groupName)) refuse("a group name has 1 to 16 letters and digits");
  if (storagePort < 1 || storagePort > 65_535) refuse(`port ${storagePort}`);
  if (storePathCount < 1 || storePathCount > MAX_STORE_PATHS)
    refuse(`${storePathCount} store paths, 1 to 256 are possible`);
  if (subdirCountPerPath < 1 || subdirCountPerPath > MAX_SUBDIRS_PER_LEVEL) {
    refuse(`${subdirCountPerPath} sub directories, 1 to 256 are possible`);
  }
  if (trackers.length < 1 || trackers.length > MAX_TRACKERS)
    refuse(`${trackers.length} trackers, 1 to 16 are possible`);
  const overlong = trackers.find((line) => line.length >= TRACKER_LINE_BYTES);
  if (overlong !== undefined) refuse(`the tracker "${overlong}" is longer than ${TRACKER_LINE_BYTES - 1} bytes`);
}

/** The storage's id: its address in ip mode; in id mode the one it names (if that is trusted), else by its address. */
function identify(cluster: Cluster, request: JoinRequest, peer: string): string {
  const { ids, trustsStorageId } = cluster.settings;
  if (ids === undefined) {
    // A short one would fit as an id, but names have no room for it: nobody could tell whose a file is.
    if (!peer.includes(":")) return peer;
    throw new FdfsError("BAD_REQUEST", {
      peer,
      reason: "an IPv6 address needs storage ids: set use_storage_id = true and list the storages in storage_ids.conf",
    });
  }
  const entry =
    trustsStorageId && request.storageId !== ""
      ? ids.get(request.storageId)
      : ids.find(request.groupName, peer, request.storagePort);
  if (entry !== undefined) return String(entry.id);
  const who = request.storageId === "" ? `${peer}:${request.storagePort}` : `id ${request.storageId}`;
  throw new FdfsError("NOT_FOUND", {
    groupName: request.groupName,
    peer,
    reason: `${who} is not in storage_ids.conf of this tracker`,
  });
}

function checkGroupOfId(cluster: Cluster, id: string, groupName: string): void {
  const entry = cluster.settings.ids?.get(id);
  if (entry === undefined || entry.groupName === groupName) return;
  throw new FdfsError("BAD_REQUEST", {
    groupName,
    reason: `storage_ids.conf puts id ${id} into group ${entry.groupName}`,
  });
}

function checkRoom(cluster: Cluster, group: Group | undefined, groupName: string): void {
  if (group === undefined ? cluster.groups.length < MAX_GROUPS : cluster.hasRoom(group)) return;
  const limit = group === undefined ? `${MAX_GROUPS} groups` : `${MAX_STORAGES_PER_GROUP} storages in the group`;
  throw new FdfsError("NO_SPACE", { groupName, reason: `there are ${limit} already, more do not fit the protocol` });
}

function statusOfNewcomer(request: JoinRequest): MemberStatus {
  if (request.isInitialSyncPending || request.status === 0) return "INIT";
  const claimed = memberStatusOf(request.status);
  if (claimed === undefined || isTombstone(claimed)) {
    // -1: it has not reached all of its trackers yet, so it cannot tell; it asks again when it can.
    throw new FdfsError("IMPOSSIBLE_STATUS", {
      groupName: request.groupName,
      reason: `a storage that is new here joined with status ${request.status}`,
    });
  }
  return claimed === "ACTIVE" ? "ONLINE" : claimed;
}

/**
 * Whether the storage has another data directory than the record is about: its first start ever is a later one. While the
 * other one is connected two servers share an id, and the newcomer must not take the place of the one that serves.
 */
function isAnotherLife(node: StorageNode, request: JoinRequest): boolean {
  return node.connections === 0 && node.joinTime > 0 && safeNumber(request.joinTimeSeconds) > node.joinTime;
}

/** All files have to be copied to it again, whichever tracker it asks for a source. */
function beginAnew(cluster: Cluster, node: StorageNode): void {
  node.syncSource = undefined;
  node.syncUntil = 0;
  forgetWhatItHolds(node);
  cluster.apply(node, "joinedAnew", "joined with new directories: all files have to be copied to it");
}

function rememberShape(node: StorageNode, request: JoinRequest): void {
  if (node.port !== request.storagePort) {
    node.port = request.storagePort;
    node.addressVersion++;
  }
  node.storePathCount = request.storePathCount;
  node.subdirCount = request.subdirCountPerPath;
}

function checkFit(cluster: Cluster, group: Group, known: StorageNode | undefined, request: JoinRequest): void {
  const others = group.members.filter((member) => member !== known);
  const refuse = (reason: string): never => {
    throw new FdfsError("BAD_REQUEST", { groupName: group.name, reason: `join refused: ${reason}` });
  };
  const { storagePort: port, storePathCount: paths, subdirCountPerPath: subdirs } = request;
  const agreePort = others.every((member) => member.port === port);
  if (group.port > 0 && group.port !== port && !mayDifferInPort(cluster) && !agreePort) {
    refuse(`port ${port}, but the group uses ${group.port}; different ports need storage ids in file names`);
  }
  const agreePaths = others.every((member) => member.status === "DELETED" || member.storePathCount === paths);
  if (group.storePathCount > 0 && paths !== group.storePathCount && !agreePaths) {
    // C lets one with more paths join and refuses its disk reports, so it joins again every second (§11.1 W26).
    refuse(
      `${paths} store paths, but the group has ${group.storePathCount}. To add disks restart all members with the new ` +
        "number; they serve again when the last one has it",
    );
  }
  const agreeSubdirs = others.every((member) => member.subdirCount === subdirs);
  if (group.subdirCount !== 0 && group.subdirCount !== subdirs && !agreeSubdirs) {
    refuse(`subdir_count_per_path ${subdirs}, but the group has ${group.subdirCount}`);
  }
}

/** Takes over what the last member to announce a new shape brings. Called after `checkFit`. */
function adoptShape(group: Group, known: StorageNode | undefined, request: JoinRequest): void {
  const others = group.members.filter((member) => member !== known);
  const { storagePort: port, storePathCount: paths, subdirCountPerPath: subdirs } = request;
  if (group.port === 0) group.port = port;
  else if (group.port !== port && group.port !== -1) {
    group.port = others.every((member) => member.port === port) ? port : -1;
  }
  group.storePathCount = paths;
  group.subdirCount = subdirs;
}

function mayDifferInPort(cluster: Cluster): boolean {
  return cluster.settings.ids !== undefined && cluster.settings.namesCarryIds;
}
