// Makes what is here what the logs of the members say it should be, name by name. There may be millions of names: the kept
// logs are gone through as often as is needed to hold only so many at a time.
import {
  FdfsError,
  type FileInfo,
  isAppenderFacts,
  METADATA_SUFFIX,
  NORMAL_NAME_BYTES,
  parseNameFacts,
  TRUE_PATH_BYTES,
} from "@fastdfs-ts/protocol";

import type { BinlogPosition } from "../binlog/binlog-position.ts";
import { type BinlogRecord, printBinlogRecord } from "../binlog/binlog-record.ts";
import { fileCrc32 } from "../files/file-crc32.ts";
import { changeSeconds, type FileStore } from "../files/file-store.ts";
import { type ResolvedName, resolveNameOrNot } from "../files/resolve-name.ts";
import { statedContent } from "../files/stated-content.ts";
import { trunkSlotOf } from "../files/trunk-slot.ts";
import { TimeSlices } from "../store/time-slices.ts";
import { hash } from "./fetch-lists.ts";
import { peerTrouble } from "./file-givers.ts";
import { type HistoryRecord, historyOf, judgeName, type MemberHistory, type Verdict } from "./name-history.ts";
import type { PeerClient } from "./peer-client.ts";
import { isLoggedSince, keptRecords } from "./repair-logs.ts";
import { restoreFile, restoreLink } from "./restore-file.ts";

const PIECE_BYTES = 256 * 1024;
/** Records held in memory at a time: about 300 bytes each. */
const RECORDS_AT_ONCE = 100_000;

export interface KeptLog {
  readonly storageId: string;
  readonly path: string;
  readonly toldEverything: boolean;
}

export interface SettleOptions {
  readonly store: FileStore;
  readonly signal?: AbortSignal | undefined;
  readonly ownLogPath: string;
  /** Up to where our log is in that file. */
  readonly ownLogEnd: BinlogPosition;
  readonly logs: readonly KeptLog[];
  readonly isEverybodyHeard: boolean;
  /** A connection to a member that can be reached, by its id. */
  readonly clients: ReadonlyMap<string, PeerClient>;
}

export interface SettleCounts {
  fetched: number;
  replaced: number;
  deleted: number;
  logged: number;
  /** Files that should be here and that no member has. */
  missing: number;
  /** Names that could not be settled because a member could not be asked. */
  postponed: number;
}

interface Settling extends SettleCounts {
  /** Lines that were added to our log, as many as it had lost. */
  readonly lines: Set<string>;
}

/** Throws FdfsError if a member cannot be asked any more or the disk fails, and the signal's reason. */
export async function settleNames(options: SettleOptions): Promise<SettleCounts> {
  const counts: Settling = { lines: new Set(), fetched: 0, replaced: 0, deleted: 0, logged: 0, missing: 0, postponed: 0 };
  const slices = new TimeSlices(options.store.clock, options.signal);
  const passes = Math.max(1, Math.ceil(countRecords(options) / RECORDS_AT_ONCE));
  for (let pass = 0; pass < passes; pass++) {
    for (const [name, { own, others }] of collect(options, (name) => hash(name) % passes === pass)) {
      const target = resolveNameOrNot(options.store, name);
      // Files in trunk files have slots that others gave out: they are left to replication.
      if (target === undefined || trunkSlotOf(target.pathInStore) !== undefined) continue;
      const { isEverybodyHeard, store } = options;
      const isNamedAfterUs = takenBy(target) === store.source;
      const verdict = judgeName(name, { own, others: [...others.values()], isEverybodyHeard, isNamedAfterUs });
      if (verdict.action !== "leave") {
        await store.locks.run(lockOf(target), () => settle(options, target, verdict, others, counts));
      }
      const turn = slices.letOthersRun();
      if (turn !== undefined) await turn;
    }
  }
  const { lines: _lines, ...rest } = counts;
  return rest;
}

/** Metadata changes under the lock of its file. */
function lockOf({ path }: ResolvedName): string {
  return path.endsWith(METADATA_SUFFIX) ? path.slice(0, -METADATA_SUFFIX.length) : path;
}

/** The source word of a name that says who took the upload; a slave's says it of its master. */
export function takenBy({ logicalName, pathInStore }: ResolvedName): number | undefined {
  const facts = logicalName.length === NORMAL_NAME_BYTES ? parseNameFacts(pathInStore, TRUE_PATH_BYTES) : undefined;
  return facts !== undefined && (isAppenderFacts(facts) || statedContent(logicalName) !== undefined)
    ? facts.source
    : undefined;
}

function countRecords({ store, ownLogPath, logs }: SettleOptions): number {
  // A line has at least so many bytes, so this is at most twice what is there.
  const bytes = [ownLogPath, ...logs.map(({ path }) => path)].map((path) => store.disk.stat(path)?.sizeBytes ?? 0);
  return bytes.reduce((sum, each) => sum + each, 0) / 30;
}

interface Collected {
  readonly own: HistoryRecord[];
  readonly others: Map<string, MemberHistory & { readonly records: HistoryRecord[] }>;
}

function collect({ store, ownLogPath, logs }: SettleOptions, isWanted: (name: string) => boolean): Map<string, Collected> {
  const names = new Map<string, Collected>();
  const noted = (name: string): Collected => {
    let collected = names.get(name);
    if (collected === undefined) names.set(name, (collected = { own: [], others: new Map() }));
    return collected;
  };
  for (const record of keptRecords(store.disk, ownLogPath)) {
    for (const [name, history] of historyOf(record)) if (isWanted(name)) noted(name).own.push(history);
  }
  for (const { storageId, path, toldEverything } of logs) {
    for (const record of keptRecords(store.disk, path)) {
      for (const [name, history] of historyOf(record)) {
        if (!isWanted(name)) continue;
        const { others } = noted(name);
        let member = others.get(storageId);
        if (member === undefined) others.set(storageId, (member = { storageId, toldEverything, records: [] }));
        member.records.push(history);
      }
    }
  }
  return names;
}

async function settle(
  options: SettleOptions,
  target: ResolvedName,
  verdict: Verdict,
  others: Collected["others"],
  counts: Settling,
): Promise<void> {
  const { store } = options;
  // Somebody was faster: what the logs said when they were read does not count any more.
  if (isLoggedSince(store, options.ownLogEnd, target.logicalName, counts.lines)) return;
  const isHere = (await target.storePath.disk.linkStat(target.path)) !== undefined;
  if (verdict.action === "delete") {
    // Log first, as always when a file goes.
    logMissing(store, verdict.missing, counts);
    if (!isHere) return;
    await target.storePath.disk.unlink(target.path);
    counts.deleted++;
    store.log.notice("repair.file-deleted", { file: target.logicalName, reason: "it was deleted at another member" });
    return;
  }
  if (verdict.action === "trust") {
    await settleTrusted(options, target, verdict, others, isHere, counts);
    return;
  }
  const last = others.get(verdict.members[0]!)!.records.at(-1)!.record;
  const outcome = await hold(options, target, verdict.members, last, isHere);
  note(store, target, outcome, isHere, counts);
  // What is not here is not logged either.
  if (outcome === "same" || outcome === "fetched") logMissing(store, verdict.missing, counts);
}

/**
 * Our log goes on behind theirs. If our file is not what it says, theirs is taken; everybody then gets the file as it is
 * here (U), because the records that follow in our log would change theirs and not ours. The same if it was overwritten:
 * a page of it may be torn, and nobody can tell.
 */
async function settleTrusted(
  options: SettleOptions,
  target: ResolvedName,
  verdict: Verdict,
  others: Collected["others"],
  isHere: boolean,
  counts: Settling,
): Promise<void> {
  const { store } = options;
  if (isHere && (await isAsLogged(target, verdict.loggedBytes))) {
    if (!(await mayBeTorn(target))) return;
    if (verdict.onlyAppended) await mendBeginning(options, target, verdict.members, counts);
    else logUpdate(store, target, counts);
    return;
  }
  const last = others.get(verdict.members[0] ?? "")?.records.at(-1)?.record;
  // Ours is not what it should be, and those who knew it have deleted it.
  if (last === undefined) return;
  const outcome = await hold(options, target, verdict.members, last, false);
  note(store, target, outcome, isHere, counts);
  if (outcome === "fetched") logUpdate(store, target, counts);
}

/** Only what is changed in place can have old pages among new ones. */
async function mayBeTorn({ logicalName, storePath, path }: ResolvedName): Promise<boolean> {
  if (statedContent(logicalName) !== undefined || logicalName.endsWith(METADATA_SUFFIX)) return false;
  return (await storePath.disk.linkStat(path))?.kind === "file";
}

function note(
  { log }: FileStore,
  { logicalName }: ResolvedName,
  outcome: HoldOutcome,
  wasHere: boolean,
  counts: Settling,
): void {
  if (outcome === "same") return;
  counts[outcome === "fetched" && wasHere ? "replaced" : outcome]++;
  if (outcome !== "fetched") log.error("repair.file-missing", { file: logicalName, isPostponed: outcome === "postponed" });
}

function logUpdate(store: FileStore, { logicalName }: ResolvedName, counts: Settling): void {
  store.binlog.append(changeSeconds(store), "U", logicalName);
  counts.logged++;
}

/** Of appenders the size tells, of metadata whether it is text. */
async function isAsLogged(target: ResolvedName, loggedBytes: number | undefined): Promise<boolean> {
  const { disk } = target.storePath;
  const stat = await disk.linkStat(target.path);
  if (loggedBytes !== undefined) return stat?.sizeBytes === loggedBytes;
  if (stat?.kind !== "file" || !target.logicalName.endsWith(METADATA_SUFFIX)) return true;
  const first = Buffer.alloc(1);
  return (await disk.readStart(target.path, first, 0, 1)) === 1 && first[0] !== 0;
}

function logMissing(store: FileStore, missing: readonly BinlogRecord[], counts: Settling): void {
  for (const { seconds, op, logicalName, extra } of missing) {
    store.binlog.append(seconds, op, logicalName, extra);
    counts.lines.add(printBinlogRecord({ seconds, op, logicalName, extra }));
    counts.logged++;
  }
}

/** same: it was so already · fetched: it is now · missing: nobody has it · postponed: somebody could not be asked. */
type HoldOutcome = "same" | "fetched" | "missing" | "postponed";

/** Sees to it that the file is here as a member has it. Ours counts if it is `comparable` and the same. */
async function hold(
  { store, clients }: SettleOptions,
  target: ResolvedName,
  members: readonly string[],
  last: BinlogRecord,
  comparable: boolean,
): Promise<HoldOutcome> {
  if (last.op === "L" || last.op === "l") {
    const leadsTo = resolveNameOrNot(store, last.extra ?? "");
    if (comparable) return "same";
    if (leadsTo === undefined) return "missing";
    await restoreLink(target, leadsTo);
    return "fetched";
  }
  let outcome: HoldOutcome = comparable ? "same" : "missing";
  for (const member of members) {
    const client = clients.get(member);
    if (client === undefined) {
      outcome = "postponed";
      continue;
    }
    try {
      if (comparable && (await isAsAt(store, target, client))) return "same";
      const { kind } = await restoreFile(client, target, last.seconds);
      if (kind === "restored") {
        store.log.info("repair.file-fetched", { file: target.logicalName, member });
        return "fetched";
      }
    } catch (thrown) {
      const error = peerTrouble(thrown);
      store.log.warn("repair.member-fails", { member, file: target.logicalName, error });
      outcome = "postponed";
    }
  }
  return outcome;
}

/**
 * What a member has of an appender should be the beginning of ours. If it is not, the member's is right: ours is torn. Our
 * end is kept behind it.
 */
async function mendBeginning(
  options: SettleOptions,
  target: ResolvedName,
  members: readonly string[],
  counts: Settling,
): Promise<void> {
  const client = members.map((member) => options.clients.get(member)).find((each) => each !== undefined);
  if (client === undefined) return;
  const { disk } = target.storePath;
  const torn = await disk.open(target.path, "read");
  try {
    const theirs = await client.info(target.logicalName);
    const { sizeBytes, modifiedMs } = await torn.stat();
    if (theirs.fileBytes > sizeBytes) return;
    if ((await fileCrc32(torn, theirs.fileBytes, options.store.clock)) === theirs.crc32) return;
    const { kind } = await restoreFile(client, target, Math.floor(modifiedMs / 1000));
    if (kind !== "restored") return;
    const mended = await disk.open(target.path, "write");
    try {
      const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
      for (let at = theirs.fileBytes; at < sizeBytes; ) {
        const bytes = await torn.read(piece, 0, piece.length, at);
        if (bytes === 0) break;
        await mended.write(piece, 0, bytes, at);
        at += bytes;
      }
      await mended.sync();
    } finally {
      await mended.close();
    }
    options.store.log.notice("repair.beginning-mended", { file: target.logicalName, bytes: theirs.fileBytes });
  } catch (error) {
    if (peerTrouble(error).kind !== "NOT_FOUND") counts.postponed++;
  } finally {
    await torn.close();
  }
}

/**
 * Whether our file is the member's. A normal file that is here was held to its name before; links are what they are;
 * others are compared by size and CRC32 (22).
 */
async function isAsAt(store: FileStore, target: ResolvedName, client: PeerClient): Promise<boolean> {
  const { disk } = target.storePath;
  const stat = await disk.linkStat(target.path);
  if (stat?.kind !== "file" || statedContent(target.logicalName) !== undefined) return true;
  let theirs: FileInfo;
  try {
    theirs = await client.info(target.logicalName);
  } catch (error) {
    // It is gone there: its deletion is on the way to us.
    if (error instanceof FdfsError && error.kind === "NOT_FOUND") return true;
    throw error;
  }
  if (theirs.fileBytes !== stat.sizeBytes) return false;
  const file = await disk.open(target.path, "read");
  try {
    return (await fileCrc32(file, stat.sizeBytes, store.clock)) === theirs.crc32;
  } finally {
    await file.close();
  }
}
