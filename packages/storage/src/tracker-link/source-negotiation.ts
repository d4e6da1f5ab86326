// Who gives this storage the files from before it joined? Asked once in its life (87), told to every tracker at every
// connect (88), and kept in `.data_init_flag` (wire-protocol.md §6.2, §6.8).
import { FdfsError, type SyncDescriptor, trackerCommands } from "@fastdfs-ts/protocol";
import type { ExchangeOptions, RpcConnection } from "@fastdfs-ts/rpc";
import { type Logger, Mutex } from "@fastdfs-ts/runtime";

import type { DataInitFile } from "../formats/data-init-file.ts";
import { isStorageId } from "../identity.ts";
import type { ChangelogEntry } from "./changelog.ts";
import { type OwnStatus, statusAfterNotify } from "./own-status.ts";

const nobody: SyncDescriptor = { sourceStorageId: "", untilSeconds: 0 };

export interface JoinedConnection {
  readonly connection: RpcConnection;
  readonly exchange: ExchangeOptions;
  /** The name of the tracker. */
  readonly tracker: string;
  /** Version of our extensions that it offers (EXTENSION_KEY), 0 if it knows none of them. */
  readonly extensionVersion: number;
}

export class SourceNegotiation {
  private readonly file: DataInitFile;
  private readonly own: OwnStatus;
  private readonly log: Logger;
  /** Trackers are reached at the same time, but only one may be asked. */
  private readonly asking = new Mutex();
  /** Counts the answers to who the source is; every tracker has to be told the last one. */
  settlements = 0;

  constructor(file: DataInitFile, own: OwnStatus, log: Logger) {
    this.file = file;
    this.own = own;
    this.log = log;
  }

  /** The id of the source, "" if none is needed or it is not known yet. */
  get source(): string {
    return this.file.flag.syncSourceId;
  }

  /** Init flag of a join. */
  get isPending(): boolean {
    return !this.file.flag.isSyncOldDone;
  }

  /**
   * Settles the source at a tracker that was just joined. Throws FdfsError: NOT_FOUND if no source can be named now or this
   * tracker does not know it (yet), and old files may be missing; ask again later, after a new join.
   */
  async settle(joined: JoinedConnection): Promise<void> {
    await this.asking.run(async () => {
      if (this.isPending) await this.ask(joined);
    });
    const { syncSourceId, syncUntilSeconds } = this.file.flag;
    try {
      await this.tell(joined, { sourceStorageId: syncSourceId, untilSeconds: syncUntilSeconds });
    } catch (error) {
      if (!(error instanceof FdfsError) || error.kind !== "NOT_FOUND" || syncSourceId === "") throw error;
      if (!this.own.isComplete) {
        // Nobody counts this storage as complete: there may be another one that gives it everything.
        if (this.own.wereAllTried) this.startOver("no tracker knows it");
        throw error;
      }
      // It has given us everything. It may have been removed while we were down, and no changelog tells before this is settled.
      await this.tell(joined, nobody);
    }
  }

  /** 88. Throws FdfsError NOT_FOUND if the tracker does not know the source. */
  private async tell({ connection, exchange, tracker }: JoinedConnection, source: SyncDescriptor): Promise<void> {
    await connection.call(trackerCommands.syncNotify, source, exchange);
    const status = this.own.at(tracker);
    if (status !== undefined) this.own.noteStatus(tracker, statusAfterNotify(status, source.sourceStorageId));
  }

  /** The changelog says that a member was deleted or moved: perhaps it was our source. */
  noteChange({ storageId, status, newStorageId }: ChangelogEntry): void {
    if (storageId === "" || storageId !== this.source) return;
    if (status === "IP_CHANGED" && isStorageId(newStorageId)) this.file.update({ syncSourceId: newStorageId });
    else if (this.own.isComplete) this.file.update({ syncSourceId: "" });
    else this.startOver("it was deleted");
  }

  private async ask({ connection, exchange, tracker }: JoinedConnection): Promise<void> {
    const { source } = await connection.call(trackerCommands.syncDestinationRequest, {}, exchange);
    const { sourceStorageId: syncSourceId, untilSeconds: syncUntilSeconds } = source ?? nobody;
    const isSensible = syncSourceId === "" || isStorageId(syncSourceId);
    // It is about to be written down for good.
    if (!isSensible || !Number.isSafeInteger(syncUntilSeconds) || syncUntilSeconds < 0) {
      const reason = `${JSON.stringify(source)} is no source of old files`;
      throw new FdfsError("BAD_ANSWER", { peer: tracker, reason });
    }
    this.file.update({ isSyncOldDone: true, syncSourceId, syncUntilSeconds });
    this.settlements++;
    this.log.info("backfill.source", { tracker, source: syncSourceId || "none needed" });
  }

  /** Unlike C, which then counts the storage as complete (cluster-behaviour.md §11.1, W5): files would be missing. */
  private startOver(why: string): void {
    this.log.warn("backfill.source-lost", { source: this.source, why });
    this.file.update({ isSyncOldDone: false, syncSourceId: "", syncUntilSeconds: 0 });
    this.settlements++;
  }
}
