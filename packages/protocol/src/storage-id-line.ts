// One line of the storage id list as trackers hand it out (wire-protocol.md §5.15):
// id group host[,host2][:port][ rw=mode], IPv6 hosts in brackets as a whole.
import { FdfsError } from "./errors.ts";

export interface StorageIdEntry {
  readonly storageId: string;
  readonly groupName: string;
  /** One or two addresses or host names. */
  readonly hosts: readonly string[];
  readonly port: number | undefined;
  readonly rwMode: "none" | "read" | "write" | "both";
}

const LINE =
  /^(?<id>\d{1,15})\s+(?<group>[A-Za-z0-9]{1,16})\s+(?:\[(?<v6>[^\]\s]+)\]|(?<v4>[^\s:]+))(?::(?<port>\d{1,5}))?(?:\s+rw=(?<rw>none|read|write|both))?\s*$/;

/** Throws FdfsError BAD_REQUEST if the line is not an entry. */
export function parseStorageIdLine(line: string): StorageIdEntry {
  const parts = LINE.exec(line)?.groups;
  if (parts === undefined) throw new FdfsError("BAD_REQUEST", { reason: `"${line}" is no entry of a storage id list` });
  const port = parts.port === undefined ? undefined : Number(parts.port);
  if (port !== undefined && (port < 1 || port > 65_535)) {
    throw new FdfsError("BAD_REQUEST", { reason: `"${line}" has an impossible port` });
  }
  return {
    storageId: parts.id ?? "",
    groupName: parts.group ?? "",
    hosts: (parts.v6 ?? parts.v4 ?? "").split(","),
    port,
    rwMode: (parts.rw as StorageIdEntry["rwMode"] | undefined) ?? "both",
  };
}

/** The line of an entry, without a line feed. */
export function printStorageIdLine(entry: StorageIdEntry): string {
  const hosts = entry.hosts.join(",");
  const address = hosts.includes(":") ? `[${hosts}]` : hosts;
  const port = entry.port === undefined ? "" : `:${entry.port}`;
  const rw = entry.rwMode === "both" ? "" : ` rw=${entry.rwMode}`;
  return `${entry.storageId} ${entry.groupName} ${address}${port}${rw}`;
}
