// Replication by push: one replicator per other member of the group, for as long as it is a member.
import type { ReplicationReport } from "@fastdfs-ts/protocol";
import { replicatorStates } from "@fastdfs-ts/protocol";
import type { Deadlines, Logger, World } from "@fastdfs-ts/runtime";

import { logStart } from "../binlog/binlog-position.ts";
import type { FileStore } from "../files/file-store.ts";
import type { StorageIdentity } from "../identity.ts";
import type { ChangelogEntry } from "../tracker-link/changelog.ts";
import type { MembershipView, Peer, PeerChange } from "../tracker-link/membership-view.ts";
import type { TrackerAddress } from "../tracker-link/tracker-address.ts";
import { adoptOldMark, moveMark, setMarkAside } from "./mark-files.ts";
import { markPath } from "./mark-keeper.ts";
import { Replicator } from "./replicator.ts";
import type { ReplicationConfig, ReplicatorContext } from "./replicator-context.ts";
import { permissions } from "./replicator-states.ts";
import type { PeerReplicationStatus } from "./replicator-status.ts";
import { TrackerDialogue } from "./tracker-dialogue.ts";

export interface ReplicationOptions {
  readonly store: FileStore;
  readonly view: MembershipView;
  readonly world: World;
  readonly deadlines: Deadlines;
  readonly log: Logger;
  readonly config: ReplicationConfig;
  readonly identity: StorageIdentity;
  readonly trackers: readonly TrackerAddress[];
  /** Local address to dial from. */
  readonly localAddress: string | undefined;
  /** Something was reached that trackers should hear of before the next beat. */
  readonly onMilestone?: (() => void) | undefined;
  /** Whether files that our log tells of may be missing only because they have not been fetched back yet. Default: never. */
  readonly mayMissFiles?: (() => boolean) | undefined;
  /** Whether a peer has to be compared with before it is given anything (recovery/member-repair.ts). Default: never. */
  readonly isRepairOwedTo?: ((storageId: string) => boolean) | undefined;
}

export class Replication {
  private readonly options: ReplicationOptions;
  private readonly context: ReplicatorContext;
  private readonly replicators = new Map<string, Replicator>();
  /** What has to be over before a peer can be fed again: the end of an earlier replicator, the moving of its mark. */
  private readonly endings = new Map<string, Promise<void>>();
  private readonly stopListening: () => void;
  private isStopping = false;

  private constructor(options: ReplicationOptions) {
    const { view, world, identity, config, log, trackers } = options;
    this.options = options;
    this.context = {
      ...options,
      network: world.network,
      ownId: identity.storageId,
      trackers: new TrackerDialogue({ ...world, ...config, ...options, groupName: identity.groupName, trackers, log }),
      confirmedBy: (storageId) => this.replicators.get(storageId)?.confirmed ?? logStart,
      refusedBy: (storageId) => this.replicators.get(storageId)?.refused ?? [],
      onMilestone: options.onMilestone ?? (() => undefined),
      mayMissFiles: options.mayMissFiles ?? (() => false),
      isRepairOwedTo: options.isRepairOwedTo ?? (() => false),
    };
    this.stopListening = view.onPeerChange((change) => this.peerChanged(change));
    for (const peer of view.peers) this.feed(peer);
  }

  /** Feeds all members that the view knows, and those that it learns of, until stopped. */
  static start(options: ReplicationOptions): Replication {
    return new Replication(options);
  }

  /** What is going on with each peer, in the order of their ids. */
  statuses(): PeerReplicationStatus[] {
    return [...this.replicators].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, replicator]) => replicator.status());
  }

  /** The same for trackers of ours. */
  report(): ReplicationReport {
    const peers = this.statuses().map((status) => ({
      storageId: status.storageId,
      state: replicatorStates[status.state],
      confirmedSeconds: status.confirmedSeconds,
      pendingBytes: status.pendingBytes,
      backfillBytes: status.backfillBytes,
      backfillDoneBytes: status.backfillDoneBytes,
      parkedRecords: status.parkedRecords,
      sinceSeconds: Math.floor(status.sinceMs / 1000),
      reason: fitting(
        status.parkedReason === undefined ? status.reason : `${status.reason}; refuses: ${status.parkedReason}`,
      ),
    }));
    return { peers };
  }

  /** The first part of the log that some peer may still need. */
  get firstNeededPart(): number {
    const parts = [...this.replicators.values()].map(({ neededFrom }) => neededFrom?.part ?? 0);
    return Math.min(...parts, this.options.store.binlog.position.part);
  }

  /** The trackers' log of deleted and moved members. */
  noteChange({ storageId, status, newStorageId }: ChangelogEntry): void {
    const { world, store, log } = this.options;
    if (storageId === this.context.ownId || storageId === "") return;
    // An old entry about a member that came back since.
    if (this.replicators.has(storageId)) return;
    const from = this.pathOf(storageId);
    if (from === undefined) return;
    if (status === "DELETED") this.afterEnding(storageId, () => setMarkAside(world.disk, from, world.clock.now(), log));
    else if (newStorageId !== "" && newStorageId !== storageId) {
      const peer = this.options.view.peers.find((each) => each.storageId === newStorageId);
      const to = `${store.binlog.folder}/${newStorageId}_${peer?.port ?? this.options.identity.port}.mark`;
      // The member list of the same beat may have started a replicator for the new address; it begins anew with the old mark.
      void this.end(newStorageId);
      this.afterEnding(newStorageId, async () => {
        await this.endings.get(storageId);
        moveMark(world.disk, from, to, log);
      });
      if (peer !== undefined) this.feed(peer);
    }
  }

  /** Ends all sessions and saves all marks. May be called twice. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.stopListening();
    await Promise.all([...this.replicators.keys()].map((storageId) => this.end(storageId)));
    await Promise.all(this.endings.values());
  }

  private peerChanged({ peer, shouldFeed }: PeerChange): void {
    const { storageId, status } = peer;
    if (permissions[status] === "never") {
      if (!this.replicators.has(storageId)) return;
      void this.end(storageId);
      const path = this.pathFor(peer);
      const { world, log, view } = this.options;
      if (status === "DELETED")
        this.afterEnding(storageId, () => setMarkAside(world.disk, path, world.clock.now(), log));
      // Its slot is free at once: it may come back whenever it likes (cluster-behaviour.md §11.1, W14).
      view.releasePeer(storageId);
      return;
    }
    const running = this.replicators.get(storageId);
    if (running === undefined || shouldFeed) {
      void this.end(storageId);
      this.feed(peer);
    } else running.peerChanged(peer);
  }

  /** Starts a replicator as soon as an earlier one of the same peer is over. */
  private feed(peer: Peer): void {
    const { storageId } = peer;
    if (permissions[peer.status] === "never" || storageId === this.context.ownId) return;
    const start = () => {
      // It may have changed, or gone, while the earlier one ended.
      const now = this.options.view.peers.find((each) => each.storageId === storageId);
      if (this.isStopping || this.replicators.has(storageId) || now === undefined) return;
      if (permissions[now.status] === "never") return;
      const path = this.pathFor(now);
      adoptOldMark(this.options.world.disk, this.options.store.binlog.folder, now, path, this.options.log);
      this.replicators.set(storageId, new Replicator(now, path, this.context));
    };
    const ending = this.endings.get(storageId);
    if (ending === undefined) start();
    else void ending.then(start);
  }

  private async end(storageId: string): Promise<void> {
    const replicator = this.replicators.get(storageId);
    if (replicator === undefined) return;
    this.replicators.delete(storageId);
    this.afterEnding(storageId, () => replicator.stop());
    await this.endings.get(storageId);
  }

  /** Does one thing after the other for a peer. */
  private afterEnding(storageId: string, work: () => Promise<void> | void): void {
    const before = this.endings.get(storageId) ?? Promise.resolve();
    const mine = before.then(work).catch((error: unknown) => {
      this.options.log.error("replication.ending-failed", { peer: storageId, error });
    });
    this.endings.set(storageId, mine);
    void mine.then(() => {
      if (this.endings.get(storageId) === mine) this.endings.delete(storageId);
    });
  }

  private pathFor({ storageId, port }: Peer): string {
    const { store, identity } = this.options;
    return markPath(store.binlog.folder, { mode: identity.mode, storageId, port });
  }

  /** Of a member that is perhaps not in the view any more. */
  private pathOf(storageId: string): string | undefined {
    const { view, identity } = this.options;
    const peer = view.peers.find((each) => each.storageId === storageId);
    return this.pathFor(peer ?? { storageId, address: "", port: identity.port, status: "NONE" });
  }
}

/** Fits the field of a report. */
function fitting(reason: string): string {
  // Reasons are ASCII but for names that peers chose.
  return Buffer.from(reason.replace(/[^\x20-\x7e]/g, "?").slice(0, REASON_BYTES), "latin1").toString("latin1");
}

const REASON_BYTES = 128;
