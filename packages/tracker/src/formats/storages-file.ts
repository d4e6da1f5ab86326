// storage_servers_new.dat: the members (storage-formats.md §3.2).
import type { StatisticsBlock } from "@fastdfs-ts/protocol";

import { checkCount, oneLine, parseStateIni, SectionReader, sectionName, type StateProblem } from "./state-ini.ts";

type Counter = keyof StatisticsBlock;

/** The counters of the file in its order. Connections, modify and truncate are not in it. */
export const storedCounters = [
  ["total_upload_count", "totalUploadCount"],
  ["success_upload_count", "successUploadCount"],
  ["total_append_count", "totalAppendCount"],
  ["success_append_count", "successAppendCount"],
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
  ["total_download_bytes", "totalDownloadBytes"],
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
  ["last_source_update", "lastSourceUpdateSeconds"],
  ["last_sync_update", "lastSyncUpdateSeconds"],
  ["last_synced_timestamp", "lastSyncedSeconds"],
  ["last_heart_beat_time", "lastHeartbeatSeconds"],
] as const satisfies readonly (readonly [string, Counter])[];

export interface StoredStorage {
  /** `undefined` in files of a tracker without storage ids: then the address is the id. */
  readonly id: string | undefined;
  readonly groupName: string;
  readonly ip: string;
  /** Wire number. */
  readonly status: number;
  readonly version: string;
  readonly joinTime: number;
  readonly port: number;
  /** Storage id, or empty. */
  readonly syncSource: string;
  readonly syncUntil: number;
  readonly totalMib: number;
  readonly freeMib: number;
  readonly changelogOffset: number;
  readonly storePathCount: number;
  readonly subdirCount: number;
  readonly uploadPriority: number;
  readonly counters: Readonly<Partial<Record<Counter, number>>>;
}

export function parseStoragesFile(text: string): { storages: StoredStorage[]; problems: StateProblem[] } {
  const ini = parseStateIni(text);
  const problems = [...ini.problems];
  const sections = ini.sections.filter((section) => section.name.startsWith("Storage"));
  const storages = sections.flatMap((section) => parseSection(new SectionReader(section, problems)) ?? []);
  checkCount(ini, "storage_count", sections.length, problems);
  return { storages, problems };
}

/**
 * One member. Without group, address or status it is dropped: it joins again and says itself what it is, whereas a
 * guessed status could put a half-filled member into service.
 */
function parseSection(reader: SectionReader): StoredStorage | undefined {
  const groupName = reader.text("group_name");
  const id = reader.text("id");
  const ip = reader.text("ip_addr");
  if (groupName === "" || (id === "" && ip === "")) {
    reader.report(`[${reader.section.name}] has no group_name, or neither id nor ip_addr`, "this storage");
    return undefined;
  }
  const who = `${id === "" ? ip : id} of ${groupName}`;
  const status = reader.number("status", `${who}, until it joins again`);
  if (status === undefined) return undefined;
  const lost = `a fact of ${who}, until it reports`;
  const counters: Partial<Record<Counter, number>> = {};
  for (const [key, counter] of storedCounters) {
    const value = reader.number(key, lost);
    if (value !== undefined) counters[counter] = value;
  }
  const syncUntil = reader.number("sync_until_timestamp", `the end of the sync range of ${who}`);
  return {
    id: id === "" ? undefined : id,
    groupName,
    ip,
    status,
    version: reader.text("version"),
    joinTime: reader.number("join_time", lost) ?? 0,
    port: reader.number("storage_port", lost) ?? 0,
    // Half a source would be no source: the member asks again.
    syncSource: syncUntil === undefined ? "" : reader.text("sync_src_server"),
    syncUntil: syncUntil ?? 0,
    totalMib: reader.number("total_mb", lost) ?? 0,
    freeMib: reader.number("free_mb", lost) ?? 0,
    changelogOffset: reader.number("changelog_offset", `how much of the changelog ${who} has read`) ?? 0,
    storePathCount: reader.number("store_path_count", lost) ?? 0,
    subdirCount: reader.number("subdir_count_per_path", lost) ?? 0,
    uploadPriority: reader.number("upload_priority", lost) ?? 0,
    counters,
  };
}

/** `ini` with a section per member in join order per group, and the count at its end. */
export function printStoragesFile(storages: readonly StoredStorage[]): string {
  const sections = storages.map((storage, index) => {
    const pairs: [string, string | number][] = [
      ...(storage.id === undefined ? [] : [["id", storage.id] as [string, string]]),
      ["group_name", storage.groupName],
      ["ip_addr", storage.ip],
      ["status", storage.status],
      ["version", oneLine(storage.version)],
      ["join_time", storage.joinTime],
      ["storage_port", storage.port],
      ["sync_src_server", oneLine(storage.syncSource)],
      ["sync_until_timestamp", storage.syncUntil],
      ["total_mb", storage.totalMib],
      ["free_mb", storage.freeMib],
      ["changelog_offset", storage.changelogOffset],
      ["store_path_count", storage.storePathCount],
      ["subdir_count_per_path", storage.subdirCount],
      ["upload_priority", storage.uploadPriority],
      ...storedCounters.map(([key, counter]): [string, number] => [key, storage.counters[counter] ?? 0]),
    ];
    const lines = pairs.map(([key, value]) => `\t${key}=${value}\n`).join("");
    return `# storage: ${storage.ip}:${storage.port}\n[${sectionName("Storage", index + 1)}]\n${lines}\n`;
  });
  return `${sections.join("")}\n[Global]\n\tstorage_count=${storages.length}\n`;
}
