// The cluster as its state files hold it, and back. Tombstones are never written, so they vanish with a restart
// (cluster-behaviour.md §2.4).
import {
  isStanding,
  MAX_STORE_PATHS,
  MAX_SUBDIRS_PER_LEVEL,
  storageStatusValue,
  VERSION_BYTES,
} from "@fastdfs-ts/protocol";
import { parseIpAddress } from "@fastdfs-ts/runtime";

import type { StoredGroup } from "../formats/groups-file.ts";
import type { StoredStorage } from "../formats/storages-file.ts";
import type { StoredCluster } from "../persistence.ts";
import type { Cluster } from "./cluster.ts";
import type { Group } from "./group.ts";
import { noStatistics } from "./no-statistics.ts";
import type { StorageNode } from "./storage-node.ts";
import { isTombstone, memberStatusOf, storageStatusTable } from "./storage-status.ts";

const MAX_PORT = 65_535;
const MAX_I32 = 0x7fff_ffff;

/** What is to be written. */
export function storeCluster(cluster: Cluster): StoredCluster {
  const stored = cluster.groups.map((group) => ({
    group,
    members: group.members.filter((member) => !isTombstone(member.status)),
  }));
  return {
    groups: stored.map(({ group }) => storeGroup(group)),
    storages: stored.flatMap(({ members }) => members.map((member) => storeMember(cluster, member))),
    stamps: stored.flatMap(({ group, members }) =>
      members.map((source) => ({
        groupName: group.name,
        sourceId: source.id,
        seconds: members.map((destination) => group.sync.get(source.slot, destination.slot)),
      })),
    ),
    removals: cluster.removals.groupNames.flatMap((groupName) =>
      cluster.removals.of(groupName).map((removal) => ({ ...removal, groupName })),
    ),
  };
}

/**
 * Puts the stored groups and members into an empty cluster: statuses other than INIT, WAIT_SYNC and SYNCING become
 * OFFLINE. Returns what could not be placed, as sentences for the log.
 */
export function restoreCluster(cluster: Cluster, stored: StoredCluster): string[] {
  const complaints: string[] = [];
  for (const group of stored.groups) restoreGroup(cluster, group);
  const restored = stored.storages.map((storage) => restoreMember(cluster, storage, complaints));
  for (const [index, node] of restored.entries()) {
    const { syncSource, syncUntil } = stored.storages[index]!;
    if (node === undefined || syncSource === "") continue;
    node.syncSource = node.group.find(currentId(cluster, node.group.name, syncSource, node.port));
    if (node.syncSource === undefined)
      complaints.push(`the sync source ${syncSource} of ${node.id} is unknown: forgotten`);
    else node.syncUntil = syncUntil;
  }
  for (const group of stored.groups) restoreTrunkServer(cluster, group, complaints);
  restoreStamps(cluster, stored);
  restoreRemovals(cluster, stored);
  for (const group of cluster.groups) group.refresh(cluster.settings.policy);
  return complaints;
}

function storeGroup(group: Group): StoredGroup {
  return {
    name: group.name,
    port: group.port,
    storePathCount: group.storePathCount,
    subdirCount: group.subdirCount,
    currentTrunkFileId: group.currentTrunkFileId,
    trunkServer: group.trunkServer?.id ?? "",
    lastTrunkServer: group.lastTrunkServerId,
  };
}

function storeMember(cluster: Cluster, node: StorageNode): StoredStorage {
  return {
    id: cluster.settings.ids === undefined ? undefined : node.id,
    groupName: node.group.name,
    ip: node.addresses[0]!,
    status: storageStatusValue(node.status),
    version: node.version,
    joinTime: node.joinTime,
    port: node.port,
    syncSource: node.syncSource?.id ?? "",
    syncUntil: node.syncUntil,
    totalMib: node.totalMib,
    freeMib: node.freeMib,
    changelogOffset: node.changelogOffset,
    storePathCount: node.storePathCount,
    subdirCount: node.subdirCount,
    uploadPriority: node.uploadPriority,
    counters: {
      ...node.statistics,
      lastSyncedSeconds: node.lastSyncedTimestamp,
      lastHeartbeatSeconds: node.lastHeartbeat,
    },
  };
}

function restoreGroup(cluster: Cluster, stored: StoredGroup): void {
  const group = cluster.ensureGroup(stored.name);
  group.port = within(stored.port, -1, MAX_PORT);
  group.storePathCount = within(stored.storePathCount, 0, MAX_STORE_PATHS);
  group.subdirCount = within(stored.subdirCount, 0, MAX_SUBDIRS_PER_LEVEL);
  group.currentTrunkFileId = within(stored.currentTrunkFileId, 0, MAX_I32);
  group.lastTrunkServerId = stored.lastTrunkServer;
}

function restoreMember(cluster: Cluster, stored: StoredStorage, complaints: string[]): StorageNode | undefined {
  const { groupName, ip, port } = stored;
  const id = cluster.settings.ids === undefined ? ip : (stored.id ?? currentId(cluster, groupName, ip, port));
  const entry = cluster.settings.ids?.get(id);
  if (cluster.settings.ids !== undefined && entry?.groupName !== groupName) {
    complaints.push(`storage ${id} of ${groupName} is not in storage_ids.conf: forgotten`);
    return undefined;
  }
  const group = cluster.ensureGroup(groupName);
  const hasAddress = entry !== undefined || parseIpAddress(ip) !== undefined;
  if (!hasAddress || group.find(id) !== undefined || !cluster.hasRoom(group)) {
    complaints.push(`storage ${id} of ${groupName} has no address, is there twice or one too many: forgotten`);
    return undefined;
  }
  const node = cluster.addMember(group, id, ip);
  node.reason = "as before the restart of the tracker, which has not heard of it since";
  node.status = storageStatusTable.next(memberStatusOf(stored.status) ?? "OFFLINE", "trackerRestart") ?? "OFFLINE";
  node.version = stored.version.slice(0, VERSION_BYTES);
  node.joinTime = stored.joinTime;
  node.port = within(port, 0, MAX_PORT);
  node.totalMib = stored.totalMib;
  node.freeMib = stored.freeMib;
  node.changelogOffset = stored.changelogOffset;
  node.storePathCount = stored.storePathCount;
  node.subdirCount = stored.subdirCount;
  node.uploadPriority = stored.uploadPriority;
  node.statistics = { ...noStatistics, ...stored.counters };
  node.lastSyncedTimestamp = stored.counters.lastSyncedSeconds ?? 0;
  node.lastHeartbeat = stored.counters.lastHeartbeatSeconds ?? 0;
  return node;
}

function restoreTrunkServer(cluster: Cluster, stored: StoredGroup, complaints: string[]): void {
  if (stored.trunkServer === "") return;
  const group = cluster.ensureGroup(stored.name);
  group.trunkServer = group.find(currentId(cluster, stored.name, stored.trunkServer, group.port));
  if (group.trunkServer === undefined) {
    complaints.push(
      `the trunk server ${stored.trunkServer} of ${stored.name} is unknown: another one has to be chosen`,
    );
  } else group.trunkServerVersion++;
}

/** Rows of a group are in the order of its columns. */
function restoreStamps(cluster: Cluster, { stamps }: StoredCluster): void {
  for (const group of cluster.groups) {
    const rows = stamps.filter((row) => row.groupName === group.name);
    const ids = rows.map((row) => currentId(cluster, group.name, row.sourceId, group.port));
    const members = ids.map((id) => group.find(id));
    for (const [at, row] of rows.entries()) {
      const source = members[at];
      for (const [column, seconds] of row.seconds.entries()) {
        const destination = members[column];
        if (source !== undefined && destination !== undefined) group.sync.raise(source.slot, destination.slot, seconds);
      }
    }
  }
}

/** Of what is restored, also what this tracker knew before: a picture of another tracker may be older. */
function restoreRemovals(cluster: Cluster, { removals }: StoredCluster): void {
  for (const removal of removals) {
    const storageId = currentId(cluster, removal.groupName, removal.storageId, portOf(cluster, removal.groupName));
    cluster.removals.merge(removal.groupName, { ...removal, storageId });
  }
  for (const group of cluster.groups) {
    for (const removal of cluster.removals.of(group.name)) {
      const node = group.find(removal.storageId);
      if (node === undefined) continue;
      if (node.status === "INIT") node.isReturning = true;
      // The tracker ended after it had noted the removal and before it had written the members.
      if (isStanding(removal) && node.joinTime <= removal.joinSeconds) {
        cluster.apply(node, "removedElsewhere", "removed by an administrator");
      }
    }
  }
}

function portOf(cluster: Cluster, groupName: string): number {
  return cluster.findGroup(groupName)?.port ?? 0;
}

/** Files can be edited by hand; a number that fits no field of the wire would break every answer that holds it. */
function within(value: number, min: number, max: number): number {
  return value >= min && value <= max ? value : 0;
}

/** Files written before storage ids were turned on name storages by address. */
function currentId(cluster: Cluster, groupName: string, text: string, port: number): string {
  const { ids } = cluster.settings;
  if (ids === undefined || ids.get(text) !== undefined) return text;
  const entry = ids.find(groupName, text, port);
  return entry === undefined ? text : String(entry.id);
}
