// From tracker.conf to what the parts of the tracker work with: the scheduling policy, the cluster's settings, and the
// parameters that storages take from the tracker (wire-protocol.md §5.16).
import { type ClusterParameters, EXTENSION_KEY, EXTENSION_VERSION } from "@fastdfs-ts/protocol";
import {
  type Network,
  parseIpAddress,
  printTimeOfDay,
  type StorageIdEntry,
  type TimeOfDay,
  type TrackerConfig,
} from "@fastdfs-ts/runtime";

import type { ClusterSettings } from "./cluster/cluster.ts";
import { StorageIds } from "./cluster/storage-ids.ts";
import type { SchedulingPolicy, SpaceReserve } from "./scheduling/cluster-picture.ts";
import { printReserve } from "./scheduling/space-reserve.ts";

const BYTES_PER_MIB = 1024 * 1024;

export function schedulingPolicyOf(config: TrackerConfig): SchedulingPolicy {
  return {
    groupChoice: config.groupChoice,
    fixedGroup: config.fixedGroup,
    uploadStorageChoice: config.uploadStorageChoice,
    downloadStorageChoice: config.downloadStorageChoice,
    storePathChoice: config.storePathChoice,
    reserve: reserveOf(config),
    usesTrunkFiles: config.useTrunkFile,
    diskWeight: config.diskUsageWeight / 100,
    tasksMax: config.tasksPerStorageMax,
    syncMaxDelaySeconds: config.syncFileMaxDelayMs / 1000,
    syncMaxTimeSeconds: config.syncFileMaxTimeMs / 1000,
  };
}

export function clusterSettingsOf(config: TrackerConfig, ids: StorageIds | undefined): ClusterSettings {
  return {
    policy: schedulingPolicyOf(config),
    ids,
    namesCarryIds: config.idTypeInFileName === "id",
    trustsStorageId: config.trustStorageServerId,
    checkActiveSeconds: config.checkActiveIntervalMs / 1000,
  };
}

/** The id list with host names resolved to addresses; `undefined` in ip mode. Throws ENOTFOUND for an unknown name. */
export async function resolveStorageIds(config: TrackerConfig, network: Network): Promise<StorageIds | undefined> {
  if (!config.useStorageId) return undefined;
  const entries = await Promise.all(
    config.storageIds.map(async (entry): Promise<StorageIdEntry> => {
      const hosts = await Promise.all(entry.hosts.map((host) => resolveOne(network, host)));
      return { ...entry, hosts };
    }),
  );
  return new StorageIds(entries);
}

export function clusterParametersOf(config: TrackerConfig): ClusterParameters {
  return {
    useStorageId: config.useStorageId,
    idTypeInFileName: config.idTypeInFileName,
    trustStorageServerId: config.trustStorageServerId,
    responseIpAddressBytes: config.responseAddressBytes,
    storageIpChangedAutoAdjust: config.adjustChangedAddress,
    storageSyncFileMaxDelaySeconds: config.syncFileMaxDelayMs / 1000,
    storePathChoice: config.storePathChoice === "most-free" ? 2 : 0,
    spaceReserve: printReserve(reserveOf(config)),
    useTrunkFile: config.useTrunkFile,
    slotMinBytes: config.slotBytesMin,
    slotMaxBytes: config.slotBytesMax,
    trunkAllocAlignmentBytes: config.trunkAlignmentBytes,
    trunkFileBytes: config.trunkFileBytes,
    trunkCreateFileAdvance: config.trunkCreateAdvance,
    trunkCreateFileTimeBase: hourAndMinute(config.trunkCreateTimeBase),
    trunkCreateFileIntervalSeconds: config.trunkCreateIntervalMs / 1000,
    trunkCreateFileSpaceThresholdBytes: config.trunkCreateSpaceThresholdBytes,
    trunkInitCheckOccupying: config.trunkInitCheckOccupying,
    trunkInitReloadFromBinlog: config.trunkInitReloadFromBinlog,
    trunkFreeSpaceMerge: config.trunkFreeSpaceMerge,
    deleteUnusedTrunkFiles: config.deleteUnusedTrunkFiles,
    trunkCompressBinlogMinIntervalSeconds: config.trunkCompressBinlogMinIntervalMs / 1000,
    trunkCompressBinlogIntervalSeconds: config.trunkCompressBinlogIntervalMs / 1000,
    trunkCompressBinlogTimeBase: hourAndMinute(config.trunkCompressBinlogTimeBase),
    trunkBinlogMaxBackups: config.trunkBinlogMaxBackups,
    storeSlaveFileUseLink: config.linkSlaveFiles,
    extensions: new Map([[EXTENSION_KEY, String(EXTENSION_VERSION)]]),
  };
}

/** All of C's checks are in whole MiB. */
function reserveOf({ reservedSpace }: TrackerConfig): SpaceReserve {
  return reservedSpace.kind === "ratio"
    ? reservedSpace
    : { kind: "mib", mib: Math.floor(reservedSpace.bytes / BYTES_PER_MIB) };
}

function hourAndMinute({ hour, minute }: TimeOfDay): string {
  return printTimeOfDay({ hour, minute, second: 0 });
}

async function resolveOne(network: Network, host: string): Promise<string> {
  if (parseIpAddress(host) !== undefined) return host;
  const addresses = await network.resolve(host);
  // Old peers have no room for an IPv6 address, so a name that has both means its IPv4 one.
  return addresses.find((address) => !address.includes(":")) ?? addresses[0] ?? host;
}
