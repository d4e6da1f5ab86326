// Opens what lies on the disks of a storage: store paths, statistics, binlog; settles what a killed process left. The
// result serves files; nothing here knows trackers.
import { FdfsError, GROUP_NAME_BYTES } from "@fastdfs-ts/protocol";
import { Slab } from "@fastdfs-ts/rpc";
import type { Logger, ShutdownStack, SpaceReserve, StorageConfig, World } from "@fastdfs-ts/runtime";

import { BinlogWriter } from "./binlog/binlog-writer.ts";
import { belongsToChange, settleIntents } from "./files/change-intents.ts";
import { hashedPlacement, rotatingPlacement } from "./files/directory-placement.ts";
import { FileLocks } from "./files/file-locks.ts";
import type { FileStore } from "./files/file-store.ts";
import { NameIssuer } from "./files/name-issuer.ts";
import { finishDeletions } from "./files/finish-deletions.ts";
import { RecentDeletions } from "./files/recent-deletions.ts";
import type { DataInitFile } from "./formats/data-init-file.ts";
import { StatFile } from "./formats/stat-file.ts";
import type { StorageIdentity } from "./identity.ts";
import { withdrawAcceptance } from "./recovery/lost-path.ts";
import type { LostPaths } from "./recovery/lost-paths.ts";
import { isBeingRecovered } from "./recovery/path-recovery.ts";
import { AdaptiveDisk } from "./store/adaptive-disk.ts";
import { IncomingFolder } from "./store/incoming.ts";
import { encodePathMark, judgeStorePath, type StorePathVerdict, writePathMark } from "./store/path-mark.ts";
import { StorePath } from "./store/store-path.ts";
import { StorePaths } from "./store/store-paths.ts";
import { createSubdirectories } from "./store/subdirectories.ts";

/** Free space is measured anew this often while files come in. */
const MEASURE_MS = 1000;

/** What the tracker decides and this server needs for serving files. */
export interface FileServiceRules {
  readonly storePathChoice: number;
  readonly reserve: SpaceReserve;
  readonly addressBytes: number;
  addressOfStorageId(storageId: string): string;
}

export interface OpenFileStoreOptions {
  readonly config: StorageConfig;
  readonly world: World;
  readonly log: Logger;
  readonly identity: StorageIdentity;
  readonly initFile: DataInitFile;
  readonly rules: () => FileServiceRules;
  readonly stack: ShutdownStack;
  /** What becomes of store paths that have lost their files; without it the store is not opened. */
  readonly lostPaths?: LostPaths;
  /** Whether the machine lost its power, and what was written last is going to be compared with the other members. */
  readonly isRepairDue?: boolean;
  /** Whether the last process was killed, and the machine went on. */
  readonly wasKilled?: boolean;
}

/** Throws FdfsError if a store path is not ours, not there, or a state file is damaged. Cleanup goes onto `stack`. */
export async function openFileStore(options: OpenFileStoreOptions): Promise<FileStore> {
  const { config, world, log, identity, rules, stack } = options;
  const binlog = BinlogWriter.open(world, `${config.basePath}/data/sync`, log);
  stack.defer(() => binlog.close());

  const hasHistory = binlog.position.part > 0 || binlog.position.offset > 0;
  const paths: StorePath[] = [];
  const lost: StorePath[] = [];
  for (const [index, { path, readOnly }] of config.storePaths.entries()) {
    const isLost = await prepareStorePath(options, index, path, hasHistory);
    const { folder, removed } = IncomingFolder.open(world.disk, `${path}/data`, belongsToChange);
    if (removed > 0) log.notice("incoming.swept", { path: folder.path, files: removed });
    const probePath = folder.nextPath("probe");
    const disk = await AdaptiveDisk.open({ disk: world.disk, clock: world.clock, log, path, probePath });
    stack.defer(() => disk.close());
    const storePath = new StorePath(index, path, readOnly, disk, folder, world.disk.space(path));
    paths.push(storePath);
    if (isLost) lost.push(storePath);
  }
  const storePaths = new StorePaths(paths, rules);
  for (const path of lost) await options.lostPaths?.restore({ paths: storePaths }, path);
  for (const path of paths) settleIntents(world.disk, path, binlog, log, options.isRepairDue === true);

  const deletions = RecentDeletions.fromLog(world.disk, binlog);
  if (options.wasKilled === true) finishDeletions({ disk: world.disk, paths: storePaths, deletions, log });
  const statFile = StatFile.open(world.disk, config.basePath, log);
  const { statistics } = statFile;
  const saveStatistics = async () => {
    try {
      await statFile.saveIfChanged();
    } catch (error) {
      log.error("statistics.save-failed", { error });
    }
  };
  stack.defer(saveStatistics);

  const timers = [
    world.clock.every(config.binlogFlushIntervalMs, () => void binlog.sync()),
    world.clock.every(config.statFlushIntervalMs, () => void saveStatistics()),
    world.clock.every(MEASURE_MS, () => {
      try {
        storePaths.measure("written");
      } catch (error) {
        log.error("store-path.measure-failed", { error });
      }
    }),
  ];
  stack.defer(() => timers.forEach((timer) => timer.cancel()));

  const placement =
    config.distributeMode === "hash"
      ? hashedPlacement(config.subdirCountPerPath)
      : rotatingPlacement(statistics, config.subdirCountPerPath, config.distributeRotateCount);
  return {
    groupName: identity.groupName,
    groupField: Buffer.from(identity.groupName.padEnd(GROUP_NAME_BYTES, "\0"), "latin1"),
    source: identity.sourceBytes.readUInt32BE(0),
    paths: storePaths,
    binlog,
    names: new NameIssuer(world.random, placement),
    statistics,
    locks: new FileLocks(),
    deletions,
    slab: new Slab(),
    disk: world.disk,
    clock: world.clock,
    random: world.random,
    log,
    addressOfStorageId: (storageId) => rules().addressOfStorageId(storageId),
    addressBytes: () => rules().addressBytes,
  };
}

/**
 * Makes a store path ours, or refuses it: hash directories and mark (storage-formats.md §2.2, §2.4). Tells whether its files
 * have to be copied from other members.
 */
async function prepareStorePath(
  options: OpenFileStoreOptions,
  index: number,
  path: string,
  hasHistory: boolean,
): Promise<boolean> {
  const { config, world, log, identity, initFile, lostPaths } = options;
  const { disk, clock } = world;
  const verdict = judgeStorePath({
    disk,
    storePath: path,
    storePathIndex: index,
    subdirCount: config.subdirCountPerPath,
    flag: initFile.flag,
    hasHistory,
    address: identity.addresses[0]!,
    port: identity.port,
    checksMarks: config.checkStorePathMark,
  });
  const { action, reason } = verdict;
  const isInterrupted = isBeingRecovered(disk, `${path}/data`);
  if (action === "use" && !isInterrupted) {
    withdrawAcceptance(disk, path);
    return false;
  }
  if (action === "refuse" || (action === "recover" && (lostPaths === undefined || disk.stat(path) === undefined))) {
    throw new FdfsError("IO_FAILED", { path, reason });
  }
  const isLost = action === "recover" || isInterrupted;
  const needsFiles = isLost && (await lostPaths?.begin(index, path, reason)) === true;
  log.notice("store-path.prepared", { action, reason });
  if (action === "initialise" || action === "recover") {
    const dataPath = `${path}/data`;
    disk.makeDirectory(dataPath);
    await createSubdirectories({ disk, clock, dataPath, count: config.subdirCountPerPath });
  }
  if (config.checkStorePathMark) markStorePath(options, index, path, verdict);
  if (!needsFiles) withdrawAcceptance(disk, path);
  return needsFiles;
}

function markStorePath(
  { world: { disk, clock }, identity, initFile }: OpenFileStoreOptions,
  index: number,
  path: string,
  { action, pathMark }: StorePathVerdict,
): void {
  const isKept = pathMark !== undefined && (action === "adopt" || action === "use" || action === "recover");
  const createdSeconds = Math.floor(clock.now() / 1000);
  const address = identity.addresses[0]!;
  const mark = isKept
    ? pathMark
    : encodePathMark({ address, port: identity.port, storePathIndex: index, createdSeconds });
  // The path first: if the process dies in between, the next start recognises the mark as ours.
  if (!isKept) writePathMark(disk, path, mark);
  const storePathMarks = [...initFile.flag.storePathMarks];
  while (storePathMarks.length <= index) storePathMarks.push(undefined);
  storePathMarks[index] = mark;
  initFile.update({ storePathMarks });
}
