// What lies in the hash directories of a store path, seen from outside.
import { createHash } from "node:crypto";
import type { DiskCalls } from "@fastdfs-ts/runtime";

/** SHA-256 of the content (of a link: "-> where") by the path below `data`, such as "00/01/CmIA….txt". */
export function storedTree(disk: DiskCalls, storePath: string): Map<string, string> {
  const tree = new Map<string, string>();
  const data = `${storePath}/data`;
  for (const high of hashDirectories(disk, data)) {
    for (const low of hashDirectories(disk, `${data}/${high}`)) {
      for (const name of disk.readDirectory(`${data}/${high}/${low}`)) {
        const path = `${data}/${high}/${low}/${name}`;
        const isLink = disk.linkStat(path)?.kind === "symlink";
        tree.set(`${high}/${low}/${name}`, isLink ? `-> ${disk.readLink(path)}` : sha256(disk.readFile(path)));
      }
    }
  }
  return tree;
}

function hashDirectories(disk: DiskCalls, path: string): string[] {
  if (disk.stat(path) === undefined) return [];
  return disk.readDirectory(path).filter((name) => /^[0-9A-F]{2}$/.test(name));
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
