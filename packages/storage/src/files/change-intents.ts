// What a killed process was about to change. A change of an existing file takes several system calls; before the first
// one an intent is written beside the incoming files, at the end it is removed. A start that finds an intent looks for
// the change's record in the binlog and settles it, so that no half-made change is ever visible and none is missing in
// the log:
//
//   kind                      no record of the file at all     its own is the last         the last is another one
//   append                    cut back to the old size         keep                        keep
//   modify, truncate, rename  log, make the change (again)     make the change (again)     keep
//   delete                    keep                             delete what is left         keep
//
// Appends are taken back because their bytes are not kept anywhere else; the others can be repeated. "The last is another
// one" covers a change that was refused, could not be taken back by a failing disk, and was followed by others.
// Peers may have been given the record of a modification or deletion before it was made: then one more record tells them. Not
// of a modification after a power cut: it may have been done long before, and what is here may be torn; repair sees to that.
// An intent that is itself cut short was never acted upon and is dropped.
import { metadataName } from "@fastdfs-ts/protocol";
import { FdfsError } from "@fastdfs-ts/protocol";
import type { Disk, DiskFile, Logger } from "@fastdfs-ts/runtime";

import { type BinlogPosition, binlogPartPath } from "../binlog/binlog-position.ts";
import {
  type BinlogOp,
  type BinlogRecord,
  parseBinlogRecord,
  replicaOp,
  type SourceOp,
} from "../binlog/binlog-record.ts";
import type { BinlogWriter } from "../binlog/binlog-writer.ts";
import type { StorePath } from "../store/store-path.ts";
import { discard } from "./discard.ts";

interface ChangeFacts {
  /** Unix time of the record: now, or that of the source. */
  readonly seconds: number;
  /** Whether a peer pushed it: its record has a small letter. */
  readonly isReplica?: true;
  readonly logicalName: string;
  readonly pathInStore: string;
}

export type Change =
  | (ChangeFacts & { readonly kind: "append"; readonly offset: number; readonly bytes: number })
  | (ChangeFacts & { readonly kind: "modify"; readonly offset: number; readonly bytes: number; readonly spool: string })
  | (ChangeFacts & { readonly kind: "truncate"; readonly oldBytes: number; readonly newBytes: number })
  | (ChangeFacts & { readonly kind: "rename"; readonly oldName: string; readonly oldPathInStore: string })
  /** Of a file with metadata: two files that go together. */
  | (ChangeFacts & { readonly kind: "delete" });

const opOf = { append: "A", modify: "M", truncate: "T", rename: "R", delete: "D" } as const;

/** The binlog record of a change. */
export function recordOf(change: Change): { readonly op: BinlogOp; readonly extra: string | undefined } {
  const op: SourceOp = opOf[change.kind];
  return { op: change.isReplica === true ? replicaOp(op) : op, extra: extraOf(change) };
}

function extraOf(change: Change): string | undefined {
  switch (change.kind) {
    case "append":
    case "modify":
      return `${change.offset} ${change.bytes}`;
    case "truncate":
      return `${change.oldBytes} ${change.newBytes}`;
    case "rename":
      return change.oldName;
    case "delete":
      return undefined;
  }
}

const INTENT_SUFFIX = ".intent";
const SPOOL_SUFFIX = ".spool";

/** Whether a file in the incoming folder belongs to a change and must survive the sweep. */
export function belongsToChange(name: string): boolean {
  return name.endsWith(INTENT_SUFFIX) || name.endsWith(SPOOL_SUFFIX);
}

/** Suffix of the spooled content of a modification, for `IncomingFolder.nextPath`. */
export const SPOOL = SPOOL_SUFFIX.slice(1);

/** An intent on disk. `done` removes it, and the spool with it. */
export interface WrittenIntent {
  done(): Promise<void>;
}

/** Writes the intent of a change that is about to begin. */
export async function writeIntent(path: StorePath, change: Change, log: BinlogWriter): Promise<WrittenIntent> {
  const intentPath = path.incoming.nextPath(INTENT_SUFFIX.slice(1));
  const content = Buffer.from(`${JSON.stringify({ change, logged: log.position })}\n`);
  try {
    const file = await path.disk.open(intentPath, "create");
    try {
      await file.write(content, 0, content.length, 0);
    } finally {
      await file.close();
    }
  } catch (error) {
    await discard(path, intentPath);
    throw error;
  }
  return {
    async done() {
      await path.disk.unlink(intentPath);
      if (change.kind === "modify") await path.disk.unlink(change.spool);
    },
  };
}

/**
 * Settles all intents that an earlier process left in a store path. Runs at start, before anything is served. Throws
 * FdfsError if a change cannot be finished: serving half of it would be worse than not starting. `isRepairDue`: after a power
 * cut all that was changed last is compared with the other members.
 */
export function settleIntents(
  disk: Disk,
  path: StorePath,
  binlog: BinlogWriter,
  log: Logger,
  isRepairDue: boolean,
): void {
  const folder = path.incoming.path;
  const names = disk.readDirectory(folder);
  for (const name of names.filter((each) => each.endsWith(INTENT_SUFFIX))) {
    const intent = readIntent(disk.readFile(`${folder}/${name}`));
    if (intent === undefined) {
      log.info("change.intent-dropped", {
        file: `${folder}/${name}`,
        reason: "cut short, so the change had not begun",
      });
    } else {
      const { change, logged } = intent;
      const state = findRecord(disk, binlog, logged, change);
      const outcome = settleOrRefuse(disk, path, binlog, change, state);
      const isPushedTooEarly = change.kind === "modify" && state === "last" && change.isReplica !== true;
      const isHere = disk.stat(path.fileAt(change.pathInStore)) !== undefined;
      if (isPushedTooEarly && isHere && !isRepairDue) {
        binlog.append(change.seconds, "U", change.logicalName);
      }
      log.warn("change.settled", { file: path.fileAt(change.pathInStore), change: change.kind, outcome });
    }
    disk.unlink(`${folder}/${name}`);
  }
  for (const name of names.filter((each) => each.endsWith(SPOOL_SUFFIX))) disk.unlink(`${folder}/${name}`);
}

function settleOrRefuse(disk: Disk, path: StorePath, binlog: BinlogWriter, change: Change, state: InBinlog): Outcome {
  try {
    return settle(disk, path, binlog, change, state);
  } catch (error) {
    const reason =
      `cannot finish the ${change.kind} of this file that an earlier process began (${(error as Error).message}). ` +
      "Mend the disk or free space, then start again";
    throw FdfsError.fromUnknown(error, { path: path.fileAt(change.pathInStore), reason });
  }
}

function readIntent(content: Buffer): { change: Change; logged: BinlogPosition } | undefined {
  const text = content.toString();
  if (!text.endsWith("\n")) return undefined;
  try {
    return JSON.parse(text) as { change: Change; logged: BinlogPosition };
  } catch {
    // The machine went down before it was on the disk, so what it was for is there by half at best: repair sees to that.
    return undefined;
  }
}

/** missing: no record of the file · last: the change's own is the last one of the file · followed: another one is. */
type InBinlog = "missing" | "last" | "followed";

/** Looks for the record of a change behind the position at which the log stood before it. */
function findRecord(disk: Disk, binlog: BinlogWriter, from: BinlogPosition, change: Change): InBinlog {
  const { op, extra } = recordOf(change);
  let found: InBinlog = "missing";
  for (let part = from.part; part <= binlog.position.part; part++) {
    const text = disk
      .readFile(binlogPartPath(binlog.folder, part))
      .toString("latin1", part === from.part ? from.offset : 0);
    for (const line of text.split("\n")) {
      if (!line.includes(change.logicalName)) continue;
      const record = recordIn(line);
      if (record?.logicalName !== change.logicalName) continue;
      const isRepeated = found !== "missing" && change.kind !== "delete";
      if (isRepeated || record.op !== op || record.extra !== extra) return "followed";
      found = "last";
    }
  }
  return found;
}

/** What is no record is not ours: our own lines are whole (binlog-writer.ts). */
function recordIn(line: string): BinlogRecord | undefined {
  try {
    return parseBinlogRecord(line);
  } catch {
    return undefined;
  }
}

type Outcome = "kept" | "taken back" | "made again";

/** Returns what was done. */
function settle(disk: Disk, path: StorePath, binlog: BinlogWriter, change: Change, state: InBinlog): Outcome {
  if (change.kind === "delete") {
    if (state !== "last") return "kept";
    deleteRest(disk, path, binlog, change);
    return "made again";
  }
  const target = path.fileAt(change.pathInStore);
  if (change.kind === "append") {
    if (state !== "missing" || disk.stat(target) === undefined) return "kept";
    withFile(disk, target, (file) => {
      if (file.stat().sizeBytes > change.offset) file.truncate(change.offset);
    });
    return "taken back";
  }
  if (state === "followed") return "kept";
  if (state === "missing") {
    const { op, extra } = recordOf(change);
    binlog.append(change.seconds, op, change.logicalName, extra);
  }
  if (change.kind === "rename") {
    const from = path.fileAt(change.oldPathInStore);
    if (disk.linkStat(from) !== undefined) disk.rename(from, target);
  } else if (disk.stat(target) !== undefined) {
    withFile(disk, target, (file) => {
      if (change.kind === "truncate") file.truncate(change.newBytes);
      else copySpool(disk, change.spool, file, change.offset);
      file.setTimes(change.seconds);
    });
  }
  return "made again";
}

function deleteRest(disk: Disk, path: StorePath, binlog: BinlogWriter, change: ChangeFacts): void {
  const file = path.fileAt(change.pathInStore);
  if (disk.linkStat(file) !== undefined) {
    binlog.append(change.seconds, "D", change.logicalName);
    disk.unlink(file);
  }
  const metadata = metadataName(file);
  if (disk.linkStat(metadata) === undefined) return;
  binlog.append(change.seconds, "D", metadataName(change.logicalName));
  disk.unlink(metadata);
}

function withFile(disk: Disk, path: string, use: (file: DiskFile) => void): void {
  const file = disk.open(path, "write");
  try {
    use(file);
  } finally {
    file.close();
  }
}

function copySpool(disk: Disk, spool: string, into: DiskFile, offset: number): void {
  const content = disk.open(spool, "read");
  try {
    const buffer = Buffer.allocUnsafe(256 * 1024);
    for (let at = 0; ;) {
      const bytes = content.read(buffer, 0, buffer.length, at);
      if (bytes === 0) return;
      into.write(buffer, 0, bytes, offset + at);
      at += bytes;
    }
  } finally {
    content.close();
  }
}
