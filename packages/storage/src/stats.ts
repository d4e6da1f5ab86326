// What this storage has done, counted. The hot path only adds to plain number properties; what was reported or saved is
// found out by comparing, so that no request pays for it (wire-protocol.md §4.2, storage-formats.md §2.5).
import { StatisticsBlock } from "@fastdfs-ts/protocol";
import type { ConnectionCounts } from "@fastdfs-ts/rpc";

/** The fields of the block that this storage counts itself. */
type KeptElsewhere =
  "connectionsAllocated" | "connectionsCurrent" | "connectionsMaximum" | "lastSyncedSeconds" | "lastHeartbeatSeconds";

type StatisticsCounters = Omit<StatisticsBlock, KeptElsewhere>;
export type StatisticsCounter = keyof StatisticsCounters;

export class StorageStatistics implements StatisticsCounters {
  totalUploadCount = 0;
  successUploadCount = 0;
  totalAppendCount = 0;
  successAppendCount = 0;
  totalModifyCount = 0;
  successModifyCount = 0;
  totalTruncateCount = 0;
  successTruncateCount = 0;
  totalSetMetaCount = 0;
  successSetMetaCount = 0;
  totalDeleteCount = 0;
  successDeleteCount = 0;
  totalDownloadCount = 0;
  successDownloadCount = 0;
  totalGetMetaCount = 0;
  successGetMetaCount = 0;
  totalCreateLinkCount = 0;
  successCreateLinkCount = 0;
  totalDeleteLinkCount = 0;
  successDeleteLinkCount = 0;
  totalUploadBytes = 0;
  successUploadBytes = 0;
  totalAppendBytes = 0;
  successAppendBytes = 0;
  totalModifyBytes = 0;
  successModifyBytes = 0;
  totalDownloadBytes = 0;
  successDownloadBytes = 0;
  totalSyncInBytes = 0;
  successSyncInBytes = 0;
  totalSyncOutBytes = 0;
  successSyncOutBytes = 0;
  totalFileOpenCount = 0;
  successFileOpenCount = 0;
  totalFileReadCount = 0;
  successFileReadCount = 0;
  totalFileWriteCount = 0;
  successFileWriteCount = 0;
  lastSourceUpdateSeconds = 0;
  lastSyncUpdateSeconds = 0;
  /** Where round robin over the hash directories stands (storage-formats.md §1.8): the directory pair and its uses. */
  distPathIndexHigh = 0;
  distPathIndexLow = 0;
  distWriteFileCount = 0;

  /** The block as a heartbeat carries it. The tracker itself keeps the last two fields; they are sent as 0. */
  block(connections: ConnectionCounts): StatisticsBlock {
    const { distPathIndexHigh: _high, distPathIndexLow: _low, distWriteFileCount: _count, ...counters } = this;
    return {
      ...counters,
      connectionsAllocated: connections.allocated,
      connectionsCurrent: connections.current,
      connectionsMaximum: connections.maximum,
      lastSyncedSeconds: 0,
      lastHeartbeatSeconds: 0,
    };
  }

  /** A reporter of its own for each tracker: what one was told, another may not know. */
  reporter(connections: () => ConnectionCounts): StatisticsReporter {
    return new StatisticsReporter(this, connections);
  }
}

/** Remembers what was reported last, so that a heartbeat carries the block only if something has changed. */
export class StatisticsReporter {
  private readonly statistics: StorageStatistics;
  private readonly connections: () => ConnectionCounts;
  private reported: Buffer | undefined;
  private offered: Buffer | undefined;

  constructor(statistics: StorageStatistics, connections: () => ConnectionCounts) {
    this.statistics = statistics;
    this.connections = connections;
  }

  /** The block if it differs from the one that was confirmed last, else undefined. The first one always differs. */
  changed(): StatisticsBlock | undefined {
    const block = this.statistics.block(this.connections());
    this.offered = StatisticsBlock.encode(block);
    return this.reported?.equals(this.offered) === true ? undefined : block;
  }

  /** The block of the last `changed` has arrived. */
  confirm(): void {
    this.reported = this.offered;
  }
}
