// What lies in the hash directories of a storage, to compare members byte for byte.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";

/** Path in the store ("00/0C/CmMA…bin") → size and CRC-32 of the content. */
export type Tree = ReadonlyMap<string, string>;

export function contentMark(bytes: number, checksum: number): string {
  return `${bytes} bytes, crc ${checksum.toString(16)}`;
}

export function readTree(storePath: string): Tree {
  const data = join(storePath, "data");
  const tree = new Map<string, string>();
  for (const high of hashDirectories(data)) {
    for (const low of hashDirectories(join(data, high))) {
      const folder = join(data, high, low);
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const mark = markOf(join(folder, entry.name), entry.isSymbolicLink());
        if (mark !== undefined) tree.set(`${high}/${low}/${entry.name}`, mark);
      }
    }
  }
  return tree;
}

/** `undefined` if it was deleted a moment ago. */
function markOf(path: string, isLink: boolean): string | undefined {
  try {
    if (isLink) return `link to ${readlinkSync(path)}`;
    const content = readFileSync(path);
    return contentMark(content.length, crc32(content));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The paths that are not the same in all trees, with what each tree says. */
export function differences(trees: readonly Tree[]): string[] {
  const paths = new Set(trees.flatMap((tree) => [...tree.keys()]));
  return [...paths].flatMap((path) => {
    const found = trees.map((tree) => tree.get(path) ?? "missing");
    return new Set(found).size === 1 ? [] : [`${path}: ${found.join(" | ")}`];
  });
}

function hashDirectories(folder: string): string[] {
  return readdirSync(folder).filter((name) => /^[0-9A-F]{2}$/.test(name));
}
