// What monitoring tools ask: groups, storages, the state of all servers and volumes, the leader (wire-protocol.md §5.4,
// §5.5, §5.8 to §5.12).
import {
  BUFFER_BYTES,
  FdfsError,
  type GroupRecord,
  HEADER_BYTES,
  StorageList,
  StorageListIpv6,
  type StorageRecord,
  type StorageStat,
  StorageStatList,
  type StorageStatRequest,
  storageStatFilters,
  storageStatusValue,
  trackerCommands,
  type VolumeStat,
  VolumeStatList,
  type VolumeStatRequest,
  volumeStatFilters,
} from "@fastdfs-ts/protocol";
import { answer, answerRaw, type ConnectionCounts, type Route } from "@fastdfs-ts/rpc";

import type { Cluster } from "../cluster/cluster.ts";
import type { Group } from "../cluster/group.ts";
import type { StorageNode } from "../cluster/storage-node.ts";
import { suitedAddress } from "../cluster/suited-address.ts";
import { printHostPort } from "../cluster/tracker-list.ts";
import { type Standing, standingOf } from "../election/candidate-rank.ts";
import { groupHasSpace, groupHasTrunkSpace, reservedMib } from "../scheduling/space-reserve.ts";
import { trackerStats } from "./tracker-stat.ts";

/** Facts about this process. */
export interface TrackerFacts {
  /** Unix seconds. */
  readonly startedAt: number;
  /** How long it had been down before, 0 on a first run. */
  readonly downSeconds: number;
  connections(): ConnectionCounts;
}

export function clusterViewRoutes(cluster: Cluster, facts: TrackerFacts, responseAddressBytes: 16 | 46): Route[] {
  const listMessage = responseAddressBytes === 46 ? StorageListIpv6 : StorageList;
  return [
    answer(trackerCommands.listOneGroup, ({ groupName }) => groupRecord(cluster, cluster.group(groupName))),
    answer(trackerCommands.listGroups, () => ({ groups: cluster.groups.map((group) => groupRecord(cluster, group)) })),
    answerRaw(trackerCommands.listStorages, ({ groupName, storageId }, session) => {
      const group = cluster.group(groupName);
      const members = storageId === "" ? group.sorted : [cluster.member(group, storageId)];
      return listMessage.encode({
        storages: members.map((member) => storageRecord(cluster, member, session.remote.host)),
      });
    }),
    answer(trackerCommands.getLeader, (_request, session) => {
      const { leader } = cluster.leadership;
      if (leader === undefined) throw new FdfsError("NOT_FOUND", { reason: "no leader is known" });
      return { leader: printHostPort(suitedAddress(leader.hosts, session.remote.host), leader.port) };
    }),
    answer(trackerCommands.trackerClusterStat, (request) => ({ trackers: trackerStats(cluster, facts, request) })),
    answerRaw(trackerCommands.storageClusterStat, (request, session) =>
      fitting(StorageStatList.encode(storageStat(cluster, request, session.remote.host))),
    ),
    answerRaw(trackerCommands.storageVolumeStat, (request) =>
      fitting(VolumeStatList.encode(volumeStat(cluster, request))),
    ),
    answer(trackerCommands.trackerStatus, () => {
      if (cluster.groups.length === 0) {
        throw new FdfsError("NOT_FOUND", { reason: "this tracker knows no group yet" });
      }
      return ownStanding(cluster, facts);
    }),
  ];
}

/** This tracker as a candidate for the lead. */
export function ownStanding(cluster: Cluster, { startedAt, downSeconds }: TrackerFacts): Standing {
  return standingOf(cluster.leadership.isLeader, cluster.now() - startedAt, downSeconds);
}

function groupRecord(cluster: Cluster, group: Group): GroupRecord {
  const { reserve, usesTrunkFiles } = cluster.settings.policy;
  return {
    groupName: group.name,
    totalMib: group.totalMib,
    freeMib: group.freeMib,
    reservedMib: reservedMib(reserve, group.totalMib),
    trunkFreeMib: group.trunkFreeMib,
    storageCount: group.members.length,
    storagePort: group.port,
    readableStorageCount: group.readable.length,
    writableStorageCount: group.writable.length,
    currentWriteServer: group.writeCursor,
    storePathCount: group.storePathCount,
    subdirCountPerPath: group.subdirCount,
    currentTrunkFileId: usesTrunkFiles ? group.currentTrunkFileId : -1,
  };
}

function storageRecord(cluster: Cluster, node: StorageNode, peer: string): StorageRecord {
  return {
    status: storageStatusValue(node.status),
    rwMode: node.rwMode,
    storageId: node.id,
    storageIp: suitedAddress(node.addresses, peer),
    sourceStorageId: node.syncSource?.id ?? "",
    version: node.version,
    joinTimeSeconds: node.joinTime,
    upTimeSeconds: node.upTime,
    totalMib: node.totalMib,
    freeMib: node.freeMib,
    reservedMib: reservedMib(cluster.settings.policy.reserve, node.totalMib),
    uploadPriority: node.uploadPriority,
    storePathCount: node.storePathCount,
    subdirCountPerPath: node.subdirCount,
    currentWritePath: node.writePathCursor,
    storagePort: node.port,
    statistics: {
      ...node.statistics,
      lastSyncedSeconds: node.lastSyncedTimestamp,
      lastHeartbeatSeconds: node.lastHeartbeat,
    },
    isTrunkServer: node.isTrunkServer,
  };
}

function storageStat(cluster: Cluster, request: StorageStatRequest, peer: string): StorageStatList {
  const { ids, policy } = cluster.settings;
  const comparesTrunk = policy.usesTrunkFiles && (request.filter & storageStatFilters.isTrunkServer) !== 0;
  const comparesStatus = (request.filter & storageStatFilters.status) !== 0;
  const storages: StorageStat[] = [];
  for (const group of cluster.groups) {
    for (const node of group.sorted) {
      if (comparesTrunk && node.isTrunkServer !== request.isTrunkServer) continue;
      if (comparesStatus && !isStatusWanted(request, storageStatusValue(node.status))) continue;
      storages.push({
        storageId: node.id,
        address: printHostPort(suitedAddress(node.addresses, peer), node.port),
        isTrunkServer: node.isTrunkServer,
        status: storageStatusValue(node.status),
        connectionsAllocated: node.statistics.connectionsAllocated,
        connectionsCurrent: node.statistics.connectionsCurrent,
        connectionsMaximum: node.statistics.connectionsMaximum,
        version: node.version,
        upTimeSeconds: node.upTime,
        lastHeartbeatSeconds: node.lastHeartbeat,
      });
    }
  }
  return { useStorageId: ids !== undefined, useTrunkFile: policy.usesTrunkFiles, storages };
}

function isStatusWanted({ statusOperator, status }: StorageStatRequest, actual: number): boolean {
  if (statusOperator === "=") return actual === status;
  return statusOperator === "!" && actual !== status;
}

function volumeStat(cluster: Cluster, request: VolumeStatRequest): VolumeStatList {
  const { reserve, usesTrunkFiles } = cluster.settings.policy;
  const groups: VolumeStat[] = [];
  for (const group of cluster.groups) {
    const { totalMib, freeMib, trunkFreeMib } = group;
    const isDiskAvailable = groupHasSpace(reserve, totalMib, freeMib);
    const isTrunkAvailable = usesTrunkFiles && groupHasTrunkSpace(reserve, totalMib, freeMib, trunkFreeMib);
    const isWanted = (bit: number, wanted: boolean, actual: boolean) =>
      (request.filter & bit) === 0 || wanted === actual;
    if (!isWanted(volumeStatFilters.isDiskAvailable, request.isDiskAvailable, isDiskAvailable)) continue;
    if (usesTrunkFiles && !isWanted(volumeStatFilters.isTrunkAvailable, request.isTrunkAvailable, isTrunkAvailable)) {
      continue;
    }
    const isSpaceAvailable = isDiskAvailable || isTrunkAvailable;
    if (!isWanted(volumeStatFilters.isSpaceAvailable, request.isSpaceAvailable, isSpaceAvailable)) continue;
    groups.push({
      groupName: group.name,
      totalMib,
      freeMib,
      reservedMib: reservedMib(reserve, totalMib),
      availableMib: isDiskAvailable ? freeMib - reservedMib(reserve, totalMib) : 0,
      trunkFreeMib: isTrunkAvailable ? trunkFreeMib : 0,
      isDiskAvailable,
      isTrunkAvailable,
    });
  }
  return { useTrunkFile: usesTrunkFiles, groups };
}

/** 97 and 98 answer 22 when the result does not fit one network buffer. */
function fitting(body: Buffer): Buffer {
  if (body.length + HEADER_BYTES <= BUFFER_BYTES) return body;
  throw new FdfsError("BAD_REQUEST", { reason: `the answer has ${body.length} bytes: narrow the filter` });
}
