// What a joined connection carries: beats with counters, disk usage, progress of replication, load, and what the tracker says
// in return (wire-protocol.md §6.4 to §6.7, cluster-behaviour.md §1.4).
import {
  ChangeList,
  FdfsError,
  isAvailable,
  ReplicationReport,
  storageStatusValue,
  type StorePathSpace,
  SyncReport,
  type SyncStamp,
  trackerCommands,
} from "@fastdfs-ts/protocol";
import type { ConnectionCounts } from "@fastdfs-ts/rpc";
import { sleep } from "@fastdfs-ts/runtime";

import type { StatisticsReporter, StorageStatistics } from "../stats.ts";
import { type ChangelogEntry, ChangelogReader } from "./changelog.ts";
import { LoadReports, type LoadReportSources } from "./load-reports.ts";
import type { MembershipView } from "./membership-view.ts";
import type { OwnRemoval } from "./own-removal.ts";
import { type OwnStatus, statusAfterReport } from "./own-status.ts";
import type { JoinedConnection, SourceNegotiation } from "./source-negotiation.ts";
import type { TrackerAddress } from "./tracker-address.ts";

/** How often the loop looks whether something else than its own timers has come up. */
const LOOK_MS = 1000;

export interface ReportSources extends LoadReportSources {
  readonly heartBeatMs: number;
  readonly diskReportMs: number;
  /** `storage_ip_changed_auto_adjust` of the cluster. */
  readonly readsChangelog: boolean;
  readonly statistics: StorageStatistics;
  readonly connections: () => ConnectionCounts;
  /** Space of each store path, in the order of their index. May throw: the report is then left out. */
  readonly diskSpaces: () => readonly StorePathSpace[];
  /** How far each source has pushed to us; undefined as long as there is nothing to report. */
  readonly syncStamps: () => readonly SyncStamp[] | undefined;
  /** How far this storage has fed its peers, for trackers of ours; undefined as long as that is not known. */
  readonly replicationReport: () => ReplicationReport | undefined;
  readonly groupName: string;
  readonly removal: OwnRemoval;
  readonly view: MembershipView;
  readonly own: OwnStatus;
  readonly negotiation: SourceNegotiation;
  readonly onChangelog: (entry: ChangelogEntry) => void;
}

/** Why a connection that works has to be joined anew. */
export type RejoinReason = "told-not-complete" | "status-corrected" | "source-changed";

export class Reports {
  /** Wall clock of the last beat that was answered. */
  lastBeatMs: number | undefined;
  /** Set once everything has been reported on this connection. */
  isFirstRoundDone = false;
  private readonly sources: ReportSources;
  private readonly joined: JoinedConnection;
  private readonly tracker: TrackerAddress;
  private readonly statistics: StatisticsReporter;
  private readonly changelog = new ChangelogReader();
  private readonly load: LoadReports;
  private beatDueMs = 0;
  private disksDueMs = 0;
  private stampsDueMs = 0;
  private stampsSent: Buffer | undefined;
  private replicationSent: Buffer | undefined;
  /** `OwnRemoval.revision` that this tracker has been told. */
  private removalsTold = -1;
  /** Which settlement of the source of old files this tracker has been told. */
  private readonly settlementTold: number;
  /** Ends the pause between two rounds. */
  private bell = new AbortController();
  private rejoin: RejoinReason | undefined;

  /** `lastBeatMs`: of an earlier connection to this tracker. */
  constructor(sources: ReportSources, joined: JoinedConnection, tracker: TrackerAddress, lastBeatMs?: number) {
    this.lastBeatMs = lastBeatMs;
    this.sources = sources;
    this.joined = joined;
    this.tracker = tracker;
    this.statistics = sources.statistics.reporter(sources.connections);
    this.load = new LoadReports(sources, joined);
    this.settlementTold = sources.negotiation.settlements;
    this.beatDueMs = this.disksDueMs = this.stampsDueMs = sources.clock.monotonic();
  }

  /** Something was reached that trackers of ours should hear of before the next beat. */
  reportSoon(): void {
    this.bell.abort(new FdfsError("ABORTED", { reason: "there is something to report" }));
  }

  /**
   * Reports until this connection has to be joined anew, which it answers. Throws FdfsError when the tracker refuses or is
   * gone, and NOT_ACTIVE when this storage was removed from its group.
   */
  async run(signal: AbortSignal): Promise<RejoinReason> {
    const { clock, heartBeatMs, diskReportMs, removal } = this.sources;
    // Before the first beat puts this storage in service: from then on readers go by it.
    await this.reportReplication();
    for (;;) {
      removal.requireMember();
      if (this.bell.signal.aborted) {
        this.bell = new AbortController();
        await this.reportReplication();
      }
      if (this.isDue(this.beatDueMs)) {
        await this.beat();
        this.beatDueMs = clock.monotonic() + heartBeatMs;
      }
      if (this.isDue(this.stampsDueMs)) await this.reportStamps();
      if (this.isDue(this.disksDueMs)) {
        await this.reportDisks();
        this.disksDueMs = clock.monotonic() + diskReportMs;
      }
      if (this.isDue(this.load.dueMs)) await this.load.report();
      this.isFirstRoundDone = true;
      await this.correctStatus();
      // Lost, or another one: asked for, and told, when a connection is joined.
      if (this.sources.negotiation.settlements !== this.settlementTold) this.rejoin = "source-changed";
      if (this.rejoin !== undefined) return this.rejoin;
      const nextMs = Math.min(this.beatDueMs, this.disksDueMs, this.load.dueMs) - clock.monotonic();
      await this.pause(Math.min(LOOK_MS, Math.max(0, nextMs)), signal);
    }
  }

  private get isOurs(): boolean {
    return this.joined.extensionVersion > 0;
  }

  private async pause(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await sleep(this.sources.clock, ms, signal, this.bell.signal);
    } catch (error) {
      if (signal.aborted) throw error;
    }
  }

  private isDue(atMs: number): boolean {
    return this.sources.clock.monotonic() >= atMs;
  }

  private async beat(): Promise<void> {
    const { connection, exchange } = this.joined;
    const statistics = this.statistics.changed();
    const changes = await connection.call(trackerCommands.heartbeat, { statistics }, exchange);
    this.statistics.confirm();
    this.lastBeatMs = this.sources.clock.now();
    this.noteReported();
    await this.take(changes);
    if (this.sources.readsChangelog) await this.readChangelog();
    await this.shareRemovals();
    await this.reportReplication();
  }

  /** 124: what this tracker has not heard of removals, and what we have not. */
  private async shareRemovals(): Promise<void> {
    if (!this.isOurs) return;
    const { removal, groupName } = this.sources;
    const { revision } = removal;
    const news = revision === this.removalsTold ? [] : removal.all;
    const { connection, exchange } = this.joined;
    const answer = await connection.call(trackerCommands.shareRemovals, { groupName, removals: news }, exchange);
    this.removalsTold = revision;
    removal.take(answer.removals);
  }

  /** 120, if something has changed. */
  private async reportReplication(): Promise<void> {
    if (!this.isOurs) return;
    const report = this.sources.replicationReport();
    if (report === undefined) return;
    const bytes = ReplicationReport.encode(report);
    if (this.replicationSent?.equals(bytes) === true) return;
    const { connection, exchange } = this.joined;
    await connection.call(trackerCommands.reportReplication, report, exchange);
    this.replicationSent = bytes;
  }

  private async reportDisks(): Promise<void> {
    let storePaths: StorePathSpace[];
    try {
      storePaths = [...this.sources.diskSpaces()];
    } catch (error) {
      // A dying disk must not cost the connection; the tracker goes on with the last figures.
      this.sources.log.warn("disk-report.impossible", { error });
      return;
    }
    const { connection, exchange } = this.joined;
    const changes = await connection.call(trackerCommands.diskReport, { storePaths }, exchange);
    this.noteReported();
    await this.take(changes);
  }

  private async reportStamps(): Promise<void> {
    const stamps = this.sources.syncStamps();
    if (stamps === undefined || stamps.length === 0) return;
    const report = { stamps: [...stamps] };
    const bytes = SyncReport.encode(report);
    if (this.stampsSent?.equals(bytes) === true) return;
    const { connection, exchange } = this.joined;
    const changes = await connection.call(trackerCommands.syncReport, report, exchange);
    this.stampsSent = bytes;
    this.stampsDueMs = this.sources.clock.monotonic() + this.sources.heartBeatMs;
    await this.take(changes);
  }

  private noteReported(): void {
    const { own } = this.sources;
    const status = own.at(this.tracker.name);
    if (status !== undefined) own.noteStatus(this.tracker.name, statusAfterReport(status));
  }

  private async take(changes: ChangeList): Promise<void> {
    const { view, own } = this.sources;
    if (changes.leader !== undefined) own.forgetLeader();
    const { differences, ownStatus } = view.merge(this.tracker, changes);
    if (ownStatus !== undefined) {
      const believed = own.at(this.tracker.name);
      own.noteLeaderOpinion(this.tracker.name, ownStatus);
      const isBehind = ownStatus === "WAIT_SYNC" || ownStatus === "SYNCING";
      // Told to be further behind than the join said: only a new join brings both to the same state.
      if (isBehind && believed !== undefined && storageStatusValue(believed) > storageStatusValue(ownStatus)) {
        this.rejoin = "told-not-complete";
      }
    }
    if (differences.length === 0) return;
    const { connection, exchange } = this.joined;
    await connection.call(trackerCommands.replicaChange, { storages: [...differences] }, exchange);
  }

  private async readChangelog(): Promise<void> {
    const { connection, exchange } = this.joined;
    const { text } = await connection.call(trackerCommands.changelog, { reader: undefined }, exchange);
    const { entries, unreadable } = this.changelog.take(text);
    if (unreadable > 0) this.sources.log.warn("changelog.unreadable", { lines: unreadable });
    for (const entry of entries) this.sources.onChangelog(entry);
  }

  private async correctStatus(): Promise<void> {
    const status = this.sources.own.correctionFor(this.tracker.name);
    if (status === undefined || this.rejoin !== undefined) return;
    const { connection, exchange } = this.joined;
    this.sources.log.info("tracker-link.correcting", { status, there: this.sources.own.at(this.tracker.name) });
    await connection.call(trackerCommands.changeStatus, { status: storageStatusValue(status) }, exchange);
    if (!this.isOurs) {
      this.rejoin = "status-corrected";
      return;
    }
    // A C tracker needs a new join to settle it, and takes us out of service meanwhile (W17). Ours needs a beat.
    this.sources.own.noteStatus(this.tracker.name, isAvailable(status) ? "OFFLINE" : status);
    this.beatDueMs = this.sources.clock.monotonic();
  }
}

/** A refusal of the disk report whose cause an operator can find nowhere else (cluster-behaviour.md §3.2). */
export function explainRefusal(error: FdfsError): string {
  const isDiskReport = error.facts.command === trackerCommands.diskReport.doc && error.kind === "BAD_REQUEST";
  return isDiskReport
    ? `${error.message}; the group probably has another number of store paths: set the same store_path_count on all members`
    : error.message;
}
