// What became of one name in an uncertain time, as our log and those of other members tell it, and what follows from that.
// Pure: the rules of the repair are all here (docs/decisions/0009-power-loss.md).
import type { BinlogRecord, SourceOp } from "../binlog/binlog-record.ts";

/** One record about a name; a rename is one record about each of its names. */
export interface HistoryRecord {
  readonly seconds: number;
  /** As in the log, except that the old name of a rename is deleted by it. */
  readonly record: BinlogRecord;
  readonly deletes: boolean;
}

export interface MemberHistory {
  readonly storageId: string;
  /** Whether the member told everything, or only of files that exist: then what it does not tell means nothing. */
  readonly toldEverything: boolean;
  /** As `inOrder` gives them. */
  readonly records: readonly HistoryRecord[];
}

export interface NameHistory {
  /** As `inOrder` gives them. */
  readonly own: readonly HistoryRecord[];
  /** Members that said something of this name. */
  readonly others: readonly MemberHistory[];
  /** Whether every member that could have been the source of a change was asked and tells everything. */
  readonly isEverybodyHeard: boolean;
  /** Whether the name says that this storage took the upload. */
  readonly isNamedAfterUs: boolean;
  /** Whether no other file will ever have this name (docs/decisions/0011-deletions-win.md). */
  readonly isGivenOnce: boolean;
}

/** The size that a file has according to a log. */
export interface LoggedSize {
  readonly bytes: number;
  /** Whether that is all; the log may say only how far something was written. */
  readonly isExact: boolean;
}

/**
 * leave   nobody knows that it should be here
 * seek    only our log says that it should be here: others may have it all the same, older records are not told
 * delete  the file should not be here
 * hold    the file should be here as the members named first have it
 * trust   our log goes on behind what others know, so they will learn the rest from us. Only if our file is not what our
 *         log says, theirs is better: the end of ours is lost
 */
export interface Verdict {
  readonly action: "leave" | "seek" | "delete" | "hold" | "trust";
  /** Whom to ask for the file, the best first. */
  readonly members: readonly string[];
  /** What our log lacks, with the letter it has to be written with. */
  readonly missing: readonly BinlogRecord[];
  /** Whether nobody else calls a change of this name his own, so that it is ours to say what the file is. */
  readonly isOurs: boolean;
  /** For seek and trust: what our log says of the file's size, if it does. */
  readonly loggedSize: LoggedSize | undefined;
  /** For trust: whether what others do not know yet are appends only, so that what they have is the beginning of ours. */
  readonly onlyAppended: boolean;
}

/** The two names of a rename and the one of every other record, each with what happened to it. */
export function historyOf(record: BinlogRecord): [name: string, HistoryRecord][] {
  const { seconds, logicalName, op, extra } = record;
  const own: [string, HistoryRecord] = [logicalName, { seconds, record, deletes: op === "D" || op === "d" }];
  if ((op !== "R" && op !== "r") || extra === undefined) return [own];
  return [own, [extra, { seconds, record, deletes: true }]];
}

/** By time, and of one second in the order of the log: a sender that goes back tells of what is long past once more. */
export function inOrder(records: readonly HistoryRecord[]): HistoryRecord[] {
  return records.toSorted((a, b) => a.seconds - b.seconds);
}

/** Decides about one name. */
export function judgeName(name: string, history: NameHistory): Verdict {
  const { own, others } = history;
  const [newest, ...rest] = newestFirst(others);
  const theirs = newest?.records.at(-1);
  const all = newest === undefined ? [] : [newest, ...rest];
  const verdict = {
    members: all.filter(({ records }) => records.at(-1)?.deletes === false).map(({ storageId }) => storageId),
    missing: [],
    isOurs: isOurs(history),
    loggedSize: undefined,
    onlyAppended: false,
  };
  if (history.isGivenOnce && [...own, ...others.flatMap(({ records }) => records)].some(({ deletes }) => deletes)) {
    // Whatever the times say: somebody's clock was wrong.
    const isKnown = own.some(({ deletes }) => deletes);
    return { ...verdict, action: "delete", missing: isKnown ? [] : deletionsIn(missingRecords(name, history, all)) };
  }
  if (newest === undefined || theirs === undefined) {
    if (own.at(-1)?.deletes !== false) return { ...verdict, action: "leave" };
    return { ...verdict, action: "seek", loggedSize: loggedSize(own) };
  }
  if (isAhead(own, newest)) {
    if (own.at(-1)?.deletes === true) return { ...verdict, action: "delete" };
    const onlyAppended = recordsBehind(own, newest.records)?.every(({ record }) => sourceOp(record) === "A") === true;
    return { ...verdict, action: "trust", loggedSize: loggedSize(own), onlyAppended };
  }
  const missing = missingRecords(name, history, all);
  if (!theirs.deletes) return { ...verdict, action: "hold", missing };
  // What happened to it before does not matter any more, and could be taken for something later.
  return { ...verdict, action: "delete", missing: deletionsIn(missing) };
}

function deletionsIn(records: readonly BinlogRecord[]): BinlogRecord[] {
  return records.filter(({ op }) => op === "D" || op === "d");
}

function isOurs({ others, isEverybodyHeard, isNamedAfterUs }: NameHistory): boolean {
  const isSomeonesOwn = others.some(({ records }) => records.some(({ record }) => isSource(record)));
  return !isSomeonesOwn && (isEverybodyHeard || isNamedAfterUs);
}

/** The size of a file after what a log says of it; undefined if that does not follow. */
function loggedSize(records: readonly HistoryRecord[]): LoggedSize | undefined {
  let size: LoggedSize | undefined;
  for (const { record } of records) {
    const [first = 0, second = 0] = (record.extra ?? "").split(" ").map(Number);
    const op = sourceOp(record);
    if (op === "A") size = { bytes: first + second, isExact: true };
    else if (op === "T") size = { bytes: second, isExact: true };
    else if (op === "M") {
      size = { bytes: Math.max(size?.bytes ?? 0, first + second), isExact: size?.isExact ?? false };
    } else size = undefined;
  }
  return size;
}

/** Members whose logs go on where those of others end come first. */
function newestFirst(members: readonly MemberHistory[]): MemberHistory[] {
  const sorted: MemberHistory[] = [];
  for (const member of members.filter(({ records }) => records.length > 0)) {
    const at = sorted.findIndex((other) => isAhead(member.records, other));
    sorted.splice(at < 0 ? sorted.length : at, 0, member);
  }
  return sorted;
}

/** Whether a log goes on behind what a member knows. */
function isAhead(records: readonly HistoryRecord[], { records: others, toldEverything }: MemberHistory): boolean {
  const last = records.at(-1);
  const theirs = others.at(-1)!;
  if (last === undefined) return false;
  if (last.seconds !== theirs.seconds) return last.seconds > theirs.seconds;
  if (!toldEverything) return last.deletes;
  // What was received once more, because its sender went back, is nothing new.
  const known = new Set(others.map(keyOf));
  const isNew = (history: HistoryRecord) => isSource(history.record) || !known.has(keyOf(history));
  return recordsBehind(records, others)?.some(isNew) === true;
}

/** What a log says behind the last that another one knows; undefined if it does not have that. */
function recordsBehind(
  records: readonly HistoryRecord[],
  others: readonly HistoryRecord[],
): readonly HistoryRecord[] | undefined {
  const at = numberedKeys(records).indexOf(numberedKeys(others).at(-1)!);
  return at < 0 ? undefined : records.slice(at + 1);
}

/** The same change can be made more than once in a second. */
function numberedKeys(records: readonly HistoryRecord[]): string[] {
  const times = new Map<string, number>();
  return records.map((record) => {
    const key = keyOf(record);
    const count = (times.get(key) ?? 0) + 1;
    times.set(key, count);
    return `${key} ${count}`;
  });
}

/**
 * Records that other members have and we do not. A change that nobody calls his own, though everybody was heard, was ours:
 * it is logged as ours again, so that who has not got it yet will. Otherwise it is logged as received. The source of a new
 * file is in its name. An update can stand for any other change, because the whole file was sent: then it has the time of
 * that.
 */
function missingRecords(
  name: string,
  { own, isEverybodyHeard, isNamedAfterUs }: NameHistory,
  others: readonly MemberHistory[],
): BinlogRecord[] {
  const ownLetters = lettersByKey(own);
  const sourceTimes = new Set(
    [own, ...others.map(({ records }) => records)].flat().flatMap((h) => (isSource(h.record) ? [h.seconds] : [])),
  );
  const theirLetters = new Map<string, { record: BinlogRecord; isSomeonesOwn: boolean }>();
  for (const { records, toldEverything } of others) {
    for (const history of records) {
      // Who tells only of files tells a rename as a creation: our own record of it need not look the same.
      if (!toldEverything && own.length > 0) continue;
      const isSomeonesOwn = isSource(history.record) || theirLetters.get(keyOf(history))?.isSomeonesOwn === true;
      theirLetters.set(keyOf(history), { record: history.record, isSomeonesOwn });
    }
  }
  const missing: BinlogRecord[] = [];
  for (const [key, { record, isSomeonesOwn }] of theirLetters) {
    // The old name of a rename: the record is about the new one.
    if (record.logicalName !== name) continue;
    const ours = ownLetters.get(key);
    const standsForAnother = sourceOp(record) === "U" && !isSomeonesOwn && sourceTimes.has(record.seconds);
    if (standsForAnother && own.some(({ seconds }) => seconds === record.seconds)) continue;
    const isNobodys = !isSomeonesOwn && !standsForAnother;
    const wasOurs = isNobodys && (isEverybodyHeard || (isNamedAfterUs && sourceOp(record) === "C"));
    if (ours === "source" || (ours === "replica" && !wasOurs)) continue;
    missing.push({
      ...record,
      op: wasOurs ? sourceOp(record) : (sourceOp(record).toLowerCase() as Lowercase<SourceOp>),
    });
  }
  return missing.sort((a, b) => a.seconds - b.seconds);
}

function lettersByKey(records: readonly HistoryRecord[]): Map<string, "source" | "replica"> {
  const letters = new Map<string, "source" | "replica">();
  for (const history of records) {
    if (letters.get(keyOf(history)) !== "source") {
      letters.set(keyOf(history), isSource(history.record) ? "source" : "replica");
    }
  }
  return letters;
}

function isSource({ op }: BinlogRecord): boolean {
  return op === op.toUpperCase();
}

function sourceOp({ op }: BinlogRecord): SourceOp {
  return op.toUpperCase() as SourceOp;
}

/** Source and replica records of one change have the same time and extras. */
function keyOf({ record: { seconds, op, logicalName, extra } }: HistoryRecord): string {
  return `${seconds} ${op.toUpperCase()} ${logicalName} ${extra ?? ""}`;
}
