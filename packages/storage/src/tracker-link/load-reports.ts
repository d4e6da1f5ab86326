// 126: tells a tracker that can choose by load how busy this storage is, as long as the connection lasts.
import { FdfsError, LOAD_REPORT_VERSION, trackerCommands } from "@fastdfs-ts/protocol";
import type { Clock, Logger } from "@fastdfs-ts/runtime";

import { loadBetween } from "../load/load-between.ts";
import type { LoadMeter, Measurement } from "../load/load-meter.ts";
import type { JoinedConnection } from "./source-negotiation.ts";

/**
 * How often. Much more rarely, and everybody is sent to a storage that was idle a while ago; more often, and a share says
 * more about single requests than about load.
 */
export const LOAD_REPORT_MS = 2000;

export interface LoadReportSources {
  readonly clock: Clock;
  readonly log: Logger;
  readonly load: LoadMeter;
}

export class LoadReports {
  /** `Clock.monotonic()` of the next report; Infinity if this tracker wants none. */
  dueMs: number;
  private readonly sources: LoadReportSources;
  private readonly joined: JoinedConnection;
  /** What the report before ended with. */
  private told: Measurement | undefined;

  constructor(sources: LoadReportSources, joined: JoinedConnection) {
    this.sources = sources;
    this.joined = joined;
    const isWanted = joined.extensionVersion >= LOAD_REPORT_VERSION;
    this.dueMs = isWanted ? sources.clock.monotonic() : Infinity;
  }

  /** Throws FdfsError if the connection is lost. That nothing can be measured or the tracker refuses it is only logged. */
  async report(): Promise<void> {
    const { clock, log, load } = this.sources;
    const { connection, exchange, tracker } = this.joined;
    this.dueMs = clock.monotonic() + LOAD_REPORT_MS;
    try {
      const measured = load.measure();
      const report = { ...loadBetween(this.told, measured), tasks: load.runningTasks };
      await connection.call(trackerCommands.reportLoad, report, exchange);
      this.told = measured;
    } catch (error) {
      if (!connection.isUsable) throw error;
      // It goes without, as with storages that do not measure. Asking again every two seconds would not help it.
      this.dueMs = Infinity;
      log.warn("load-report.impossible", { tracker, reason: FdfsError.fromUnknown(error).message });
    }
  }
}
