// All trackers of this storage, each with a link of its own, and what they share: the picture of the cluster and of this
// storage's place in it.
import {
  type ClusterParameters,
  FdfsError,
  type ReplicationReport,
  type StorePathSpace,
  type SyncStamp,
} from "@fastdfs-ts/protocol";
import type { ConnectionCounts } from "@fastdfs-ts/rpc";
import type { Deadlines, Logger, StorageConfig, World } from "@fastdfs-ts/runtime";

import type { DataInitFile } from "../formats/data-init-file.ts";
import type { StorageIdentity } from "../identity.ts";
import type { LoadMeter } from "../load/load-meter.ts";
import type { StorageStatistics } from "../stats.ts";
import type { ChangelogEntry } from "./changelog.ts";
import { LeaderDispute } from "./leader-dispute.ts";
import { MembershipView } from "./membership-view.ts";
import type { OwnRemoval } from "./own-removal.ts";
import { OwnStatus } from "./own-status.ts";
import { SourceNegotiation } from "./source-negotiation.ts";
import type { TrackerAddress } from "./tracker-address.ts";
import { type LinkContext, type LinkStatus, TrackerLink } from "./tracker-link.ts";

type LinksConfig = Pick<
  StorageConfig,
  | "connectTimeoutMs"
  | "networkTimeoutMs"
  | "heartBeatIntervalMs"
  | "statReportIntervalMs"
  | "subdirCountPerPath"
  | "uploadPriority"
> & { readonly storePaths: { readonly length: number } };

export interface TrackerLinksOptions {
  readonly world: World;
  readonly deadlines: Deadlines;
  readonly config: LinksConfig;
  readonly identity: StorageIdentity;
  readonly parameters: ClusterParameters;
  readonly trackers: readonly TrackerAddress[];
  readonly initFile: DataInitFile;
  readonly statistics: StorageStatistics;
  readonly connections: () => ConnectionCounts;
  readonly diskSpaces: () => readonly StorePathSpace[];
  readonly log: Logger;
  /** At most 7 characters. */
  readonly version: string;
  /** Unix time of this start. */
  readonly upTimeSeconds: number;
  /** Local address to dial from. */
  readonly localAddress?: string | undefined;
  /** How far each source has pushed to this storage, as soon as something was received. */
  readonly syncStamps?: (() => readonly SyncStamp[] | undefined) | undefined;
  /** How far this storage has fed its peers; told to trackers of ours only. */
  readonly replicationReport?: (() => ReplicationReport | undefined) | undefined;
  /** How busy this storage is; told to trackers that can choose by it. */
  readonly load: LoadMeter;
  readonly removal: OwnRemoval;
  /** Members of this group that were deleted or moved. */
  readonly onChangelog?: ((entry: ChangelogEntry) => void) | undefined;
}

export class TrackerLinks implements AsyncDisposable {
  readonly view: MembershipView;
  /** Resolves when the first tracker was joined and knows our source; rejects with ABORTED if stopped before. */
  readonly firstJoin: Promise<void>;
  private readonly links: readonly TrackerLink[];
  private readonly stopping: AbortController;
  private readonly ended: Promise<unknown>;

  private constructor(
    view: MembershipView,
    firstJoin: Promise<void>,
    links: readonly TrackerLink[],
    dispute: LeaderDispute,
    stopping: AbortController,
  ) {
    this.view = view;
    this.firstJoin = firstJoin;
    this.links = links;
    this.stopping = stopping;
    const running = links.map((link) => link.run(stopping.signal));
    this.ended = Promise.all(running).then(() => dispute.ended());
  }

  /** Joins all trackers, each by itself, and keeps joining and reporting until stopped. */
  static start(options: TrackerLinksOptions): TrackerLinks {
    const { identity, log, trackers } = options;
    const stopping = new AbortController();
    const view = new MembershipView(identity.storageId, log);
    const { firstJoin, onJoined } = promisedJoin(stopping.signal);
    const context = linkContext(options, view, onJoined);
    const links = trackers.map((tracker) => new TrackerLink(tracker, context));
    const dispute = new LeaderDispute({
      ...context,
      signal: stopping.signal,
      forgetLeader: () => {
        view.forgetLeader();
        context.own.forgetLeader();
      },
    });
    view.onOtherLeader = (before, now) => dispute.look(before, now);
    return new TrackerLinks(view, firstJoin, links, dispute, stopping);
  }

  /** For status displays: one entry per tracker, in the order of the configuration. */
  states(): LinkStatus[] {
    return this.links.map((link) => link.status());
  }

  /** Tells trackers of ours about replication before the next beat. */
  reportSoon(): void {
    for (const link of this.links) link.reportSoon();
  }

  /** Leaves all trackers, which notice at once. May be called twice. */
  async stop(): Promise<void> {
    this.stopping.abort(new FdfsError("ABORTED", { reason: "the storage is stopping" }));
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function promisedJoin(stopped: AbortSignal): { firstJoin: Promise<void>; onJoined: () => void } {
  let onJoined!: () => void;
  const firstJoin = new Promise<void>((resolve, reject) => {
    onJoined = resolve;
    const reason = "stopped before a tracker was joined";
    stopped.addEventListener("abort", () => reject(new FdfsError("ABORTED", { reason })));
  });
  firstJoin.catch(() => {}); // nobody has to wait for it
  return { firstJoin, onJoined };
}

function linkContext(options: TrackerLinksOptions, view: MembershipView, onJoined: () => void): LinkContext {
  const { config, identity, initFile, log, trackers, world } = options;
  const own = new OwnStatus(trackers.map(({ name }) => name));
  const negotiation = new SourceNegotiation(initFile, own, log);
  return {
    network: world.network,
    clock: world.clock,
    deadlines: options.deadlines,
    log,
    connectTimeoutMs: config.connectTimeoutMs,
    networkTimeoutMs: config.networkTimeoutMs,
    heartBeatMs: config.heartBeatIntervalMs,
    diskReportMs: config.statReportIntervalMs,
    localAddress: options.localAddress,
    readsChangelog: options.parameters.storageIpChangedAutoAdjust,
    identity,
    joinFacts: {
      storePathCount: config.storePaths.length,
      subdirCountPerPath: config.subdirCountPerPath,
      uploadPriority: config.uploadPriority,
      joinTimeSeconds: initFile.flag.joinTimeSeconds,
      upTimeSeconds: options.upTimeSeconds,
      version: options.version,
    },
    trackers,
    statistics: options.statistics,
    connections: options.connections,
    diskSpaces: options.diskSpaces,
    syncStamps: options.syncStamps ?? (() => undefined),
    replicationReport: options.replicationReport ?? (() => undefined),
    load: options.load,
    groupName: identity.groupName,
    removal: options.removal,
    view,
    own,
    negotiation,
    onJoined,
    onChangelog: (entry) => {
      if (entry.groupName !== identity.groupName) return;
      negotiation.noteChange(entry);
      options.onChangelog?.(entry);
    },
  };
}
