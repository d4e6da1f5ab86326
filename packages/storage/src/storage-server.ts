// One storage: what is opened in which order, and closed in the reverse one. Nothing else happens here.
import { FdfsError, PROTOCOL_VERSION } from "@fastdfs-ts/protocol";
import { logTrouble, RpcServer, TaskCounts } from "@fastdfs-ts/rpc";
import {
  AccessLog,
  Deadlines,
  type Endpoint,
  listenHosts,
  type Logger,
  resolveAllowHosts,
  ShutdownStack,
  type StorageConfig,
  type World,
} from "@fastdfs-ts/runtime";

import { BinlogCompression } from "./binlog/binlog-compression.ts";
import { DataInitFile } from "./formats/data-init-file.ts";
import { readOrCreateStorageUuid, type StorageIdentity } from "./identity.ts";
import { LoadMeter } from "./load/load-meter.ts";
import { openFileStore } from "./open-file-store.ts";
import { askForGroup } from "./recovery/group-picture.ts";
import { withdrawAcceptance } from "./recovery/lost-path.ts";
import { LostPaths } from "./recovery/lost-paths.ts";
import { MemberRepair, uncertainTime } from "./recovery/member-repair.ts";
import { PendingRepair } from "./recovery/pending-repair.ts";
import { settleReplacedMember } from "./recovery/replaced-member.ts";
import { RunningFile } from "./recovery/running-file.ts";
import { Introductions } from "./replication/introductions.ts";
import { ReadThrough } from "./replication/read-through.ts";
import { ReceivedStamps, takeStampsBack } from "./replication/received-stamps.ts";
import { Replication } from "./replication/replication.ts";
import { logAccess } from "./service/access-actions.ts";
import { fileRoutes } from "./service/file-routes.ts";
import { routesOfMember } from "./service/removed-member.ts";
import { replicaRoutes } from "./service/replica-routes.ts";
import { clusterSettings } from "./tracker-link/cluster-parameters.ts";
import { OwnRemoval } from "./tracker-link/own-removal.ts";
import { settleAddress } from "./tracker-link/settle-address.ts";
import { askTrackersWhoIAm } from "./tracker-link/startup-queries.ts";
import { TrackerQuestions } from "./tracker-link/tracker-questions.ts";
import { TrackerLinks } from "./tracker-link/tracker-links.ts";

const MIB = 1024 * 1024;
/** Deadlines of calls to trackers are seconds long. */
const DEADLINE_RESOLUTION_MS = 100;
/** How long requests in progress may take when the server stops. */
const DRAIN_MS = 10_000;

export interface StorageModules {
  readonly log: Logger;
  /** Gives up a start that waits for a tracker. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts a storage: asks the trackers who it is, opens its disks, listens, joins. Throws FdfsError with the place and
 * the remedy if it cannot; everything opened so far is closed again.
 */
export async function openStorage(
  config: StorageConfig,
  world: World,
  { log, signal }: StorageModules,
): Promise<StorageServer> {
  await using stack = new ShutdownStack();
  const { disk, clock, network, random } = world;
  disk.makeDirectory(`${config.basePath}/data/sync`);
  const initFile = DataInitFile.open(disk, config.basePath, Math.floor(clock.now() / 1000));
  const uuid = readOrCreateStorageUuid(disk, random, config.basePath);
  const pending = PendingRepair.open(disk, config.basePath);
  const run = { disk, clock, log, basePath: config.basePath, bootId: world.bootId };
  const lastLife = RunningFile.lastLife(run);
  if (lastLife.kind === "dark") {
    pending.requireAfterPowerLoss(uncertainTime(lastLife), clock.now());
    takeStampsBack(disk, config.basePath);
  }
  const running = RunningFile.begin(run);
  stack.defer(() => running.end());

  const deadlines = Deadlines.open(clock, DEADLINE_RESOLUTION_MS);
  stack.defer(() => deadlines.close());
  const localAddress = config.clientBind ? config.bindAddresses[0] : undefined;
  const facts = await askTrackersWhoIAm({ config, world, deadlines, log, signal, localAddress });
  await settleAddress({ ...facts, config, world, deadlines, log, signal, localAddress, initFile });
  const { identity, parameters, storageIds } = facts;
  const stopping = new AbortController();
  const ended = signal === undefined ? stopping.signal : AbortSignal.any([signal, stopping.signal]);
  const asks = { ...world, ...config, deadlines, log, signal: ended, localAddress };
  const questions = new TrackerQuestions({ ...asks, ...facts });
  const asking = { config, world, log, signal: ended, identity, initFile, questions };
  const { joinTimeSeconds } = initFile.flag;
  const removal = OwnRemoval.open({ ...identity, disk, log, basePath: config.basePath, joinTimeSeconds });
  await removal.askTrackers(questions);
  await settleReplacedMember(asking);
  const { spaceReserve: reserve, storePathChoice } = clusterSettings(parameters, log);
  const addressById = new Map(storageIds.map(({ id, hosts }) => [String(id), hosts[0] ?? ""]));
  const rules = {
    storePathChoice,
    reserve,
    addressBytes: parameters.responseIpAddressBytes,
    addressOfStorageId: (storageId: string) => addressById.get(storageId) ?? "",
  };

  const dialing = { ...asks, groupName: identity.groupName, ownId: identity.storageId };
  const lostPaths = new LostPaths({ ...asking, pending, dialing });
  const isRepairDue = lastLife.kind === "dark";
  const wasKilled = lastLife.kind === "killed";
  const opening = { config, world, log, identity, initFile, rules: () => rules, stack, lostPaths };
  const store = await openFileStore({ ...opening, isRepairDue, wasKilled });
  running.watchLog(() => store.binlog.position);
  const askGroup = () => askForGroup({ ...asking, clock });
  const repair = new MemberRepair({ store, pending, clock, log, signal: ended, dialing, askForGroup: askGroup });
  if (!removal.isRemoved) await repair.beforeService();
  const stamps = ReceivedStamps.open({ disk, clock, log, basePath: config.basePath });
  stack.defer(() => stamps.close());
  const introductions = new Introductions();
  const { powerLossMs } = pending;
  // What is opened last: files are served with what it knows, and it tells replication of deleted members.
  const opened: { links?: TrackerLinks; replication?: Replication } = {};
  const peers = () => opened.links?.view.peers ?? [];
  const readThrough = new ReadThrough({
    network,
    clock,
    deadlines,
    log,
    connectTimeoutMs: config.connectTimeoutMs,
    networkTimeoutMs: config.networkTimeoutMs,
    localAddress,
    ownSource: store.source,
    peers,
    stamps,
    introductions,
    deletions: store.deletions,
  });
  stack.defer(() => readThrough.close());
  const accessLog = openAccessLog(config, world, log);
  if (accessLog !== undefined) stack.defer(() => accessLog.close());

  const allowHosts = await resolveAllowHosts(config.allowHosts, network);
  const tasks = new TaskCounts();
  const server = await RpcServer.listen({
    network,
    clock,
    listen: { hosts: listenHosts(config), port: config.port },
    routes: routesOfMember(
      [...fileRoutes(store, { readThrough, peers }), ...replicaRoutes(store, { introductions, stamps, powerLossMs })],
      () => removal.requireMember(),
    ),
    maxConnections: config.maxConnections,
    networkTimeoutMs: config.networkTimeoutMs,
    closeOnBadRequest: true,
    allows: allowHosts.allowsEverybody ? undefined : (host) => allowHosts.allows(host),
    onAnswered: accessLog === undefined ? undefined : (exchange) => logAccess(accessLog, exchange),
    tasks,
    onTrouble: (trouble) => logTrouble(log, trouble),
  });
  stack.defer(() => server.stop(DRAIN_MS));

  // Last in: trackers send clients only once we answer; first out: they stop sending before we drain.
  const links = TrackerLinks.start({
    ...facts,
    config,
    world,
    deadlines,
    log,
    localAddress,
    initFile,
    statistics: store.statistics,
    syncStamps: () => stamps.stamps(),
    load: new LoadMeter(clock, world.system.watch(config.storePaths.map(({ path }) => path)), tasks),
    replicationReport: () => opened.replication?.report(),
    removal,
    connections: () => server.connectionCounts,
    version: PROTOCOL_VERSION,
    upTimeSeconds: Math.floor(clock.now() / 1000),
    diskSpaces: () => {
      store.paths.measure("all");
      return store.paths.all.map(({ totalBytes, freeBytes }) => ({
        totalMib: Math.floor(totalBytes / MIB),
        freeMib: Math.floor(freeBytes / MIB),
      }));
    },
    onChangelog: (entry) => opened.replication?.noteChange(entry),
  });
  stack.defer(() => links.stop());
  opened.links = links;
  const replication = Replication.start({
    ...facts,
    store,
    view: links.view,
    world,
    deadlines,
    log,
    config,
    localAddress,
    onMilestone: () => links.reportSoon(),
    mayMissFiles: () => repair.mayMissFiles,
    isRepairOwedTo: (storageId) => repair.isOwedTo(storageId),
  });
  opened.replication = replication;
  removal.onRemoved(() => void replication.stop());
  stack.defer(() => replication.stop());
  if (config.compressBinlog) {
    const { binlog } = store;
    const { compressBinlogTime: time } = config;
    const firstNeededPart = () => replication.firstNeededPart;
    const compression = BinlogCompression.start({ disk, clock, log, binlog, time, firstNeededPart });
    stack.defer(() => compression.stop());
  }
  void links.firstJoin.then(
    () => withdrawAcceptance(disk, config.basePath, "member"),
    () => undefined,
  );
  const repaired = removal.isRemoved ? undefined : repair.whileServing(ended).catch(() => undefined);
  stack.defer(async () => {
    stopping.abort(new FdfsError("ABORTED", { reason: "the storage is stopping" }));
    await repaired;
  });
  log.notice("storage.started", { group: identity.groupName, id: identity.storageId, uuid, port: server.local.port });
  return new StorageServer(identity, uuid, server.local, links, replication, stack.move());
}

export class StorageServer {
  readonly identity: StorageIdentity;
  readonly uuid: string;
  readonly local: Endpoint;
  /** The connections to the trackers: what they are doing and why. */
  readonly links: TrackerLinks;
  /** What is being done for the other members. */
  readonly replication: Replication;
  private readonly stack: ShutdownStack;
  private stopping: Promise<void> | undefined;

  constructor(
    identity: StorageIdentity,
    uuid: string,
    local: Endpoint,
    links: TrackerLinks,
    replication: Replication,
    stack: ShutdownStack,
  ) {
    this.identity = identity;
    this.uuid = uuid;
    this.local = local;
    this.links = links;
    this.replication = replication;
    this.stack = stack;
  }

  /** Leaves the trackers, lets requests in progress end, writes what is in memory. May be called twice. */
  stop(): Promise<void> {
    this.stopping ??= this.stack[Symbol.asyncDispose]();
    return this.stopping;
  }
}

function openAccessLog(config: StorageConfig, { disk, clock }: World, log: Logger): AccessLog | undefined {
  if (!config.accessLog.enabled) return undefined;
  const folder = `${config.basePath}/logs`;
  disk.makeDirectory(folder);
  const path = `${folder}/storage_access.log`;
  try {
    return AccessLog.open({
      disk,
      clock,
      path,
      config: config.accessLog,
      onError: (error, concerns) => log.error("access-log.failed", { path, concerns, error }),
    });
  } catch (error) {
    throw FdfsError.fromUnknown(error, { path });
  }
}
