// What became of one name in an uncertain time, as our log and those of other members tell it, and what follows from that.
// Pure: the rules of the repair are all here (docs/decisions/0009-power-loss.md).
import { METADATA_SUFFIX } from "@fastdfs-ts/protocol";

import type { BinlogRecord, SourceOp } from "../binlog/binlog-record.ts";
import { statedContent } from "../files/stated-content.ts";

/** One record about a name; a rename is one record about each of its names. */
export interface HistoryRecord {
  readonly seconds: number;
  /** As in the log, except that the old name of a rename is deleted by it. */
  readonly record: BinlogRecord;
  readonly deletes: boolean;
}

export interface MemberHistory {
  readonly storageId: string;
  /** Whether the member lost its power in that time: then its copy of what may change can be torn, and nobody can tell. */
  readonly isDoubtful: boolean;
  /** Whether it still is in the group: else it gives nothing any more. */
  readonly isPresent: boolean;
  /** Whether the member told everything, or only of files that exist: then what it does not tell means nothing. */
  readonly toldEverything: boolean;
  /** As `inOrder` gives them. */
  readonly records: readonly HistoryRecord[];
}

export interface NameHistory {
  readonly ownId: string;
  /** Whether it was a power cut that made this member uncertain; else a disk was replaced. */
  readonly isOwnDoubtful: boolean;
  /** As `inOrder` gives them. */
  readonly own: readonly HistoryRecord[];
  /** Unix time from which on our updates (U) of what is no metadata were logged by this repair. */
  readonly repairSinceSeconds: number;
  /** Members that said something of this name. */
  readonly others: readonly MemberHistory[];
  /**
   * Whether a change that nobody calls his own is ours: every member that could have been its source was asked and tells
   * everything, and of those that may have forgotten it the choice falls on us.
   */
  readonly isHeir: boolean;
  /** Whether the other members were asked for their records of this Unix time: else their silence means nothing. */
  readonly wasAskedFor: (seconds: number) => boolean;
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
 * keep    all who know as much as we do may have a torn copy as we do, and it falls to us to say whose counts: ours, if it
 *         is what our log says. The others decide by the same rule, so that all have the same in the end
 * trust   our log goes on behind what others know, so they will learn the rest from us. Only if our file is not what our
 *         log says, theirs is better: the end of ours is lost
 */
export interface Verdict {
  readonly action: "leave" | "seek" | "delete" | "hold" | "keep" | "trust";
  /** Whom to ask for the file, the best first. */
  readonly members: readonly string[];
  /** Those of them whose copies are as they wrote them. */
  readonly certain: readonly string[];
  /** Others whose copies may be torn, or older: better than none if the file is not here and nobody of `members` has it. */
  readonly doubtful: readonly string[];
  /** What our log lacks, with the letter it has to be written with. */
  readonly missing: readonly BinlogRecord[];
  /** Whether nobody else calls a change of this name his own, so that it is ours to say what the file is. */
  readonly isOurs: boolean;
  /** Whether this repair told the others of our whole file already. */
  readonly isTold: boolean;
  /** What the file's size is by the log that knows most, if that follows. */
  readonly loggedSize: LoggedSize | undefined;
  /** For trust: whether what others do not know yet are appends only, so that what they have is the beginning of ours. */
  readonly onlyAppended: boolean;
  /** For trust: whether a file of `loggedSize` has all that our log says: it was sent whole, and the lines are to follow. */
  readonly sizeTells: boolean;
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
  const repaired = new Set(history.own.filter((each) => isRepairUpdate(name, each, history)).map(keyOf));
  const known = withoutNews(name, history, repaired);
  const { own, others } = withUpdatesExplained(known);
  const [newest, ...rest] = newestFirst(others);
  const theirs = newest?.records.at(-1);
  const all = newest === undefined ? [] : [newest, ...rest];
  const holders = all.filter(({ records, isPresent }) => isPresent && records.at(-1)?.deletes === false);
  const verdict = {
    members: holders.map(({ storageId }) => storageId),
    certain: certainOf(holders),
    doubtful: [],
    missing: [],
    isOurs: isOurs(known),
    isTold: repaired.size > 0,
    loggedSize: undefined,
    onlyAppended: false,
    sizeTells: false,
  };
  if (history.isGivenOnce && [...own, ...others.flatMap(({ records }) => records)].some(({ deletes }) => deletes)) {
    // Whatever the times say: somebody's clock was wrong.
    const isKnown = own.some(({ deletes }) => deletes);
    const missing = deletionsIn(missingRecords(name, known, all));
    // What we know as received may fall to us all the same: nobody else would tell those that do not know it.
    return { ...verdict, action: "delete", missing: missing.filter(({ op }) => !isKnown || op === "D") };
  }
  const orphaned = orphanedRecords(name, known, own, others);
  if (newest === undefined || theirs === undefined) {
    if (own.at(-1)?.deletes !== false) return { ...verdict, action: "leave" };
    return { ...verdict, action: "seek", missing: orphaned, loggedSize: loggedSize(own) };
  }
  if (isAhead(own, newest)) {
    if (own.at(-1)?.deletes === true) return { ...verdict, action: "delete", missing: deletionsIn(orphaned) };
    const behind = recordsBehind(own, newest.records);
    const size = loggedSize(own);
    const onlyAppended = behind?.every(({ record }) => sourceOp(record) === "A") === true;
    const facts = { loggedSize: size, onlyAppended, sizeTells: sizeTells(behind, size) };
    return { ...verdict, ...facts, action: "trust", missing: orphaned };
  }
  const told = all.map(({ storageId }) => known.others.find((member) => member.storageId === storageId)!);
  const missing = missingRecords(name, known, told);
  if (theirs.deletes) {
    // What happened to it before does not matter any more, and could be taken for something later.
    return { ...verdict, action: "delete", missing: deletionsIn(missing) };
  }
  const found = { ...verdict, missing, loggedSize: loggedSize(newest.records) };
  if (statedContent(name) !== undefined) return { ...found, action: "hold" };
  const best = holders.filter((member) => !isAhead(newest.records, member));
  const certain = certainOf(best);
  if (best.length === 0) return { ...found, action: "hold" };
  if (certain.length > 0) {
    const doubtful = [...byRank(best), ...found.members].filter((storageId) => !certain.includes(storageId));
    return { ...found, action: "hold", members: certain, doubtful: [...new Set(doubtful)] };
  }
  return decider(known, newest, best) === history.ownId
    ? { ...found, action: "keep" }
    : { ...found, action: "hold", members: byRank(best) };
}

function deletionsIn(records: readonly BinlogRecord[]): BinlogRecord[] {
  return records.filter(({ op }) => op === "D" || op === "d");
}

/** One with which this repair told the others of our whole file says nothing new. Clients update metadata only. */
function isRepairUpdate(
  name: string,
  { record, seconds }: HistoryRecord,
  { repairSinceSeconds }: NameHistory,
): boolean {
  return record.op === "U" && seconds >= repairSinceSeconds && !name.endsWith(METADATA_SUFFIX);
}

/**
 * The history without the updates of this repair, and those of a slave behind its deletion. Clients do not update slaves: that
 * was the repair of another member, which had not heard of the deletion.
 */
function withoutNews(name: string, history: NameHistory, repaired: ReadonlySet<string>): NameHistory {
  const isSlave = !history.isGivenOnce && !name.endsWith(METADATA_SUFFIX);
  const endSeconds = isSlave
    ? lastDeletion([history.own, ...history.others.map(({ records }) => records)].flat())
    : Infinity;
  if (repaired.size === 0 && endSeconds === Infinity) return history;
  const isNews = (each: HistoryRecord) =>
    !repaired.has(keyOf(each)) && (sourceOp(each.record) !== "U" || each.seconds <= endSeconds);
  const withNews = (records: readonly HistoryRecord[]) => records.filter(isNews);
  const others = history.others
    .map((member) => ({ ...member, records: withNews(member.records) }))
    .filter(({ records }) => records.length > 0);
  return { ...history, own: withNews(history.own), others };
}

/** Unix time of the last deletion, if nobody tells of a creation as late as that; else Infinity. */
function lastDeletion(records: readonly HistoryRecord[]): number {
  const last = (wanted: readonly HistoryRecord[]) => Math.max(-Infinity, ...wanted.map(({ seconds }) => seconds));
  const deleted = last(records.filter(({ deletes }) => deletes));
  const created = last(records.filter(({ deletes, record }) => !deletes && sourceOp(record) !== "U"));
  return deleted > created ? deleted : Infinity;
}

/**
 * A source can send the whole file instead of another change (A, M, T), or beside it to a member that lost its power. Then the
 * update has the time of that, and means that the member has at least the first change of that second.
 */
function withUpdatesExplained(history: NameHistory): NameHistory {
  const changes = new Map<number, HistoryRecord | undefined>();
  for (const each of [history.own, ...history.others.map(({ records }) => records)].flat()) {
    if (!isSource(each.record) || each.deletes) continue;
    // Not if the source itself calls it an update.
    if (sourceOp(each.record) === "U") changes.set(each.seconds, undefined);
    else if (!changes.has(each.seconds)) changes.set(each.seconds, each);
  }
  const explained = (records: readonly HistoryRecord[]) => {
    const keys = new Set(records.map(keyOf));
    return records.flatMap((each): readonly HistoryRecord[] => {
      const change = each.record.op === "u" ? changes.get(each.seconds) : undefined;
      if (change === undefined) return [each];
      const op = sourceOp(change.record).toLowerCase() as Lowercase<SourceOp>;
      return keys.has(keyOf(change)) ? [] : [{ ...change, record: { ...change.record, op } }];
    });
  };
  const others = history.others.map((member) => ({ ...member, records: explained(member.records) }));
  return { ...history, own: explained(history.own), others };
}

function certainOf(members: readonly MemberHistory[]): string[] {
  return members.filter(({ isDoubtful }) => !isDoubtful).map(({ storageId }) => storageId);
}

/** Who of those that know as much as anybody, and are all in doubt, says what the file is. */
function decider(history: NameHistory, newest: MemberHistory, best: readonly MemberHistory[]): string {
  const { own, ownId, isOwnDoubtful } = history;
  const us = { storageId: ownId, isDoubtful: isOwnDoubtful, isPresent: true, toldEverything: true, records: own };
  const isOwnBest = own.at(-1)?.deletes === false && !isAhead(newest.records, us);
  if (isOwnBest && !isOwnDoubtful) return ownId;
  return byRank(isOwnBest ? [us, ...best] : best)[0]!;
}

/** The source of changes first, because its word reaches everybody; else by id. */
function byRank(members: readonly MemberHistory[]): string[] {
  const isSourceOf = ({ records }: MemberHistory) => records.some(({ record }) => isSource(record));
  return members
    .toSorted((a, b) => Number(isSourceOf(b)) - Number(isSourceOf(a)) || (a.storageId < b.storageId ? -1 : 1))
    .map(({ storageId }) => storageId);
}

function isOurs({ own, others, isHeir, isNamedAfterUs }: NameHistory): boolean {
  const isSomeonesOwn = others.some(({ records }) => records.some(({ record }) => isSource(record)));
  return !isSomeonesOwn && (isHeir || isNamedAfterUs || own.some(({ record }) => isSource(record)));
}

/** Whether a file can have this size only with all of these changes. */
function sizeTells(changes: readonly HistoryRecord[] | undefined, size: LoggedSize | undefined): boolean {
  if (changes === undefined || size?.isExact !== true) return false;
  const last = changes.at(-1);
  if (last === undefined || !changesSize(last)) return false;
  return changes.every((change) => !changesSize(change) || numbersOf(change)[0] !== size.bytes);
}

function changesSize({ record }: HistoryRecord): boolean {
  return "AT".includes(sourceOp(record));
}

/** The size of a file after what a log says of it; undefined if that does not follow. */
function loggedSize(records: readonly HistoryRecord[]): LoggedSize | undefined {
  let size: LoggedSize | undefined;
  for (const { record } of records) {
    const [first, second] = numbersOf({ record });
    const op = sourceOp(record);
    if (op === "A") size = { bytes: first + second, isExact: true };
    else if (op === "T") size = { bytes: second, isExact: true };
    else if (op === "M") {
      size = { bytes: Math.max(size?.bytes ?? 0, first + second), isExact: size?.isExact ?? false };
    } else size = undefined;
  }
  return size;
}

/** Offset and length, or old and new size. */
function numbersOf({ record }: Pick<HistoryRecord, "record">): [number, number] {
  const [first = 0, second = 0] = (record.extra ?? "").split(" ").map(Number);
  return [first, second];
}

/** Members whose logs go on where those of others end come first, of equal ones those whose copies are certain. */
function newestFirst(members: readonly MemberHistory[]): MemberHistory[] {
  const sorted: MemberHistory[] = [];
  const certainFirst = members.toSorted((a, b) => Number(a.isDoubtful) - Number(b.isDoubtful));
  for (const member of certainFirst.filter(({ records }) => records.length > 0)) {
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

/** What a log says behind the last that another one knows, be it that it heard it twice; undefined if it does not have that. */
function recordsBehind(
  records: readonly HistoryRecord[],
  others: readonly HistoryRecord[],
): readonly HistoryRecord[] | undefined {
  const last = others.at(-1)!;
  let at = numberedKeys(records).indexOf(numberedKeys(others).at(-1)!);
  if (at < 0 && !isSource(last.record)) at = records.findLastIndex((each) => keyOf(each) === keyOf(last));
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
  { own, isHeir, isNamedAfterUs }: NameHistory,
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
    const wasOurs = isNobodys && (isHeir || (isNamedAfterUs && sourceOp(record) === "C"));
    if (ours === "source" || (ours === "replica" && !wasOurs)) continue;
    missing.push({
      ...record,
      op: wasOurs ? sourceOp(record) : (sourceOp(record).toLowerCase() as Lowercase<SourceOp>),
    });
  }
  return missing.sort((a, b) => a.seconds - b.seconds);
}

/**
 * Our records that we received and nobody calls his own, though everybody was heard: who made them has forgotten them, and as
 * his heir we log them as ours, so that who has not got them will.
 */
function orphanedRecords(
  name: string,
  { isHeir, wasAskedFor }: NameHistory,
  own: readonly HistoryRecord[],
  others: readonly MemberHistory[],
): BinlogRecord[] {
  if (!isHeir) return [];
  const all = [...own, ...others.flatMap(({ records }) => records)];
  const adopted = new Set(all.filter(({ record }) => isSource(record)).map(keyOf));
  const orphaned: BinlogRecord[] = [];
  for (const history of own) {
    const { record, seconds } = history;
    if (record.logicalName !== name || adopted.has(keyOf(history)) || !wasAskedFor(seconds)) continue;
    adopted.add(keyOf(history));
    orphaned.push({ ...record, op: sourceOp(record) });
  }
  return orphaned;
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
