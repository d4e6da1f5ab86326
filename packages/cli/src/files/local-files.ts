// The local files that were named on the command line, directories taken apart.
import { lstatSync, readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";

import { SystemError, systemErrorCode } from "@fastdfs-ts/runtime";

import { CommandFailure, UsageFailure } from "../failure.ts";

export interface LocalFile {
  /** Where it is. */
  readonly path: string;
  /** What it is called in lists and messages. */
  readonly name: string;
  readonly bytes: number;
}

export interface LocalFiles {
  readonly files: readonly LocalFile[];
  /** Symbolic links, sockets and the like inside directories: a link may lead anywhere, or in circles. */
  readonly skipped: number;
}

/**
 * Finds the files. Those of a single directory are named relative to it; otherwise each name begins as it was given.
 * Throws UsageFailure for a directory without `recursive`, CommandFailure for something that is not there.
 */
export function findLocalFiles(cwd: string, given: readonly string[], recursive: boolean): LocalFiles {
  const files: LocalFile[] = [];
  let skipped = 0;
  for (const name of given) {
    const path = resolve(cwd, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) {
      const cause = new SystemError("ENOENT", "stat", path);
      throw new CommandFailure(`${name}: there is no such file. Check the path.`, { cause });
    }
    if (stat.isFile()) files.push({ path, name, bytes: stat.size });
    else if (!stat.isDirectory()) throw new CommandFailure(`${name}: this is neither a file nor a directory.`);
    else if (!recursive) throw new UsageFailure(`${name} is a directory. Use --recursive to take all files in it.`);
    else skipped += addDirectory(path, given.length === 1 ? "" : name, files);
  }
  return { files, skipped };
}

function addDirectory(root: string, prefix: string, files: LocalFile[]): number {
  let skipped = 0;
  // Own stack: a deep tree must not overflow ours. Taken from the end, so pushed in reverse order.
  const waiting = [{ path: root, name: prefix }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path, name } = next;
    const directories: { path: string; name: string }[] = [];
    for (const entry of sortedEntries(path)) {
      const child = { path: join(path, entry.name), name: name === "" ? entry.name : `${name}/${entry.name}` };
      if (entry.isDirectory()) directories.push(child);
      else if (entry.isFile()) files.push({ ...child, bytes: sizeOf(child.path) });
      else skipped++;
    }
    waiting.push(...directories.reverse());
  }
  return skipped;
}

function sortedEntries(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw new CommandFailure(
      `the directory ${path} cannot be read (${systemErrorCode(error) ?? "unknown"}). Check its permissions.`,
      { cause: error },
    );
  }
}

/** 0 for a file that is gone already: the upload itself will say so. */
function sizeOf(path: string): number {
  return lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** The last part of a file id: what a download is called if nobody says otherwise. */
export function nameOfDownload(fileId: string): string {
  return basename(fileId);
}
