// Carries out what was decided about one name (name-history.ts).
import { METADATA_SUFFIX } from "@fastdfs-ts/protocol";

import type { BinlogPosition } from "../binlog/binlog-position.ts";
import { type BinlogRecord, printBinlogRecord } from "../binlog/binlog-record.ts";
import { changeSeconds, type FileStore } from "../files/file-store.ts";
import { type ResolvedName, resolveNameOrNot } from "../files/resolve-name.ts";
import { isAsLogged, mayDiffer } from "./compare-file.ts";
import { type HoldOutcome, MemberCopies } from "./member-copies.ts";
import type { NameHistory, Verdict } from "./name-history.ts";
import type { PeerClient } from "./peer-client.ts";
import { isLoggedSince } from "./repair-logs.ts";
import { sourceIdOf } from "./source-of-name.ts";

export interface SettleOptions {
  readonly store: FileStore;
  /** Up to where our log was read: what is behind it was done meanwhile. */
  readonly ownLogEnd: BinlogPosition;
  /** A connection to a member that can be reached, by its id. */
  readonly clients: ReadonlyMap<string, PeerClient>;
  /** Whether another member that has the group's files will be heard later. */
  readonly mayHearMore: boolean;
  /** Whether what is here may have been given to others meanwhile. */
  readonly isServing: boolean;
}

export interface SettleCounts {
  fetched: number;
  replaced: number;
  deleted: number;
  logged: number;
  /** Files that should be here and that no member has. */
  missing: number;
  /** Names that could not be settled, because a member could not be asked or the disk is full. */
  postponed: number;
}

/** Members that a file can be fetched from: the rest is asked if none of the first has it any more. */
interface Givers {
  readonly first: readonly string[];
  readonly rest: readonly string[];
}

export class NameSettler {
  readonly counts: SettleCounts = { fetched: 0, replaced: 0, deleted: 0, logged: 0, missing: 0, postponed: 0 };
  private readonly options: SettleOptions;
  private readonly copies: MemberCopies;
  /** Lines that were added to our log, as many as it had lost. */
  private readonly added = new Set<string>();

  constructor(options: SettleOptions) {
    this.options = options;
    this.copies = new MemberCopies(options.store, options.clients);
  }

  /** Members that could not be asked something. */
  get failing(): ReadonlySet<string> {
    return this.copies.failing;
  }

  /** Call it under the lock of the file. Throws FdfsError of the disk. */
  async settle(target: ResolvedName, verdict: Verdict, history: NameHistory): Promise<void> {
    const { store, ownLogEnd } = this.options;
    // Somebody was faster: what the logs said when they were read does not count any more.
    if (isLoggedSince(store, ownLogEnd, target.logicalName, this.added)) return;
    const isHere = (await target.storePath.disk.linkStat(target.path)) !== undefined;
    if (verdict.action === "delete") await this.remove(target, verdict, isHere);
    else if (verdict.action === "seek") {
      await this.seek(target, verdict, history.own.at(-1)!.record, isHere);
      // What is not here is not logged either.
      if ((await target.storePath.disk.linkStat(target.path)) !== undefined) this.logAll(verdict.missing);
    } else if (verdict.action === "trust") await this.trust(target, verdict, history, isHere);
    else if (verdict.action === "keep") await this.keep(target, verdict, history, isHere);
    else await this.holdAsOthers(target, verdict, history, isHere);
  }

  private async remove(target: ResolvedName, verdict: Verdict, isHere: boolean): Promise<void> {
    const { store } = this.options;
    // Log first, as always when a file goes.
    this.logAll(verdict.missing);
    if (!isHere) return;
    await target.storePath.disk.unlink(target.path);
    this.counts.deleted++;
    store.log.notice("repair.file-deleted", { file: target.logicalName, reason: "it was deleted at another member" });
  }

  private async holdAsOthers(
    target: ResolvedName,
    verdict: Verdict,
    history: NameHistory,
    isHere: boolean,
  ): Promise<void> {
    const outcome = await this.hold(target, verdict, history.others, isHere);
    this.note(target, outcome, isHere);
    // What is not here is not logged either.
    if (outcome !== "same" && outcome !== "fetched") return;
    this.logAll(verdict.missing);
    await this.tellIfOthersDiffer(target, verdict, history, outcome === "fetched" && isHere);
  }

  /** All copies are in doubt, and ours counts, unless its size shows that it is none of what was written. */
  private async keep(target: ResolvedName, verdict: Verdict, history: NameHistory, isHere: boolean): Promise<void> {
    if (!isHere || !(await isAsLogged(target, verdict.loggedSize))) {
      await this.holdAsOthers(target, verdict, history, isHere);
      return;
    }
    this.logAll(verdict.missing);
    await this.tellIfOthersDiffer(target, verdict, history, false);
  }

  /** The records that follow would make of a file that differs another one, here or there. */
  private async tellIfOthersDiffer(
    target: ResolvedName,
    { isOurs, isTold, loggedSize }: Verdict,
    { others }: NameHistory,
    isReplaced: boolean,
  ): Promise<void> {
    if (!isOurs || (isTold && !isReplaced)) return;
    if (isReplaced && this.options.isServing) {
      if (await mayDiffer(target)) this.logUpdate(target);
      return;
    }
    const holders = others.filter(({ records }) => records.at(-1)?.deletes === false);
    const isEqual =
      (await isAsLogged(target, loggedSize)) &&
      (await this.copies.isSameEverywhere(
        target,
        holders.map(({ storageId }) => storageId),
      ));
    if (!isEqual) this.logUpdate(target);
  }

  /**
   * Our log goes on behind theirs. If our file is not what it says, theirs is taken; everybody then gets the file as it is
   * here (U), because the records that follow in our log would change theirs and not ours. The same if it was overwritten:
   * a page of it may be torn, and nobody can tell.
   */
  private async trust(target: ResolvedName, verdict: Verdict, history: NameHistory, isHere: boolean): Promise<void> {
    if (isHere && (await isAsLogged(target, verdict.loggedSize))) {
      this.logAll(verdict.missing);
      if (!(await mayDiffer(target))) return;
      if (verdict.onlyAppended) {
        const outcome = await this.copies.mendBeginning(target, verdict.certain);
        if (outcome === "postponed") this.note(target, outcome, true);
        if (outcome !== "other") return;
      }
      const taken = verdict.sizeTells ? await this.takeWhole(target, verdict, history) : "missing";
      if (taken === "same" || taken === "postponed") return;
      if (verdict.isOurs && (taken === "fetched" || !verdict.isTold)) this.logUpdate(target);
      return;
    }
    // If nobody holds it, those who knew it have deleted it.
    if (verdict.members.length === 0) return;
    const outcome = await this.hold(target, verdict, history.others, false);
    this.note(target, outcome, isHere);
    if (outcome === "fetched" && verdict.isOurs) this.logUpdate(target);
  }

  /**
   * A member that did not lose its power has all that our log says, though not the lines: the file was sent whole after the
   * changes. missing: none has; postponed: it could not be fetched, or one that may have it cannot be asked.
   */
  private async takeWhole(
    target: ResolvedName,
    { certain, loggedSize }: Verdict,
    { own }: NameHistory,
  ): Promise<HoldOutcome> {
    const whole = await this.copies.ofSize(target, certain, loggedSize!);
    if (whole?.length === 0) return "missing";
    const outcome = whole === undefined ? "postponed" : await this.copies.makeEqual(target, whole, own.at(-1)!.seconds);
    this.note(target, outcome, true);
    return outcome;
  }

  /**
   * Nobody else told of the file. Either what was done to it is older than the uncertain time, and reached us late: if it is
   * not here, anybody may have it; if it may be torn, whoever took its upload knows. Or we did it and are the first to know:
   * if our file is not what our log says, everybody gets it as it is, because the records would change theirs and not ours.
   */
  private async seek(target: ResolvedName, verdict: Verdict, last: BinlogRecord, isHere: boolean): Promise<void> {
    const { clients } = this.options;
    if (!isHere && last.op === "R") await this.findUnderOldName(target, last);
    else if (!isHere) this.note(target, await this.copies.fetch(target, [...clients.keys()], last.seconds), false);
    else if (last.op === last.op.toUpperCase()) {
      if (!verdict.isTold && !(await isAsLogged(target, verdict.loggedSize))) this.logUpdate(target);
    } else if (await mayDiffer(target)) {
      const source = sourceIdOf(target);
      if (clients.has(source)) this.note(target, await this.copies.makeEqual(target, [source], last.seconds), true);
    }
  }

  /**
   * We renamed the file, and it is gone here: others have it under the old name. If theirs is not what the new name states,
   * it is gone with the last changes of it: the renaming is on its way to the others, and takes the old name there too.
   */
  private async findUnderOldName(target: ResolvedName, { seconds, extra = "" }: BinlogRecord): Promise<void> {
    const old = resolveNameOrNot(this.options.store, extra);
    if (old === undefined) return;
    const outcome = await this.copies.fetch(target, [...this.options.clients.keys()], seconds, old.logicalName);
    this.note(target, outcome, false);
  }

  /** Sees to it that the file is here as a member has it; ours counts if `isComparable` and the same. */
  private async hold(
    target: ResolvedName,
    verdict: Verdict,
    others: NameHistory["others"],
    isComparable: boolean,
  ): Promise<HoldOutcome> {
    const best = others.find(({ storageId }) => storageId === verdict.members[0]);
    const last = best?.records.at(-1)?.record;
    if (last?.op === "L" || last?.op === "l") {
      const leadsTo = resolveNameOrNot(this.options.store, last.extra ?? "");
      if (isComparable) return "same";
      return leadsTo === undefined ? "missing" : this.copies.makeLink(target, leadsTo);
    }
    const givers = await this.bySize(target, verdict);
    if (givers === undefined) return "postponed";
    const seconds = last?.seconds ?? changeSeconds(this.options.store);
    if (isComparable) return this.copies.makeEqual(target, givers.first, seconds);
    const outcome = await this.copies.fetch(target, givers.first, seconds);
    return outcome === "missing" ? this.copies.fetch(target, givers.rest, seconds) : outcome;
  }

  /**
   * Who was sent the file whole has changes of which it was not told: its size is what the log says. Who has a change half,
   * because its disk had no room for the rest, has another size, and gives only what nobody has in the right one. Undefined
   * while that is not known, because somebody cannot be asked.
   */
  private async bySize(target: ResolvedName, verdict: Verdict): Promise<Givers | undefined> {
    const { members, doubtful, loggedSize } = verdict;
    const all = [...members, ...doubtful];
    if (loggedSize === undefined || all.length < 2) return { first: members, rest: doubtful };
    for (const each of [members, doubtful]) {
      const first = await this.copies.ofSize(target, each, loggedSize);
      if (first === undefined) return undefined;
      if (first.length > 0) return { first, rest: all.filter((member) => !first.includes(member)) };
    }
    return { first: members, rest: doubtful };
  }

  private note({ logicalName }: ResolvedName, outcome: HoldOutcome, wasHere: boolean): void {
    const { log } = this.options.store;
    if (outcome === "same") return;
    this.counts[outcome === "fetched" && wasHere ? "replaced" : outcome]++;
    if (outcome === "missing") log.error("repair.file-missing", { file: logicalName });
    if (outcome === "postponed") log.warn("repair.file-postponed", { file: logicalName, isHere: wasHere });
  }

  private logAll(records: readonly BinlogRecord[]): void {
    for (const record of records) this.append(record);
  }

  /**
   * Everybody gets the whole file as it is here. Clients update metadata in the same way, so of metadata that cannot be taken
   * back when a member is heard later that has the better one: it waits until all were heard.
   */
  private logUpdate({ logicalName }: ResolvedName): void {
    if (logicalName.endsWith(METADATA_SUFFIX) && this.options.mayHearMore) return;
    this.append({ seconds: changeSeconds(this.options.store), op: "U", logicalName, extra: undefined });
  }

  private append(record: BinlogRecord): void {
    const { seconds, op, logicalName, extra } = record;
    this.options.store.binlog.append(seconds, op, logicalName, extra);
    this.added.add(printBinlogRecord(record));
    this.counts.logged++;
  }
}
