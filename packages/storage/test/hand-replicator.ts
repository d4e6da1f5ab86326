// Replication by hand, for tests of what happens around it: takes the source records of one store and makes the same of
// another, straight on its disk. As the real one, it goes on where the other side confirmed, reads content when it sends,
// skips what is no longer there, and gives a peer that lost its power whole what may be torn there.
import type { BinlogPosition } from "../src/binlog/binlog-position.ts";
import { comparePositions, logStart } from "../src/binlog/binlog-position.ts";
import { BinlogReader } from "../src/binlog/binlog-reader.ts";
import type { BinlogOp, BinlogRecord } from "../src/binlog/binlog-record.ts";
import type { FileStore } from "../src/files/file-store.ts";
import { statedContent } from "../src/files/stated-content.ts";
import { resolveName } from "../src/files/resolve-name.ts";
import { WrittenBack } from "../src/store/written-back.ts";

/** A mark is on the disk after the log, which is synced every second. */
const MARK_LAG_MS = 3000;

export class HandReplicator {
  private confirmed: BinlogPosition = logStart;
  /** Nothing behind was ever given. */
  private reached: BinlogPosition = logStart;
  /** What stands before may be torn at the peer, but for the names that it was given whole since. */
  private tornBefore: BinlogPosition = logStart;
  private readonly mended = new Set<string>();
  private readonly certain = new WrittenBack<BinlogPosition>(logStart, 0);
  /** The last one that is on the disk, and later ones. */
  private readonly marks: { readonly atMs: number; readonly position: BinlogPosition }[] = [
    { atMs: -Infinity, position: logStart },
  ];

  /** The source starts again, from the mark on its disk, which never passes what is certain to be in the log. */
  restarted(crashedMs: number): void {
    this.settleMarks(crashedMs);
    this.marks.splice(1);
    this.confirmed = this.marks[0]!.position;
  }

  /** The peer starts again, without what it had only in its memory. */
  peerLostPower(): void {
    this.confirmed = earlier(this.certain.certain, this.confirmed);
    this.tornBefore = this.reached;
    this.mended.clear();
  }

  /** Makes up to `records` records of `from` known to `to`. Tells whether there were as many. */
  replicate(from: FileStore, to: FileStore, records: number, nowMs: number): boolean {
    const isMore = this.push(from, to, records);
    this.certain.note(this.confirmed, nowMs);
    this.settleMarks(nowMs);
    this.marks.push({ atMs: nowMs, position: this.confirmed });
    return isMore;
  }

  /** Forgets marks that a later one on the disk has replaced. */
  private settleMarks(nowMs: number): void {
    const old = this.marks.findLastIndex(({ atMs }) => atMs <= nowMs - MARK_LAG_MS);
    this.marks.splice(0, Math.max(0, old));
  }

  private push(from: FileStore, to: FileStore, records: number): boolean {
    const reader = BinlogReader.open(from.disk, from.binlog.folder, this.confirmed);
    try {
      for (let left = records; left > 0; left--) {
        const entry = reader.next();
        if (entry === undefined) return false;
        if (entry.kind === "record" && entry.record.op === entry.record.op.toUpperCase()) {
          apply(from, to, entry.record);
          this.mend(from, to, entry.record, entry.after);
        }
        this.confirmed = entry.after;
        if (comparePositions(this.reached, this.confirmed) < 0) this.reached = this.confirmed;
      }
      return true;
    } finally {
      reader.close();
    }
  }

  private mend(from: FileStore, to: FileStore, { op, logicalName, seconds }: BinlogRecord, at: BinlogPosition): void {
    if (comparePositions(at, this.tornBefore) > 0 || !"CAMTU".includes(op)) return;
    if (statedContent(logicalName) !== undefined || this.mended.has(logicalName)) return;
    const source = resolveName(from, logicalName);
    if (from.disk.linkStat(source.path)?.kind !== "file") return;
    this.mended.add(logicalName);
    to.binlog.append(seconds, "u", logicalName);
    write(to, resolveName(to, logicalName).path, from.disk.readFile(source.path), seconds);
  }
}

function earlier(a: BinlogPosition, b: BinlogPosition): BinlogPosition {
  return comparePositions(a, b) < 0 ? a : b;
}

function apply(from: FileStore, to: FileStore, record: BinlogRecord): void {
  const { op, logicalName, seconds, extra } = record;
  const source = resolveName(from, logicalName);
  const target = resolveName(to, logicalName);
  const isAtSource = from.disk.linkStat(source.path) !== undefined;
  const isAtTarget = to.disk.linkStat(target.path) !== undefined;
  const log = () => to.binlog.append(seconds, op.toLowerCase() as BinlogOp, logicalName, extra);
  if (op === "D") {
    // It exists again, or is gone there already.
    if (isAtSource || !isAtTarget) return;
    log();
    to.disk.unlink(target.path);
    return;
  }
  if (!isAtSource) {
    // Renamed, then deleted: the old name must not stay.
    const old = op === "R" ? resolveName(to, extra!) : undefined;
    if (old === undefined || to.disk.linkStat(old.path) === undefined) return;
    to.binlog.append(seconds, "d", old.logicalName);
    to.disk.unlink(old.path);
    return;
  }
  const content = from.disk.readFile(source.path);
  if (op === "A" || op === "M" || op === "T") {
    const [first = 0, second = 0] = (extra ?? "").split(" ").map(Number);
    const size = to.disk.stat(target.path)?.sizeBytes ?? -1;
    // It has not got the file, or less of it, or it was cut off since: the whole file.
    if (size < 0 || (op !== "T" && (size < first || content.length < first + second))) {
      to.binlog.append(seconds, "u", logicalName);
      write(to, target.path, content, seconds);
      return;
    }
    if (op === "T") {
      if (size !== first) return;
      log();
      resize(to, target.path, second);
      return;
    }
    if (op === "A" && size !== first) {
      if (size >= first + second) return;
      to.binlog.append(seconds, "u", logicalName);
      write(to, target.path, content, seconds);
      return;
    }
    log();
    const file = to.disk.open(target.path, "write");
    file.write(content, first, second, first);
    file.close();
    return;
  }
  // The source's name for a renamed file is the new one; the old one goes.
  if (op === "R" && extra !== undefined) {
    const old = resolveName(to, extra);
    if (to.disk.stat(old.path) !== undefined) to.disk.unlink(old.path);
  }
  if (op === "C" && to.disk.stat(target.path)?.sizeBytes === content.length) {
    log();
    return;
  }
  log();
  write(to, target.path, content, seconds);
}

function write(to: FileStore, path: string, content: Buffer, seconds: number): void {
  const temporary = to.paths.all[0]!.incoming.nextPath();
  const file = to.disk.open(temporary, "create");
  file.write(content, 0, content.length, 0);
  file.setTimes(seconds);
  file.close();
  to.disk.rename(temporary, path);
}

function resize(to: FileStore, path: string, bytes: number): void {
  const file = to.disk.open(path, "write");
  file.truncate(bytes);
  file.close();
}
