// Makes what is here what the logs of the members say it should be, name by name. There may be millions of names: the kept
// logs are gone through as often as is needed to hold only so many at a time.
import {
  METADATA_SUFFIX,
  NORMAL_NAME_BYTES,
  isAppenderFacts,
  parseNameFacts,
  TRUE_PATH_BYTES,
} from "@fastdfs-ts/protocol";

import type { BinlogRecord } from "../binlog/binlog-record.ts";
import { type ResolvedName, resolveNameOrNot } from "../files/resolve-name.ts";
import { statedContent } from "../files/stated-content.ts";
import { trunkSlotOf } from "../files/trunk-slot.ts";
import { TimeSlices } from "../store/time-slices.ts";
import { hash } from "./fetch-lists.ts";
import { type HistoryRecord, historyOf, inOrder, judgeName, type MemberHistory } from "./name-history.ts";
import { NameSettler, type SettleOptions } from "./name-settler.ts";
import { isUncertain, type UncertainTime } from "./pending-repair.ts";
import { keptRecords } from "./repair-logs.ts";
import { sourceIdOf } from "./source-of-name.ts";

/** Records held in memory at a time: about 300 bytes each. */
const RECORDS_AT_ONCE = 100_000;

interface KeptLog extends Pick<MemberHistory, "storageId" | "isPresent" | "toldEverything"> {
  /** What it wrote up to this Unix time can be torn, -Infinity for nothing. */
  readonly doubtfulUntilSeconds: number;
  /** Unix time at which it found that it had lost its power, as it told us last; -Infinity if it did not. */
  readonly lossSeconds: number;
  readonly path: string;
}

export interface SettleNamesOptions extends SettleOptions {
  readonly signal?: AbortSignal | undefined;
  readonly ownLogPath: string;
  /** What our log should say too: it counts if nobody else says anything of the name. */
  readonly unlogged: readonly BinlogRecord[];
  readonly logs: readonly KeptLog[];
  readonly isEverybodyHeard: boolean;
  /** The time of which records were asked for. */
  readonly time: UncertainTime;
  readonly ownId: string;
  readonly isOwnDoubtful: boolean;
  /** Store paths whose copies are in doubt in any case. */
  readonly refilledPaths: ReadonlySet<number>;
  /** Unix time at which we found that we had lost our power. */
  readonly ownLossSeconds: number;
  readonly repairSinceSeconds: number;
}

/** Throws FdfsError of the disk, and the signal's reason. */
export async function settleNames(options: SettleNamesOptions): Promise<Pick<NameSettler, "counts" | "failing">> {
  const { isEverybodyHeard, time, ownId, isOwnDoubtful, refilledPaths, repairSinceSeconds, store } = options;
  const settler = new NameSettler(options);
  const slices = new TimeSlices(store.clock, options.signal);
  const doubts = new Map(options.logs.map((log) => [log.storageId, log.doubtfulUntilSeconds]));
  const wasAskedFor = (seconds: number) => isUncertain(time, seconds);
  const passes = Math.max(1, Math.ceil(countRecords(options) / RECORDS_AT_ONCE));
  for (let pass = 0; pass < passes; pass++) {
    for (const [name, { own, others }] of collect(options, (name) => hash(name) % passes === pass)) {
      const turn = slices.letOthersRun();
      if (turn !== undefined) await turn;
      const target = resolveNameOrNot(store, name);
      // Files in trunk files have slots that others gave out: they are left to replication.
      if (target === undefined || trunkSlotOf(target.pathInStore) !== undefined) continue;
      const source = takenBy(target);
      const firstSeconds = Math.min(...[own, ...[...others.values()].map(({ records }) => records)].map(earliest));
      const history = {
        ownId,
        isOwnDoubtful: isOwnDoubtful || refilledPaths.has(target.storePath.index),
        own: inOrder(own),
        repairSinceSeconds,
        others: [...others.values()].map((member) => ({
          ...member,
          isDoubtful: firstSeconds <= doubts.get(member.storageId)!,
          records: inOrder(member.records),
        })),
        isHeir: isEverybodyHeard && heirOf(options, sourceIdOf(target)) === ownId,
        wasAskedFor,
        isNamedAfterUs: source === store.source,
        isGivenOnce: source !== undefined,
      };
      const verdict = judgeName(name, history);
      if (verdict.action === "leave") continue;
      await store.locks.run(lockOf(target), () => settler.settle(target, verdict, history));
    }
  }
  return settler;
}

/**
 * Whose a change is that nobody calls his own. Only who lost his power can have forgotten it, and whoever lost it last: those
 * before him compared themselves while he still knew, and do not look again. At the same time it is the source that the name
 * of the file says, else one on whom all agree.
 */
function heirOf({ ownId, isOwnDoubtful, ownLossSeconds, logs }: SettleNamesOptions, named: string): string {
  const forgetful = logs
    .filter(({ doubtfulUntilSeconds, isPresent }) => doubtfulUntilSeconds > -Infinity && isPresent)
    .map(({ storageId, lossSeconds }) => ({ storageId, lossSeconds }));
  if (isOwnDoubtful || forgetful.length === 0) forgetful.push({ storageId: ownId, lossSeconds: ownLossSeconds });
  const last = Math.max(...forgetful.map(({ lossSeconds }) => lossSeconds));
  const ids = forgetful.filter(({ lossSeconds }) => lossSeconds === last).map(({ storageId }) => storageId);
  return ids.includes(named) ? named : ids.toSorted()[0]!;
}

function earliest(records: readonly HistoryRecord[]): number {
  return records.reduce((first, { seconds }) => Math.min(first, seconds), Infinity);
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

function countRecords({ store, ownLogPath, logs }: SettleNamesOptions): number {
  // A line has at least so many bytes, so this is at most twice what is there.
  const bytes = [ownLogPath, ...logs.map(({ path }) => path)].map((path) => store.disk.stat(path)?.sizeBytes ?? 0);
  return bytes.reduce((sum, each) => sum + each, 0) / 30;
}

interface Collected {
  readonly own: HistoryRecord[];
  readonly others: Map<string, Omit<MemberHistory, "isDoubtful"> & { readonly records: HistoryRecord[] }>;
}

function collect(
  { store, ownLogPath, unlogged, logs }: SettleNamesOptions,
  isWanted: (name: string) => boolean,
): Map<string, Collected> {
  const names = new Map<string, Collected>();
  const noted = (name: string): Collected => {
    let collected = names.get(name);
    if (collected === undefined) names.set(name, (collected = { own: [], others: new Map() }));
    return collected;
  };
  for (const record of keptRecords(store.disk, ownLogPath)) {
    for (const [name, history] of historyOf(record)) if (isWanted(name)) noted(name).own.push(history);
  }
  for (const { storageId, path, toldEverything, isPresent } of logs) {
    for (const record of keptRecords(store.disk, path)) {
      for (const [name, history] of historyOf(record)) {
        if (!isWanted(name)) continue;
        const { others } = noted(name);
        let member = others.get(storageId);
        if (member === undefined)
          others.set(storageId, (member = { storageId, toldEverything, isPresent, records: [] }));
        member.records.push(history);
      }
    }
  }
  for (const record of unlogged) {
    const name = record.logicalName;
    if (isWanted(name) && !names.has(name)) noted(name).own.push({ seconds: record.seconds, record, deletes: false });
  }
  return names;
}
