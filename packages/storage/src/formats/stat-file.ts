// `data/storage_stat.dat`: the counters and the position of round robin, kept over restarts (storage-formats.md §2.5).
// Losing it costs statistics only, so whatever cannot be read counts as 0.
import { join } from "node:path";

import type { Disk, Logger } from "@fastdfs-ts/runtime";

import { type StatisticsCounter, StorageStatistics } from "../stats.ts";
import { parseKeyValues, parseWhole, printKeyValues } from "./key-values.ts";
import { StateFile } from "./state-file.ts";

type SavedNumber = StatisticsCounter | "distPathIndexHigh" | "distPathIndexLow" | "distWriteFileCount";

/** The keys in the order in which C writes them. It is not the order of the block on the wire. */
const rows: readonly (readonly [key: string, property: SavedNumber])[] = [
  ["total_upload_count", "totalUploadCount"],
  ["success_upload_count", "successUploadCount"],
  ["total_append_count", "totalAppendCount"],
  ["success_append_count", "successAppendCount"],
  ["total_modify_count", "totalModifyCount"],
  ["success_modify_count", "successModifyCount"],
  ["total_truncate_count", "totalTruncateCount"],
  ["success_truncate_count", "successTruncateCount"],
  ["total_download_count", "totalDownloadCount"],
  ["success_download_count", "successDownloadCount"],
  ["last_source_update", "lastSourceUpdateSeconds"],
  ["last_sync_update", "lastSyncUpdateSeconds"],
  ["total_set_meta_count", "totalSetMetaCount"],
  ["success_set_meta_count", "successSetMetaCount"],
  ["total_delete_count", "totalDeleteCount"],
  ["success_delete_count", "successDeleteCount"],
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
  ["dist_path_index_high", "distPathIndexHigh"],
  ["dist_path_index_low", "distPathIndexLow"],
  ["dist_write_file_count", "distWriteFileCount"],
];

/** The file's text for these statistics. */
export function printStatistics(statistics: StorageStatistics): string {
  return printKeyValues(rows.map(([key, property]) => [key, statistics[property]]));
}

/** Statistics from the file's text. Missing keys count as 0; `unreadable` names the keys whose value is no number. */
export function parseStatistics(text: string): { statistics: StorageStatistics; unreadable: string[] } {
  const statistics = new StorageStatistics();
  const unreadable: string[] = [];
  const values = parseKeyValues(text);
  for (const [key, property] of rows) {
    const value = values.get(key);
    if (value === undefined) continue;
    const number = parseWhole(value);
    if (number === undefined || number < 0) unreadable.push(key);
    else statistics[property] = number;
  }
  return { statistics, unreadable };
}

export class StatFile {
  readonly statistics: StorageStatistics;
  private readonly file: StateFile;
  private saved: string | undefined;

  private constructor(file: StateFile, statistics: StorageStatistics, saved: string | undefined) {
    this.file = file;
    this.statistics = statistics;
    this.saved = saved;
  }

  /** Reads `<basePath>/data/storage_stat.dat`; without one all counters are 0. Throws FdfsError if it cannot be read. */
  static open(disk: Disk, basePath: string, log: Logger): StatFile {
    const file = new StateFile(disk, join(basePath, "data", "storage_stat.dat"));
    const text = file.read();
    const { statistics, unreadable } = parseStatistics(text ?? "");
    if (unreadable.length > 0) {
      log.warn("statistics.damaged", { path: file.path, keys: unreadable.join(" "), effect: "these start again at 0" });
    }
    return new StatFile(file, statistics, text);
  }

  /** Saves if a counter has changed since the last time. Tells whether it did. Throws FdfsError. */
  async saveIfChanged(): Promise<boolean> {
    const text = printStatistics(this.statistics);
    if (text === this.saved) return false;
    await this.file.replaceInBackground(text);
    this.saved = text;
    return true;
  }
}
