// Makes a member equal to the others again after its machine went down: what it lost is fetched, what it forgot is logged,
// what was deleted is deleted (docs/decisions/0009-power-loss.md). The first part runs before the storage listens; members
// that cannot be asked then are asked later, while it serves.
import { type Clock, type Logger, sleep } from "@fastdfs-ts/runtime";

import type { BinlogRecord } from "../binlog/binlog-record.ts";
import { logStart } from "../binlog/binlog-position.ts";
import type { FileStore } from "../files/file-store.ts";
import { resolveNameOrNot } from "../files/resolve-name.ts";
import { peerTrouble } from "./file-givers.ts";
import { canGiveFiles, type GroupMember, type GroupPicture, isComplete, isBeingFilled } from "./group-picture.ts";
import { type PeerDialing, PeerClient } from "./peer-client.ts";
import { type Consulted, isYoung, type PendingRepair, type UncertainTime } from "./pending-repair.ts";
import { isLoggedSince, keepMemberLog, keepOwnLog, type KeptOwnLog, keptRecords } from "./repair-logs.ts";
import { WRITE_BACK_SECONDS } from "../store/written-back.ts";
import { ALIVE_MS, type LastLife } from "./running-file.ts";
import { type LastWord, scanYoungFiles } from "./scan-young-files.ts";
import { historyOf } from "./name-history.ts";
import { settleNames, takenBy } from "./settle-names.ts";

/** How far the clocks of members may be apart. */
const CLOCK_SKEW_SECONDS = 60;
/** What one member of a group has, the others have by then: so far a rebuilt disk looks back. */
const RECOVERY_LOOKBACK_SECONDS = 3600;
/** A start waits so long for another member to ask. */
const WAIT_MS = 30_000;
const PAUSE_MS = 2000;
/** How long members that could not be asked are left alone. */
const RETRY_MS = { soonest: 1000, first: 10_000, longest: 60_000 } as const;

/** What may be lost or torn after the machine went down. */
export function uncertainTime(lastLife: Extract<LastLife, { kind: "dark" }>): UncertainTime {
  const { aliveSeconds, logFrom, clockWas } = lastLife;
  return {
    logFrom,
    clockWas: clockWas.map(({ fromSeconds, untilSeconds }) => ({
      fromSeconds: Math.max(0, fromSeconds - CLOCK_SKEW_SECONDS),
      untilSeconds: untilSeconds + CLOCK_SKEW_SECONDS,
    })),
    fromSeconds: aliveSeconds - WRITE_BACK_SECONDS - CLOCK_SKEW_SECONDS,
    untilSeconds: aliveSeconds + ALIVE_MS / 1000 + WRITE_BACK_SECONDS + CLOCK_SKEW_SECONDS,
  };
}

/** What other members may still have been on the way of giving each other when a disk was rebuilt from one of them. */
export function lookbackTime(nowSeconds: number): UncertainTime {
  return { fromSeconds: nowSeconds - RECOVERY_LOOKBACK_SECONDS, untilSeconds: Number.MAX_SAFE_INTEGER };
}

export interface MemberRepairOptions {
  readonly store: FileStore;
  readonly pending: PendingRepair;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
  readonly dialing: PeerDialing;
  readonly askForGroup: () => Promise<GroupPicture>;
}

export class MemberRepair {
  private readonly options: MemberRepairOptions;
  private unlogged: readonly BinlogRecord[] = [];
  /** Whether everything was done that the members that were heard have told. */
  private isSettled = false;
  private ownLogEnd = logStart;
  private hasAllOfComplete = false;
  private isServing = false;
  /** Rings when a member waits for being heard. */
  private bell = new AbortController();
  /** Members with which everything was compared. */
  private readonly compared = new Set<string>();

  constructor(options: MemberRepairOptions) {
    this.options = options;
  }

  /**
   * Whether files of ours may be at a member that has not been heard yet. What only a newcomer can have does not count: it
   * would not be complete before it is given what we have, and we would not give that before we have heard it.
   */
  get mayMissFiles(): boolean {
    return this.options.pending.state !== undefined && !this.hasAllOfComplete;
  }

  /**
   * What has to be done before the storage serves anybody: looks at its own files, and asks the members that can be asked.
   * Throws FdfsError of the disk, and the signal's reason.
   */
  async beforeService(): Promise<void> {
    const { pending, log } = this.options;
    if (pending.state === undefined) return;
    const { fromSeconds, untilSeconds, needsScan } = pending.state;
    log.warn("repair.begins", { fromSeconds, untilSeconds, afterPowerLoss: needsScan });
    const { ownSeconds } = await this.keepOwnLog();
    const isFirstTime = pending.state.consulted.size === 0;
    if (isFirstTime && ownSeconds !== undefined && pending.widen(ownSeconds)) await this.keepOwnLog();
    if (needsScan) await this.scan();
    const picture = await this.waitForMember();
    await this.consult(picture);
    await this.logUnlogged();
    await this.options.store.binlog.sync();
    if (needsScan) pending.noteScanned();
    this.finishIfAllWereHeard(picture);
  }

  /**
   * Whether what a member would be given now may be torn, while that member may have it whole: the two were not compared. The
   * member can be asked now.
   */
  isOwedTo(storageId: string): boolean {
    if (this.options.pending.state === undefined || this.compared.has(storageId)) return false;
    this.bell.abort();
    return true;
  }

  /** Asks the rest of the members until all were heard. Rejects with the signal's reason. */
  async whileServing(signal: AbortSignal): Promise<void> {
    const { pending, clock, log, store, askForGroup } = this.options;
    this.isServing = true;
    for (let pauseMs: number = RETRY_MS.first; pending.state !== undefined;) {
      await sleep(clock, RETRY_MS.soonest, signal);
      await sleep(clock, pauseMs - RETRY_MS.soonest, signal, this.bell.signal).catch(() => signal.throwIfAborted());
      this.bell = new AbortController();
      pauseMs = Math.min(pauseMs * 2, RETRY_MS.longest);
      try {
        const picture = await askForGroup();
        const heardBefore = pending.state.consulted.size;
        if (!this.isSettled || this.askable(picture).length > 0) {
          await this.keepOwnLog();
          await this.consult(picture);
          await store.binlog.sync();
        }
        if (pending.state.consulted.size > heardBefore) pauseMs = RETRY_MS.first;
        this.finishIfAllWereHeard(picture);
      } catch (error) {
        signal.throwIfAborted();
        log.warn("repair.interrupted", { error, retryMs: pauseMs });
      }
    }
  }

  private async keepOwnLog(): Promise<KeptOwnLog> {
    const { store, pending, signal } = this.options;
    const kept = await keepOwnLog(store, pending.state!, pending.logPath("own"), signal);
    this.ownLogEnd = kept.end;
    return kept;
  }

  /** Holds young files to their names, and carries out the deletions of our log. */
  private async scan(): Promise<void> {
    const { store, pending, log, signal } = this.options;
    // As many names as were changed within minutes.
    const lastWords = new Map<string, LastWord>();
    for (const record of keptRecords(store.disk, pending.logPath("own"))) {
      for (const [name, { deletes }] of historyOf(record)) {
        lastWords.delete(name);
        lastWords.set(name, lastWordOf(name, record, deletes));
      }
    }
    const outcome = await scanYoungFiles(store, pending.state!, lastWords, signal);
    this.unlogged = outcome.unlogged;
    const { lookedAt, damaged, deleted, unlogged } = outcome;
    log.notice("repair.scanned", { lookedAt, damaged, deleted, unlogged: unlogged.length });
  }

  /** Members that hold the group's files and were not heard yet. */
  private unheard({ others }: GroupPicture): GroupMember[] {
    const { consulted } = this.options.pending.state!;
    return others.filter(({ status, storageId }) => isComplete(status) && !consulted.has(storageId));
  }

  /** Members that are given the group's files, maybe by us: what we gave them and lost since, they alone hold. */
  private unheardNewcomers({ others }: GroupPicture): GroupMember[] {
    const { consulted } = this.options.pending.state!;
    return others.filter(({ status, storageId }) => isBeingFilled(status) && !consulted.has(storageId));
  }

  /** Members that were not heard yet and may answer now. */
  private askable(picture: GroupPicture): GroupMember[] {
    return [...this.unheard(picture).filter(canGiveFiles), ...this.unheardNewcomers(picture)];
  }

  /** The group as it is as soon as one member can be asked, or when that takes too long. */
  private async waitForMember(): Promise<GroupPicture> {
    const { clock, signal, log, askForGroup } = this.options;
    const endMs = clock.monotonic() + WAIT_MS;
    for (;;) {
      const picture = await askForGroup();
      const unheard = this.unheard(picture);
      if (unheard.length === 0 || unheard.some(canGiveFiles)) return picture;
      if (clock.monotonic() >= endMs) {
        log.warn("repair.postponed", {
          members: unheard.map(({ storageId }) => storageId).join(),
          retryMs: RETRY_MS.first,
        });
        return picture;
      }
      await sleep(clock, PAUSE_MS, signal);
    }
  }

  /** Fetches the logs of members that can be asked and were not, and settles everything anew with all logs there are. */
  private async consult(picture: GroupPicture): Promise<void> {
    const { store, pending, dialing, log, signal } = this.options;
    // Until the end of it: what the disk here refuses has to be done later.
    this.isSettled = false;
    const reachable = new Map(
      picture.others
        .filter((member) => canGiveFiles(member) || isBeingFilled(member.status))
        .map(({ storageId, endpoint }) => [storageId, new PeerClient(dialing, endpoint)]),
    );
    try {
      for (const [storageId, client] of reachable) await this.hear(storageId, client);
      const { consulted } = pending.state!;
      if (consulted.size === 0) {
        this.isSettled = true;
        return;
      }
      const clients = new Map([...reachable].filter(([storageId]) => consulted.has(storageId)));
      const logs = [...consulted].map(([storageId, word]) => ({
        storageId,
        path: pending.logPath(storageId),
        toldEverything: word.told === "everything",
        lossSeconds: this.lossSecondsOf(word),
        doubtfulUntilSeconds: this.lossSecondsOf(word) + CLOCK_SKEW_SECONDS,
        isPresent: picture.others.some((other) => other.storageId === storageId),
      }));
      const mayHearMore = this.unheard(picture).length > 0;
      const ownLossSeconds = pending.powerLossMs / 1000;
      const { counts, failing } = await settleNames({
        store,
        signal,
        clients,
        logs,
        mayHearMore,
        isEverybodyHeard: !mayHearMore && logs.every(({ toldEverything }) => toldEverything),
        ownLogPath: pending.logPath("own"),
        ownLogEnd: this.ownLogEnd,
        unlogged: this.unlogged,
        time: pending.state!,
        refilledPaths: pending.state!.refilledPaths,
        ownId: dialing.ownId,
        isOwnDoubtful: this.isInUncertainTime(pending.powerLossMs),
        ownLossSeconds,
        repairSinceSeconds: Math.floor(ownLossSeconds),
        isServing: this.isServing,
      });
      this.isSettled = counts.postponed === 0;
      for (const storageId of consulted.keys()) {
        if (clients.has(storageId) && !failing.has(storageId)) this.compared.add(storageId);
      }
      log.notice("repair.settled", { members: [...consulted.keys()].join(), ...counts });
    } finally {
      for (const client of reachable.values()) client.close();
    }
  }

  /** Asks a member for its log, once, and whether it lost its power too. What it said before counts if it cannot be asked. */
  private async hear(storageId: string, client: PeerClient): Promise<void> {
    const { store, pending, log } = this.options;
    const state = pending.state!;
    const before = state.consulted.get(storageId);
    try {
      const told = before?.told ?? (await keepMemberLog(store, client, state, pending.logPath(storageId)));
      const powerLossMs = (await client.powerLossMs()) ?? 0;
      if (before?.powerLossMs !== powerLossMs) pending.noteConsulted(storageId, { told, powerLossMs });
    } catch (thrown) {
      const error = peerTrouble(thrown);
      log.warn("repair.member-fails", { member: storageId, what: before === undefined ? "log" : "hello", error });
    }
  }

  /** Unix time of a loss of power that puts the member's copies in doubt, -Infinity if there was none. */
  private lossSecondsOf({ powerLossMs }: Consulted): number {
    return this.isInUncertainTime(powerLossMs) ? powerLossMs / 1000 : -Infinity;
  }

  private isInUncertainTime(unixMs: number): boolean {
    return unixMs > 0 && isYoung(this.options.pending.state!, Math.floor(unixMs / 1000));
  }

  /** Files that still have no record after others have told what they know of them. */
  private async logUnlogged(): Promise<void> {
    const { store, log } = this.options;
    for (const { logicalName, seconds } of this.unlogged) {
      const target = resolveNameOrNot(store, logicalName);
      if (target === undefined || isLoggedSince(store, this.ownLogEnd, logicalName)) continue;
      if ((await target.storePath.disk.linkStat(target.path)) === undefined) continue;
      const source = takenBy(target);
      const isOurs = source === undefined || source === store.source;
      store.binlog.append(seconds, isOurs ? "C" : "c", logicalName);
      log.notice("repair.file-logged", { file: logicalName });
    }
    this.unlogged = [];
  }

  private finishIfAllWereHeard(picture: GroupPicture): void {
    const { pending, log, clock } = this.options;
    if (pending.state === undefined || !this.isSettled || this.unheard(picture).length > 0) return;
    this.hasAllOfComplete = true;
    if (this.unheardNewcomers(picture).length > 0) return;
    pending.done(Math.floor(clock.now() / 1000));
    log.notice("repair.done");
  }
}

function lastWordOf(name: string, { logicalName }: BinlogRecord, deletes: boolean): LastWord {
  if (!deletes) return "there";
  return logicalName === name ? "deleted" : { renamedTo: logicalName };
}
