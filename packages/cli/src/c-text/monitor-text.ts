// What fdfs_monitor of C prints, line by line: scripts cut their numbers out of it. The labels are those of 6.16,
// misspellings included.
import { type GroupRecord, rwModes } from "@fastdfs-ts/protocol";

import type { ClusterView, StorageView } from "../cluster/cluster-view.ts";
import { plural, printTime } from "../terminal/units.ts";
import { printCMib } from "./c-size.ts";

export interface CMonitorText extends Pick<ClusterView, "groups" | "storages"> {
  /** The trackers of the configuration; the first one is named as the one that was asked. */
  readonly trackers: readonly string[];
  /** Whether one group was asked for: then there is no count of groups. */
  readonly isOneGroup: boolean;
}

export function printMonitorAsC({ groups, storages, trackers, isOneGroup }: CMonitorText): string {
  const lines = [`tracker server count=${trackers.length}, current server index=0`, ""];
  lines.push(`tracker server is ${trackers[0] ?? ""}`, "");
  if (!isOneGroup) lines.push(`group count: ${groups.length}`);
  for (const [at, group] of groups.entries()) {
    const members = storages.filter(({ groupName }) => groupName === group.groupName);
    if (!isOneGroup) lines.push("", `Group ${at + 1}:`);
    lines.push(...groupLines(group, members));
    for (const [number, member] of members.entries()) {
      if (number === 0) lines.push("");
      lines.push(`\tStorage ${number + 1}:`, ...storageLines(member, members).map((line) => `\t\t${line}`));
    }
  }
  return lines.join("\n");
}

function groupLines(group: GroupRecord, members: readonly StorageView[]): string[] {
  const hasTrunk = group.currentTrunkFileId >= 0;
  const trunkServer = members.find(({ isTrunkServer }) => isTrunkServer);
  return [
    `group name = ${group.groupName}`,
    ...spaceLines(group),
    ...(hasTrunk ? [`trunk free space = ${printCMib(group.trunkFreeMib)}`] : []),
    `storage server count = ${group.storageCount}`,
    `readable server count = ${group.readableStorageCount}`,
    `writable server count = ${group.writableStorageCount}`,
    `storage server port = ${group.storagePort}`,
    `store path count = ${group.storePathCount}`,
    `subdir count per path = ${group.subdirCountPerPath}`,
    `current write server index = ${group.currentWriteServer}`,
    // Without a trunk server there is no word about trunk files.
    ...(trunkServer === undefined
      ? []
      : [
          `current trunk server = ${trunkServer.storageId} (${trunkServer.storageIp})`,
          `current trunk file id = ${group.currentTrunkFileId}`,
        ]),
  ];
}

function spaceLines({
  totalMib,
  freeMib,
  reservedMib,
}: Pick<GroupRecord, "totalMib" | "freeMib" | "reservedMib">): string[] {
  return [
    `disk total space     = ${printCMib(totalMib)}`,
    `disk free space      = ${printCMib(freeMib)}`,
    `disk reserved space  = ${printCMib(reservedMib)}`,
    `disk available space = ${printCMib(Math.max(0, freeMib - reservedMib))}`,
  ];
}

const rwModeTexts = new Map<number, string>([
  [rwModes.none, "none (disabled)"],
  [rwModes.writeOnly, "writeonly"],
  [rwModes.readOnly, "readonly"],
  [rwModes.readWrite, "both (normal)"],
]);

type Statistics = StorageView["statistics"];

/** The counters in their order. */
const counterLabels: readonly (readonly [label: string, field: keyof Statistics])[] = [
  ["connection.alloc_count", "connectionsAllocated"],
  ["connection.current_count", "connectionsCurrent"],
  ["connection.max_count", "connectionsMaximum"],
  ["total_upload_count", "totalUploadCount"],
  ["success_upload_count", "successUploadCount"],
  ["total_append_count", "totalAppendCount"],
  ["success_append_count", "successAppendCount"],
  ["total_modify_count", "totalModifyCount"],
  ["success_modify_count", "successModifyCount"],
  ["total_truncate_count", "totalTruncateCount"],
  ["success_truncate_count", "successTruncateCount"],
  ["total_set_meta_count", "totalSetMetaCount"],
  ["success_set_meta_count", "successSetMetaCount"],
  ["total_delete_count", "totalDeleteCount"],
  ["success_delete_count", "successDeleteCount"],
  ["total_download_count", "totalDownloadCount"],
  ["success_download_count", "successDownloadCount"],
  ["total_get_meta_count", "totalGetMetaCount"],
  ["success_get_meta_count", "successGetMetaCount"],
  ["total_create_link_count", "totalCreateLinkCount"],
  ["success_create_link_count", "successCreateLinkCount"],
  ["total_delete_link_count", "totalDeleteLinkCount"],
  ["success_delete_link_count", "successDeleteLinkCount"],
  ["total_upload_bytes", "totalUploadBytes"],
  ["success_upload_bytes", "successUploadBytes"],
  ["total_append_bytes", "totalAppendBytes"],
  ["success_append_bytes", "successAppendBytes"],
  ["total_modify_bytes", "totalModifyBytes"],
  ["success_modify_bytes", "successModifyBytes"],
  ["stotal_download_bytes", "totalDownloadBytes"],
  ["success_download_bytes", "successDownloadBytes"],
  ["total_sync_in_bytes", "totalSyncInBytes"],
  ["success_sync_in_bytes", "successSyncInBytes"],
  ["total_sync_out_bytes", "totalSyncOutBytes"],
  ["success_sync_out_bytes", "successSyncOutBytes"],
  ["total_file_open_count", "totalFileOpenCount"],
  ["success_file_open_count", "successFileOpenCount"],
  ["total_file_read_count", "totalFileReadCount"],
  ["success_file_read_count", "successFileReadCount"],
  ["total_file_write_count", "totalFileWriteCount"],
  ["success_file_write_count", "successFileWriteCount"],
];

function storageLines(row: StorageView, members: readonly StorageView[]): string[] {
  const { statistics } = row;
  const status = row.statusName === "NONE" || /^\d+$/.test(row.statusName) ? "UNKNOWN" : row.statusName;
  return [
    `id = ${row.storageId}`,
    `host = ${row.storageIp}:${row.storagePort}  ${status}`,
    `read write mode = ${rwModeTexts.get(row.rwMode) ?? "unknown"}`,
    `version = ${row.version}`,
    `join time = ${timeOrNothing(row.joinTimeSeconds)}`,
    `up time = ${timeOrNothing(row.upTimeSeconds)}`,
    ...spaceLines(row),
    `upload priority = ${row.uploadPriority}`,
    `store_path_count = ${row.storePathCount}`,
    `subdir_count_per_path = ${row.subdirCountPerPath}`,
    `current_write_path = ${row.currentWritePath}`,
    `source storage id = ${row.sourceStorageId}`,
    `if_trunk_server = ${row.isTrunkServer ? 1 : 0}`,
    ...counterLabels.map(([label, field]) => `${label} = ${statistics[field]}`),
    `last_heart_beat_time = ${printTime(statistics.lastHeartbeatSeconds)}`,
    `last_source_update = ${printTime(statistics.lastSourceUpdateSeconds)}`,
    `last_sync_update = ${printTime(statistics.lastSyncUpdateSeconds)}`,
    `last_synced_timestamp = ${printTime(statistics.lastSyncedSeconds)} ${delayText(row, members)}`,
  ];
}

function timeOrNothing(seconds: number): string {
  return seconds === 0 ? "" : printTime(seconds);
}

/** How far a storage is behind the last change at any other one. */
function delayText({ storageId, statistics }: StorageView, members: readonly StorageView[]): string {
  const others = members.filter((member) => member.storageId !== storageId);
  const changed = Math.max(0, ...others.map((member) => member.statistics.lastSourceUpdateSeconds));
  if (changed === 0) return "";
  const synced = statistics.lastSyncedSeconds;
  return synced === 0 ? "(never synced)" : `(${durationText(Math.max(0, changed - synced))} delay)`;
}

/** 3605 → "1 hour 5 seconds". */
function durationText(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), "day"],
    [Math.floor(seconds / 3600) % 24, "hour"],
    [Math.floor(seconds / 60) % 60, "minute"],
    [seconds % 60, "second"],
  ] as const;
  const shown = parts.filter(([count]) => count > 0);
  return shown.length === 0 ? "0 second" : shown.map(([count, unit]) => plural(count, unit)).join(" ");
}
