// Is what lies on the disks of a storage sound? Reads the disk behind the server's back, after a start that followed a
// crash, and throws an error that names what is wrong.
import { crc32, fileKind, parseNameFacts, statedFileBytes, TRUE_PATH_BYTES } from "@fastdfs-ts/protocol";
import type { DiskCalls } from "@fastdfs-ts/runtime";
import { parseBinlogRecord } from "@fastdfs-ts/storage";

export interface FoundFile {
  readonly content: Buffer;
  readonly isLink: boolean;
}

export interface CheckedStore {
  /** Default 1. */
  readonly storePathCount?: number;
  /** Whether metadata may be left without its file: renamed files leave it behind (storage-formats.md §1.11). Default not. */
  readonly mayOrphanMetadata?: boolean;
}

/**
 * All files that clients can see, by logical name, metadata files included. Throws if an incoming folder holds
 * something, a normal file does not have the size and CRC32 that its name states, metadata has no file, or a file has no
 * record in the log.
 */
export function checkStore(
  disk: DiskCalls,
  directory: string,
  { storePathCount = 1, mayOrphanMetadata = false }: CheckedStore = {},
): Map<string, FoundFile> {
  const logged = loggedNames(disk, `${directory}/data/sync`);
  const files = new Map<string, FoundFile>();
  for (let index = 0; index < storePathCount; index++) {
    const data = `${directory}/path${index}/data`;
    // A disk is tried with a file of its own once a second.
    const incoming = disk.readDirectory(`${data}/.incoming`).filter((name) => !name.endsWith(".probe"));
    if (incoming.length > 0) throw new Error(`left in .incoming: ${incoming.join()}`);
    for (const high of disk.readDirectory(data).filter((name) => /^[0-9A-F]{2}$/.test(name))) {
      for (const low of disk.readDirectory(`${data}/${high}`)) {
        for (const name of disk.readDirectory(`${data}/${high}/${low}`)) {
          const logicalName = `M${String(index).padStart(2, "0")}/${high}/${low}/${name}`;
          const path = `${data}/${high}/${low}/${name}`;
          const isLink = disk.linkStat(path)?.kind === "symlink";
          const content = disk.readFile(isLink ? disk.readLink(path) : path);
          files.set(logicalName, { content, isLink });
        }
      }
    }
  }
  for (const [name, { content, isLink }] of files) {
    if (!logged.has(name)) throw new Error(`${name} has no record in the log`);
    if (name.endsWith("-m")) {
      if (!mayOrphanMetadata && !files.has(name.slice(0, -2))) throw new Error(`${name} belongs to no file`);
      continue;
    }
    const facts = parseNameFacts(name.slice(4), TRUE_PATH_BYTES);
    if (facts === undefined || isLink || fileKind(name, facts) !== "normal") continue;
    if (content.length !== statedFileBytes(facts)) throw new Error(`${name} has ${content.length} bytes`);
    if (crc32(0, content) !== facts.crc32) throw new Error(`${name} has another CRC32 than its name states`);
  }
  return files;
}

/** The names that the log says were made, by upload, metadata, link or renaming. Throws if a line is no record. */
function loggedNames(disk: DiskCalls, folder: string): Set<string> {
  const names = new Set<string>();
  for (const part of disk.readDirectory(folder).filter((name) => /^binlog\.\d+$/.test(name))) {
    const text = disk.readFile(`${folder}/${part}`).toString("latin1");
    if (text !== "" && !text.endsWith("\n")) throw new Error(`${part} ends in the middle of a line`);
    for (const line of text.split("\n").slice(0, -1)) {
      // What a power cut left of lines that were not on the disk.
      if (line.includes("\0")) continue;
      const { op, logicalName } = parseBinlogRecord(line);
      if ("CULR".includes(op.toUpperCase())) names.add(logicalName);
    }
  }
  return names;
}
