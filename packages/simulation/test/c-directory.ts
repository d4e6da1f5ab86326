// Data directories that C 6.16.1 left behind, on the disks of simulated hosts that own the addresses they were made with.
import { execFileSync } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Disk } from "@fastdfs-ts/runtime";

export interface LiveFile {
  readonly file_id: string;
  readonly kind: "normal" | "appender" | "slave" | "regenerated" | "link";
  readonly size: number;
  readonly sha256: string;
  readonly crc32: number;
  readonly metadata: readonly (readonly [string, string])[];
}

export interface Manifest {
  readonly group: string;
  readonly live: readonly LiveFile[];
  /** What became of file ids that no longer exist. */
  readonly dead: Readonly<Record<string, string>>;
}

export const installRoot = "/var/lib/fastdfs";
const folder = new URL("../../protocol/vectors/", import.meta.url);

export function manifestOf(name: string): Manifest {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as Manifest;
}

/** Copies the parts of an archive whose first folder is one of `parts` to where they lay. */
export function unpackTo(disk: Disk, name: string, parts: readonly string[]): void {
  const directory = mkdtempSync(join(tmpdir(), "fdfs-c-"));
  try {
    execFileSync("tar", ["xzf", fileURLToPath(new URL(`${name}.tar.gz`, folder)), "-C", directory]);
    for (const part of parts) copyTree(disk, join(directory, part), `${installRoot}/${part}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function copyTree(disk: Disk, from: string, to: string): void {
  const stat = lstatSync(from);
  if (stat.isSymbolicLink()) disk.symlink(readlinkSync(from), to);
  else if (stat.isDirectory()) {
    disk.makeDirectory(to);
    for (const name of readdirSync(from)) copyTree(disk, join(from, name), `${to}/${name}`);
  } else {
    const content = readFileSync(from);
    const file = disk.open(to, "create");
    file.write(content, 0, content.length, 0);
    file.setTimes(Math.floor(stat.mtimeMs / 1000));
    file.close();
  }
}
