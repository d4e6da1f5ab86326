// What lies on a member's disks, seen from outside: no process is asked, nothing is traced or delayed.
import { METADATA_SUFFIX } from "@fastdfs-ts/protocol";
import type { FileInode, Inode, SimDiskImage, SymlinkInode } from "./sim-disk-image.ts";
import { basePath, type SimMember } from "./sim-cluster.ts";

export type StoredInode = FileInode | SymlinkInode;

type Disks = Pick<SimMember, "host" | "storePaths">;

/**
 * All stored files of a member by logical name ("M00/00/01/…"), metadata files included. Unfinished ones are not stored, and
 * the metadata that a renamed file leaves behind is nobody's: no client can read it (storage-formats.md §1.11).
 */
export function storedFiles(member: Disks): Map<string, StoredInode> {
  const files = allFiles(member);
  for (const name of files.keys()) {
    if (name.endsWith(METADATA_SUFFIX) && !files.has(name.slice(0, -METADATA_SUFFIX.length))) files.delete(name);
  }
  return files;
}

/** Those too. */
export function allFiles({ host, storePaths }: Disks): Map<string, StoredInode> {
  const files = new Map<string, StoredInode>();
  for (const [index, storePath] of storePaths.entries()) {
    const prefix = `M${index.toString(16).toUpperCase().padStart(2, "0")}`;
    const data = lookUp(host.disks.imageOf(storePath), `${storePath}/data`);
    for (const [high, upper] of hashDirectories(data)) {
      for (const [low, lower] of hashDirectories(upper)) {
        for (const [name, inode] of lower.entries) {
          if (inode.kind !== "directory") files.set(`${prefix}/${high}/${low}/${name}`, inode);
        }
      }
    }
  }
  return files;
}

/** The content of a file, or where a link points. */
export function contentOf(inode: StoredInode): Buffer {
  if (inode.kind === "symlink") return Buffer.from(`link to ${inode.target}`);
  const content = Buffer.alloc(inode.content.sizeBytes);
  inode.content.read(content, 0, content.length, 0);
  return content;
}

/** The text of a file below the base path, such as "data/sync/binlog.000"; undefined if there is none. */
export function textBelowBase({ host }: SimMember, path: string): string | undefined {
  const inode = lookUp(host.disks.imageOf(basePath), `${basePath}/${path}`);
  return inode?.kind === "file" ? contentOf(inode).toString("latin1") : undefined;
}

/** The names in a directory below the base path. */
export function namesBelowBase({ host }: SimMember, path: string): string[] {
  const inode = lookUp(host.disks.imageOf(basePath), `${basePath}/${path}`);
  return inode?.kind === "directory" ? [...inode.entries.keys()].sort() : [];
}

function lookUp(image: SimDiskImage, path: string): Inode | undefined {
  let inode: Inode | undefined = image.root;
  for (const name of path.split("/")) {
    if (name === "") continue;
    if (inode?.kind !== "directory") return undefined;
    inode = inode.entries.get(name);
  }
  return inode;
}

function hashDirectories(parent: Inode | undefined) {
  if (parent?.kind !== "directory") return [];
  return [...parent.entries].flatMap(([name, inode]) =>
    inode.kind === "directory" && /^[0-9A-F]{2}$/.test(name) ? [[name, inode] as const] : [],
  );
}
