// `data/.data_init_flag`: since when this storage exists, who gives it old files, the marks of its store paths
// (storage-formats.md §2.3). Pure; data-init-file.ts keeps it on the disk.
import { parseKeyValues, parseWhole, printKeyValues } from "./key-values.ts";

export interface DataInitFlag {
  /** Unix time of the first start ever. */
  readonly joinTimeSeconds: number;
  /** Whether it is settled who gives this storage old files (wire-protocol.md §6.3: the join's init flag is the opposite). */
  readonly isSyncOldDone: boolean;
  /** Id of the storage that gives the old files, or "" if none is needed. */
  readonly syncSourceId: string;
  /** What happened up to this Unix time comes from the source; what came later from its own source. */
  readonly syncUntilSeconds: number;
  /** Address at the last start; two are joined by ",". */
  readonly lastIpAddress: string;
  readonly lastPort: number;
  readonly currentTrunkFileId: number;
  readonly trunkLastCompressSeconds: number;
  readonly trunkBinlogCompressStage: number;
  /** By store path index; undefined where there is none. Kept as they are: only their equality counts. */
  readonly storePathMarks: readonly (string | undefined)[];
  /** Keys we do not know, kept for whoever wrote them. */
  readonly unknown: ReadonlyMap<string, string>;
}

/** The flag of a storage that starts for the first time. */
export function newDataInitFlag(joinTimeSeconds: number): DataInitFlag {
  return {
    joinTimeSeconds,
    isSyncOldDone: false,
    syncSourceId: "",
    syncUntilSeconds: 0,
    lastIpAddress: "",
    lastPort: 0,
    currentTrunkFileId: 0,
    trunkLastCompressSeconds: 0,
    trunkBinlogCompressStage: 0,
    storePathMarks: [],
    unknown: new Map(),
  };
}

/** The flag, or what is wrong with the text: a required key that is missing, a value that is no number. */
export function parseDataInitFlag(text: string): DataInitFlag | string {
  const values = parseKeyValues(text);
  const problems: string[] = [];
  const take = (key: string): string | undefined => {
    const value = values.get(key);
    values.delete(key);
    return value;
  };
  const number = (key: string, isRequired = false): number => {
    const value = take(key);
    if (value === undefined && !isRequired) return 0;
    const whole = parseWhole(value);
    if (whole === undefined) problems.push(value === undefined ? `${key} is missing` : `${key}=${value} is no number`);
    return whole ?? 0;
  };
  const joinTimeSeconds = number("storage_join_time", true);
  const isSyncOldDone = number("sync_old_done", true) !== 0;
  const syncSourceId = take("sync_src_server");
  if (syncSourceId === undefined) problems.push("sync_src_server is missing");
  const flag: DataInitFlag = {
    joinTimeSeconds,
    isSyncOldDone,
    syncSourceId: syncSourceId ?? "",
    syncUntilSeconds: number("sync_until_timestamp"),
    lastIpAddress: take("last_ip_addr") ?? "",
    lastPort: number("last_server_port"),
    currentTrunkFileId: number("current_trunk_file_id"),
    trunkLastCompressSeconds: number("trunk_last_compress_time"),
    trunkBinlogCompressStage: number("trunk_binlog_compress_stage"),
    storePathMarks: takeMarks(values),
    unknown: values,
  };
  return problems.length === 0 ? flag : problems.join(", ");
}

const markKey = /^store_path_mark(\d{1,3})$/;

function takeMarks(values: Map<string, string>): (string | undefined)[] {
  const marks: (string | undefined)[] = [];
  for (const [key, value] of [...values]) {
    const index = markKey.exec(key)?.[1];
    if (index === undefined || Number(index) > 255) continue;
    values.delete(key);
    if (value === "") continue;
    while (marks.length <= Number(index)) marks.push(undefined);
    marks[Number(index)] = value;
  }
  return marks;
}

/** The text as C writes it, keys in its order. */
export function printDataInitFlag(flag: DataInitFlag): string {
  return printKeyValues([
    ["storage_join_time", flag.joinTimeSeconds],
    ["sync_old_done", flag.isSyncOldDone ? 1 : 0],
    ["sync_src_server", flag.syncSourceId],
    ["sync_until_timestamp", flag.syncUntilSeconds],
    ["last_ip_addr", flag.lastIpAddress],
    ["last_server_port", flag.lastPort],
    ["current_trunk_file_id", flag.currentTrunkFileId],
    ["trunk_last_compress_time", flag.trunkLastCompressSeconds],
    ["trunk_binlog_compress_stage", flag.trunkBinlogCompressStage],
    ...flag.storePathMarks.flatMap((mark, index): [string, string][] =>
      mark === undefined ? [] : [[`store_path_mark${index}`, mark]],
    ),
    ...flag.unknown,
  ]);
}
