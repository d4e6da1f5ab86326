// The answer to 75: settings of the cluster that storages and clients take from the tracker, as ini text
// (wire-protocol.md §5.16). One table gives key, form, default and order. Keys that C does not know ride along: this is
// how our own extensions are offered, because every reader ignores unknown keys.
import { FdfsError } from "../errors.ts";
import { PARAMETERS_BUFFER_BYTES } from "../limits.ts";
import { variableText } from "../wire/fields.ts";
import type { Message } from "../wire/message.ts";

export interface ClusterParameters {
  readonly useStorageId: boolean;
  readonly idTypeInFileName: "ip" | "id";
  readonly trustStorageServerId: boolean;
  readonly responseIpAddressBytes: number;
  readonly storageIpChangedAutoAdjust: boolean;
  readonly storageSyncFileMaxDelaySeconds: number;
  readonly storePathChoice: number;
  /** `N.NN%` or `NMB`. */
  readonly spaceReserve: string;
  readonly useTrunkFile: boolean;
  readonly slotMinBytes: number;
  readonly slotMaxBytes: number;
  readonly trunkAllocAlignmentBytes: number;
  readonly trunkFileBytes: number;
  readonly trunkCreateFileAdvance: boolean;
  /** `HH:MM`. */
  readonly trunkCreateFileTimeBase: string;
  readonly trunkCreateFileIntervalSeconds: number;
  readonly trunkCreateFileSpaceThresholdBytes: number;
  readonly trunkInitCheckOccupying: boolean;
  readonly trunkInitReloadFromBinlog: boolean;
  readonly trunkFreeSpaceMerge: boolean;
  readonly deleteUnusedTrunkFiles: boolean;
  readonly trunkCompressBinlogMinIntervalSeconds: number;
  readonly trunkCompressBinlogIntervalSeconds: number;
  /** `HH:MM`. */
  readonly trunkCompressBinlogTimeBase: string;
  readonly trunkBinlogMaxBackups: number;
  readonly storeSlaveFileUseLink: boolean;
  /** Keys beyond the table, in the order in which they came. */
  readonly extensions: ReadonlyMap<string, string>;
}

type KnownParameter = Exclude<keyof ClusterParameters, "extensions">;

export interface ParameterRow {
  readonly key: string;
  readonly property: KnownParameter;
  readonly form: "0/1" | "number" | "text";
  /** What a reader assumes when the key is missing. */
  readonly assumed: string;
  readonly doc: string;
}

const row = (
  key: string,
  property: KnownParameter,
  form: ParameterRow["form"],
  assumed: string,
  doc: string,
): ParameterRow => ({ key, property, form, assumed, doc });

const TRUNK_FILE_BYTES = 64 * 1024 * 1024;

/** The keys of the answer in the order in which C sends them. */
export const parameterRows: readonly ParameterRow[] = [
  row("use_storage_id", "useStorageId", "0/1", "0", "storages have ids of their own"),
  row("id_type_in_filename", "idTypeInFileName", "text", "ip", "what file names carry: ip or id"),
  row("trust_storage_server_id", "trustStorageServerId", "0/1", "0", "the id in a join is believed"),
  row("response_ip_addr_size", "responseIpAddressBytes", "number", "46", "width of addresses in answers: 16 or 46"),
  row("storage_ip_changed_auto_adjust", "storageIpChangedAutoAdjust", "0/1", "0", "a storage may change its address"),
  row("storage_sync_file_max_delay", "storageSyncFileMaxDelaySeconds", "number", "0", "seconds"),
  row("store_path", "storePathChoice", "number", "0", "0 round robin, 2 most free space"),
  row("reserved_storage_space", "spaceReserve", "text", "0.00%", "N.NN% or NMB"),
  row("use_trunk_file", "useTrunkFile", "0/1", "0", "trunk files are on"),
  row("slot_min_size", "slotMinBytes", "number", "256", "bytes"),
  row("slot_max_size", "slotMaxBytes", "number", String(TRUNK_FILE_BYTES / 4), "bytes"),
  row("trunk_alloc_alignment_size", "trunkAllocAlignmentBytes", "number", "0", "bytes"),
  row("trunk_file_size", "trunkFileBytes", "number", String(TRUNK_FILE_BYTES), "bytes"),
  row("trunk_create_file_advance", "trunkCreateFileAdvance", "0/1", "0", "trunk files are made ahead of need"),
  row("trunk_create_file_time_base", "trunkCreateFileTimeBase", "text", "02:00", "HH:MM"),
  row("trunk_create_file_interval", "trunkCreateFileIntervalSeconds", "number", "86400", "seconds"),
  row("trunk_create_file_space_threshold", "trunkCreateFileSpaceThresholdBytes", "number", "0", "bytes"),
  row("trunk_init_check_occupying", "trunkInitCheckOccupying", "0/1", "0", "check free slots at start"),
  row("trunk_init_reload_from_binlog", "trunkInitReloadFromBinlog", "0/1", "0", "load free slots from the binlog"),
  row("trunk_free_space_merge", "trunkFreeSpaceMerge", "0/1", "0", "merge neighbouring free slots"),
  row("delete_unused_trunk_files", "deleteUnusedTrunkFiles", "0/1", "0", "delete empty trunk files"),
  row("trunk_compress_binlog_min_interval", "trunkCompressBinlogMinIntervalSeconds", "number", "0", "seconds"),
  row("trunk_compress_binlog_interval", "trunkCompressBinlogIntervalSeconds", "number", "0", "seconds"),
  row("trunk_compress_binlog_time_base", "trunkCompressBinlogTimeBase", "text", "03:00", "HH:MM"),
  row("trunk_binlog_max_backups", "trunkBinlogMaxBackups", "number", "0", "number of files"),
  row("store_slave_file_use_link", "storeSlaveFileUseLink", "0/1", "0", "slaves are links to normal files"),
];

/** Encoding refuses a text that a C storage could not receive (1023 bytes). */
export const ClusterParameters: Message<ClusterParameters> = {
  name: "ClusterParameters",
  fields: { ini: variableText("key=value lines, see the table of parameters", 0, PARAMETERS_BUFFER_BYTES - 1) },
  fixedSize: 0,
  minSize: 0,
  // A tracker with extensions of its own may say more than a C storage can receive; we can.
  maxSize: 65_536,

  decode(body) {
    if (body.length > ClusterParameters.maxSize) throw malformed(`${body.length} bytes`);
    return parse(body.toString("latin1"));
  },

  decodeAt(from, at) {
    return ClusterParameters.decode(from.subarray(at));
  },

  headSize() {
    throw new TypeError("ClusterParameters has no content behind it");
  },

  sizeOf(value) {
    return print(value).length;
  },

  encode(value) {
    const ini = print(value);
    if (ini.length >= PARAMETERS_BUFFER_BYTES) throw malformed(`${ini.length} bytes of ini text, 1023 are possible`);
    return Buffer.from(ini, "latin1");
  },

  encodeInto(into, at, value) {
    into.set(ClusterParameters.encode(value), at);
  },
};

function parse(ini: string): ClusterParameters {
  const found = new Map<string, string>();
  for (const line of ini.split("\n")) {
    const equals = line.indexOf("=");
    if (equals > 0 && !line.startsWith("#")) found.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
  }
  const values: Record<string, unknown> = {};
  for (const { key, property, form, assumed } of parameterRows) {
    values[property] = parseValue(key, form, found.get(key) ?? assumed);
    found.delete(key);
  }
  if (values.idTypeInFileName !== "id") values.idTypeInFileName = "ip";
  return { ...(values as unknown as Omit<ClusterParameters, "extensions">), extensions: found };
}

function parseValue(key: string, form: ParameterRow["form"], text: string): unknown {
  if (form === "text") return text;
  if (form === "0/1") return text !== "0" && text !== "false" && text !== "no" && text !== "off";
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw malformed(`${key}=${text} is not a whole number`);
  return number;
}

function print(parameters: ClusterParameters): string {
  const known = parameterRows.map(({ key, property, form }) => {
    const value = parameters[property];
    return printLine(key, form === "0/1" ? (value ? "1" : "0") : String(value));
  });
  return [...known, ...[...parameters.extensions].map(([key, value]) => printLine(key, value))].join("");
}

function printLine(key: string, value: string): string {
  const isSafe = /^[\w.-]+$/.test(key) && /^[\x20-\x7e]*$/.test(value);
  if (!isSafe) throw malformed(`${JSON.stringify(`${key}=${value}`)} is not one line of ini text`);
  return `${key}=${value}\n`;
}

function malformed(reason: string): FdfsError {
  return new FdfsError("BAD_REQUEST", { reason: `ClusterParameters: ${reason}` });
}
