// A running tracker: what is opened in which order, and closed in the reverse one. Nothing else is decided here.
import { FdfsError } from "@fastdfs-ts/protocol";
import { logTrouble, RpcServer } from "@fastdfs-ts/rpc";
import {
  Deadlines,
  type Endpoint,
  listenHosts,
  type Logger,
  resolveAllowHosts,
  ShutdownStack,
  systemErrorCode,
  type TrackerConfig,
  type World,
} from "@fastdfs-ts/runtime";

import { Changelog } from "./cluster/changelog.ts";
import { Cluster } from "./cluster/cluster.ts";
import { Leadership } from "./cluster/leadership.ts";
import { checkLiveness } from "./cluster/liveness.ts";
import { restoreCluster, storeCluster } from "./cluster/stored-cluster.ts";
import { TrackerList } from "./cluster/tracker-list.ts";
import { takeTrunkAssignments } from "./cluster/trunk-assignments.ts";
import { clusterSettingsOf, resolveStorageIds } from "./config.ts";
import { ConfigReload, type ReloadOutcome, type RereadConfig } from "./config-reload.ts";
import { AbsentTrackers } from "./election/absent-trackers.ts";
import { LeaderLink } from "./election/leader-link.ts";
import { Relationship } from "./election/relationship.ts";
import { TrackerPeers } from "./election/tracker-peers.ts";
import { Handover } from "./handover/handover.ts";
import { StateDonor } from "./handover/state-donor.ts";
import { printStateFiles } from "./handover/state-files-of.ts";
import { DRAIN_MS, PEER_TIMER_MS, PROBE_LOOK_MS, STATUS_RECORD_SECONDS } from "./limits.ts";
import { StateFiles, type StoredState } from "./persistence.ts";
import { ownStanding, type TrackerFacts } from "./service/cluster-views.ts";
import { trackerRoutes } from "./service/routes.ts";
import { StateSaver } from "./state-saver.ts";
import { StorageProbe } from "./storage-probe.ts";

export interface TrackerModules {
  readonly log: Logger;
  /** How to read the configuration again. Missing: it was made in code, and cannot be reloaded. */
  readonly reread?: RereadConfig;
}

interface TrackerParts {
  readonly cluster: Cluster;
  readonly server: RpcServer;
  readonly reload: ConfigReload;
}

export class TrackerServer implements AsyncDisposable {
  /** All groups and members, for views in the same process. Read only. */
  readonly cluster: Cluster;
  private readonly server: RpcServer;
  private readonly configReload: ConfigReload;
  private readonly stack: ShutdownStack;
  private stopping: Promise<void> | undefined;

  constructor({ cluster, server, reload }: TrackerParts, stack: ShutdownStack) {
    this.cluster = cluster;
    this.server = server;
    this.configReload = reload;
    this.stack = stack;
  }

  /** Where it listens; with several bind addresses the first. */
  get local(): Endpoint {
    return this.server.local;
  }

  /**
   * Reads the configuration again and goes by what can be taken over; all or nothing, in one turn. The outcome is logged.
   */
  reload(): ReloadOutcome {
    return this.configReload.run();
  }

  /**
   * Stops accepting, lets requests in progress finish, writes the state files. May be called twice. Throws an
   * AggregateError if the state could not be written.
   */
  stop(): Promise<void> {
    this.stopping ??= this.stack[Symbol.asyncDispose]();
    return this.stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/**
 * Starts a tracker: reads its state files, listens, and serves. Throws FdfsError ADDRESS_IN_USE … if it cannot listen, and
 * the disk's error if `<base_path>/data` cannot be read or written. Damaged state files do not keep it from starting;
 * they are logged, and kept as `<name>.damaged`.
 */
export async function openTracker(
  config: TrackerConfig,
  world: World,
  { log, reread }: TrackerModules,
): Promise<TrackerServer> {
  await using stack = new ShutdownStack();
  const { clock, random, disk, network } = world;
  const ids = await resolveStorageIds(config, network);
  const allowHosts = await resolveAllowHosts(config.allowHosts, network);
  const files = new StateFiles(disk, `${config.basePath}/data`);
  const stored = await files.read();
  logProblems(log, stored);

  const saver = new StateSaver({
    clock,
    write: () => files.writeCluster(storeCluster(cluster)),
    onFailure: (error) =>
      log.error("state.not-saved", { directory: `${config.basePath}/data`, code: systemErrorCode(error), error }),
  });
  const cluster = new Cluster(clusterSettingsOf(config, ids), {
    clock,
    random,
    changelog: new Changelog(stored.changelog, (line) => files.appendChangelog(line)),
    leadership: new Leadership({
      trackers: new TrackerList(
        () => server.local.port,
        () => network.localAddresses(),
      ),
      monotonicMs: () => clock.monotonic(),
      onEvent: (event, fields) => log.info(event, fields),
    }),
    onEvent: (level, event, fields) => log[level](event, fields),
    onDirty: (what) => saver.changed(what),
  });
  for (const complaint of restoreCluster(cluster, stored)) log.warn("state.not-restored", { reason: complaint });
  // A directory that cannot be written to is better known before storages rely on this tracker.
  await saver.flush();
  stack.defer(() => saver.stop());

  const startedAt = cluster.now();
  const recordRun = () => files.writeLastRun({ startedAt, lastCheckAt: cluster.now() });
  await recordRun();
  stack.defer(recordRun);
  const downSeconds = stored.lastRun === undefined ? 0 : Math.max(0, startedAt - stored.lastRun.lastCheckAt);

  const every = (intervalMs: number, work: () => void): void => {
    const timer = clock.every(intervalMs, work);
    stack.defer(() => timer.cancel());
  };
  every(config.checkActiveIntervalMs, () => checkLiveness(cluster));
  every(STATUS_RECORD_SECONDS * 1000, () => {
    recordRun().catch((error: unknown) => log.error("last-run.not-saved", { code: systemErrorCode(error), error }));
  });

  const facts: TrackerFacts = { startedAt, downSeconds, connections: () => server.connectionCounts };
  const save = () => saver.flush();
  const deadlines = Deadlines.open(clock, PEER_TIMER_MS);
  const stopping = new AbortController();
  stack.defer(() => deadlines.close());
  const peers = new TrackerPeers({
    network,
    deadlines,
    signal: stopping.signal,
    self: () => cluster.leadership.trackers.self,
  });
  const handover = new Handover({
    cluster,
    clock,
    peers,
    signal: stopping.signal,
    ownStanding: () => ownStanding(cluster, facts),
    downSeconds,
    replaceStored: async (changelog) => {
      await files.replaceChangelog(changelog);
      await save();
    },
  });
  const donor = new StateDonor({
    clock,
    save,
    picture: () => (cluster.groups.length === 0 ? undefined : printStateFiles(cluster)),
  });
  stack.defer(() => donor.stop());
  const reload = new ConfigReload(config, { cluster, log, reread });
  const parameters = () => reload.parameters;
  const routes = trackerRoutes({ cluster, config, parameters, facts, save, handover, donor });
  const server = await RpcServer.listen({
    network,
    clock,
    listen: { hosts: listenHosts(config), port: config.port },
    routes,
    maxConnections: config.maxConnections,
    networkTimeoutMs: config.networkTimeoutMs,
    closeOnBadRequest: false,
    allows: allowHosts.allowsEverybody ? undefined : (peer) => allowHosts.allows(peer),
    onTrouble: (trouble) => logTrouble(log, trouble),
  });
  stack.defer(() => server.stop(DRAIN_MS));
  if (config.probesSilentStorages) {
    const deadlines = Deadlines.open(clock, PROBE_LOOK_MS / 4);
    stack.defer(() => deadlines.close());
    const probe = StorageProbe.start({ cluster, network, clock, deadlines });
    stack.defer(() => probe.stop());
  }
  startRelationship({ cluster, world, peers, facts, log, stack, port: () => server.local.port });
  stack.defer(() => stopping.abort(new FdfsError("ABORTED", { reason: "the tracker is stopping" })));
  log.info("tracker.started", {
    port: server.local.port,
    groups: cluster.groups.length,
    storages: cluster.groups.reduce((sum, group) => sum + group.members.length, 0),
  });
  return new TrackerServer({ cluster, server, reload }, stack.move());
}

interface RelationshipParts {
  readonly cluster: Cluster;
  readonly world: World;
  readonly peers: TrackerPeers;
  readonly facts: TrackerFacts;
  readonly log: Logger;
  readonly stack: ShutdownStack;
  readonly port: () => number;
}

/** Begins to look for a leader, and to be one. */
function startRelationship({ cluster, world, peers, facts, log, stack, port }: RelationshipParts): void {
  const { leadership } = cluster;
  const standing = () => (cluster.groups.length === 0 ? undefined : ownStanding(cluster, facts));
  const onEvent = (event: string, fields: Readonly<Record<string, string>>) => log.warn(event, fields);
  const relationship = Relationship.start({
    ...world,
    leadership,
    election: { leadership, peers, ownStanding: standing },
    link: new LeaderLink({ ...facts, peers, vote: leadership.vote, ownPort: port }),
    absent: new AbsentTrackers({ leadership, peers, ownStanding: standing, onEvent }),
    onTrunkAssignments: (groups) => takeTrunkAssignments(cluster, groups),
    onEvent,
  });
  stack.defer(() => relationship.stop());
}

function logProblems(log: Logger, { problems }: StoredState): void {
  for (const { path, line, what, lost, keptAs } of problems) {
    log.error("state-file.damaged", { file: path, line, what, lost, keptAs });
  }
}
