// Whose store path is this? Each one carries a mark in `data/.fastdfs_vars`, and the storage keeps a copy of it in its
// `.data_init_flag` (storage-formats.md §2.4). Comparing the two, and looking whether the hash directories are there,
// tells a disk of our own from somebody else's, from an unmounted one and from a new one.
import { join } from "node:path";

import type { Disk } from "@fastdfs-ts/runtime";

import type { DataInitFlag } from "../formats/data-init-flag.ts";
import { parseKeyValues } from "../formats/key-values.ts";
import { StateFile } from "../formats/state-file.ts";
import { hasSubdirectories } from "./subdirectories.ts";

/** What C puts into a mark. Nothing but messages uses it: marks are compared as text. */
export interface PathMark {
  readonly address: string;
  readonly port: number;
  readonly storePathIndex: number;
  readonly createdSeconds: number;
}

const MARK_BYTES = 56;
const ADDRESS_BYTES = 46;

/** The 75 characters of a mark: C's structure in little-endian layout, base64 without padding. */
export function encodePathMark(mark: PathMark): string {
  const bytes = Buffer.alloc(MARK_BYTES);
  bytes.write(mark.address.slice(0, ADDRESS_BYTES - 1), 0, "latin1");
  bytes.writeUInt16LE(mark.port, 46);
  bytes.writeUInt8(mark.storePathIndex, 48);
  bytes.writeUInt32LE(mark.createdSeconds, 52);
  return bytes.toString("base64url");
}

/** What a mark says, or undefined if it is not of C's form. */
export function decodePathMark(text: string): PathMark | undefined {
  if (!/^[\w-]{75}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64url");
  const end = bytes.subarray(0, ADDRESS_BYTES).indexOf(0);
  return {
    address: bytes.toString("latin1", 0, end < 0 ? ADDRESS_BYTES : end),
    port: bytes.readUInt16LE(46),
    storePathIndex: bytes.readUInt8(48),
    createdSeconds: bytes.readUInt32LE(52),
  };
}

function markFile(disk: Disk, storePath: string): StateFile {
  return new StateFile(disk, join(storePath, "data", ".fastdfs_vars"));
}

/** The mark in a store path, or undefined if it has none. Throws FdfsError if the file cannot be read. */
export function readPathMark(disk: Disk, storePath: string): string | undefined {
  return parseKeyValues(markFile(disk, storePath).read() ?? "").get("store_path_mark") || undefined;
}

/**
 * Writes the mark into a store path. Do this first and `.data_init_flag` second, as C does: a crash in between leaves a
 * mark that is recognised as our own.
 */
export function writePathMark(disk: Disk, storePath: string, mark: string): void {
  markFile(disk, storePath).replace(`store_path_mark=${mark}\n`);
}

/**
 * How the mark we know compares with the one in the path. unconfirmed: we know none or an older one, and the one in the
 * path can only be the one that we were writing when a crash came.
 */
export type MarkRelation = "neither" | "unconfirmed" | "only-in-path" | "same" | "different" | "only-known";

/**
 * use         all is well
 * initialise  a new path: create directories and mark
 * mark        the path is in use but was never marked: write a mark to both places
 * adopt       the path carries our mark, `.data_init_flag` does not yet: copy it there
 * re-mark     the path lost its mark, its directories are there: warn, write a new mark to both places
 * recover     files were here and the directories are gone: a replaced disk, or one that is not mounted
 * refuse      the path belongs to another storage
 */
export type StorePathAction = "use" | "initialise" | "mark" | "adopt" | "re-mark" | "recover" | "refuse";

/** Columns: the hash directories are there · missing, and no files are expected · missing, and files are expected. */
// prettier-ignore
const actions: Readonly<Record<MarkRelation, readonly [StorePathAction, StorePathAction, StorePathAction]>> = {
  //               there      missing       missing, files expected
  neither:        ["mark",    "initialise", "recover"],
  unconfirmed:    ["adopt",   "initialise", "recover"],
  "only-in-path": ["refuse",  "refuse",     "refuse"],
  same:           ["use",     "initialise", "recover"],
  different:      ["refuse",  "refuse",     "refuse"],
  "only-known":   ["re-mark", "recover",    "recover"],
};

/** The decision alone (storage-formats.md §2.2, §2.4). */
export function storePathAction(
  relation: MarkRelation,
  hasDirectories: boolean,
  areFilesExpected: boolean,
): StorePathAction {
  return actions[relation][hasDirectories ? 0 : areFilesExpected ? 2 : 1];
}

export interface StorePathVerdict {
  readonly action: StorePathAction;
  /** For log and operator: what was found and, where somebody has to act, what to do. */
  readonly reason: string;
  /** The mark in the path, if it has one. */
  readonly pathMark: string | undefined;
}

export interface JudgeOptions {
  readonly disk: Disk;
  readonly storePath: string;
  readonly storePathIndex: number;
  /** `subdir_count_per_path` */
  readonly subdirCount: number;
  readonly flag: Pick<DataInitFlag, "joinTimeSeconds" | "isSyncOldDone" | "storePathMarks">;
  /** Whether this storage has ever stored a file: its binlog has records. */
  readonly hasHistory: boolean;
  /** Our own address and port, as marks name them. */
  readonly address: string;
  readonly port: number;
  /** `check_store_path_mark` */
  readonly checksMarks: boolean;
}

/**
 * Looks at a store path and says what to do with it; changes nothing. An empty disk where a full one is expected is never
 * taken over silently: the verdict is then "recover" and the caller decides. Throws FdfsError if the mark cannot be read.
 */
export function judgeStorePath(options: JudgeOptions): StorePathVerdict {
  const { disk, storePath, subdirCount, checksMarks } = options;
  const pathMark = readPathMark(disk, storePath);
  const relation = checksMarks ? relate(options, pathMark) : "same";
  const hasDirectories = hasSubdirectories(disk, join(storePath, "data"), subdirCount);
  const action = storePathAction(relation, hasDirectories, areFilesExpected(options));
  return { action, reason: explain(action, options, relation, pathMark), pathMark };
}

/** A path that has no mark while others have one was added later; where there are no marks at all, the binlog decides. */
function areFilesExpected({ flag, storePathIndex, hasHistory }: JudgeOptions): boolean {
  if (!flag.isSyncOldDone) return false;
  if (flag.storePathMarks[storePathIndex] !== undefined) return true;
  return hasHistory && flag.storePathMarks.every((mark) => mark === undefined);
}

function relate(options: JudgeOptions, inPath: string | undefined): MarkRelation {
  const known = options.flag.storePathMarks[options.storePathIndex];
  if (inPath === undefined) return known === undefined ? "neither" : "only-known";
  if (known === inPath) return "same";
  if (isOurUnconfirmedMark(options, inPath, known)) return "unconfirmed";
  return known === undefined ? "only-in-path" : "different";
}

/** Younger than what we know: made by us for this path, by a start that did not come to write it into the flag as well. */
function isOurUnconfirmedMark(options: JudgeOptions, text: string, known: string | undefined): boolean {
  const mark = decodePathMark(text);
  const notBefore = (known === undefined ? undefined : decodePathMark(known)) ?? {
    createdSeconds: options.flag.joinTimeSeconds,
  };
  return (
    mark?.address === options.address &&
    mark.port === options.port &&
    mark.storePathIndex === options.storePathIndex &&
    mark.createdSeconds >= notBefore.createdSeconds
  );
}

function explain(
  action: StorePathAction,
  { storePath, storePathIndex }: JudgeOptions,
  relation: MarkRelation,
  pathMark: string | undefined,
): string {
  const where = `store_path${storePathIndex} (${storePath})`;
  switch (action) {
    case "use":
      return `${where} is ours`;
    case "initialise":
      return `${where} is new`;
    case "mark":
      return `${where} was in use before marks existed`;
    case "adopt":
      return `${where} was being marked when this storage stopped`;
    case "re-mark":
      return `${where} has lost its mark data/.fastdfs_vars; a new one is written. If the disk was swapped, check its files`;
    case "recover":
      return (
        `${where} was in use and its hash directories ${relation === "only-known" ? "and its mark " : ""}are gone: ` +
        "the disk is not mounted, or was replaced. Mount it, or let its files be copied from another member"
      );
    case "refuse":
      return `${where} belongs to ${describeOwner(pathMark)}. Check the order of store paths and mounts; ${
        relation === "different" ? "it is not the path" : "no path is known"
      } that this storage used as store_path${storePathIndex} before`;
  }
}

function describeOwner(mark: string | undefined): string {
  const owner = mark === undefined ? undefined : decodePathMark(mark);
  if (owner === undefined) return "another storage";
  return `the storage ${owner.address}:${owner.port}, which marked it as its store_path${owner.storePathIndex}`;
}
