// A connection on which one record after the other is pushed: for C servers, which stall when requests are pipelined, and
// for large files.
import { connectionCommands, FdfsError, type FileInfo, storageCommands } from "@fastdfs-ts/protocol";
import type { ExchangeOptions, RpcConnection } from "@fastdfs-ts/rpc";

import { BATCHED_CONTENT_BYTES, FrameBatch } from "./frame-batch.ts";
import { pushForms } from "./push-forms.ts";
import type { PushRequests } from "./push-request.ts";
import type { PushTask } from "./push-task.ts";
import { isSameFile } from "./same-file.ts";

/** One request with batched content, or a head. */
const LANE_BATCH_BYTES = BATCHED_CONTENT_BYTES + 1024;

export interface PushLaneOptions {
  readonly groupName: string;
  readonly requests: PushRequests;
  readonly exchange: ExchangeOptions;
  /** Dials the peer and introduces us. */
  readonly connect: () => Promise<RpcConnection>;
}

/** What became of a push: the peer's answer, or nothing to push; the file cannot be read here, or the connection is lost. */
export type LaneResult =
  | { readonly kind: "answered"; readonly status: number }
  | { readonly kind: "gone" }
  | { readonly kind: "unreadable" | "lost"; readonly error: FdfsError };

export class PushLane {
  private readonly options: PushLaneOptions;
  private connection: RpcConnection | undefined;
  private readonly batch = new FrameBatch(LANE_BATCH_BYTES);
  /** The peer had the last file already, so it is asked before the next one is sent (wire-protocol.md §9.10). */
  private asksFirst = false;

  constructor(options: PushLaneOptions, connection: RpcConnection | undefined) {
    this.options = options;
    this.connection = connection;
  }

  /** Pushes one record. Never throws. */
  async push(task: PushTask): Promise<LaneResult> {
    let connection: RpcConnection;
    try {
      // A peer that refuses a request with 22 closes.
      if (this.connection?.isUsable !== true) this.connection = await this.options.connect();
      connection = this.connection;
      if (this.asksFirst && task.form === "create") {
        const status = await this.pushIfDifferent(connection, task);
        if (status !== undefined) return { kind: "answered", status };
      }
    } catch (error) {
      return { kind: "lost", error: FdfsError.fromUnknown(error) };
    }
    this.batch.clear();
    let prepared;
    try {
      prepared = await this.options.requests.prepare(task, this.batch, true);
    } catch (error) {
      return { kind: "unreadable", error: FdfsError.fromUnknown(error) };
    }
    if (prepared.kind === "gone") return { kind: "gone" };
    const { command } = pushForms[task.form];
    try {
      const { front, content } =
        prepared.kind === "stream" ? prepared : { front: this.batch.bytes, content: undefined };
      const status = await connection.status(command.doc, front, content, this.options.exchange);
      this.asksFirst = status === EXISTS && task.form === "create";
      return { kind: "answered", status };
    } catch (thrown) {
      const error = FdfsError.fromUnknown(thrown);
      // The file became shorter, or its disk failed, in the middle of a request.
      return { kind: error.kind === "IO_FAILED" || error.kind === "BAD_REQUEST" ? "unreadable" : "lost", error };
    } finally {
      if (prepared.kind === "stream") await prepared.close();
    }
  }

  /** So that the peer does not take an idle connection for a dead one. Never throws; a dead one is dialled anew later. */
  async keepAlive(): Promise<void> {
    if (this.connection?.isUsable !== true) return;
    try {
      await this.connection.call(connectionCommands.activeTest, {}, this.options.exchange);
    } catch {
      this.connection.destroy();
    }
  }

  /** Closes an idle connection; it is dialled anew when needed. */
  rest(): void {
    this.connection?.end();
    this.connection = undefined;
  }

  destroy(): void {
    this.connection?.destroy();
  }

  /** The answer if the peer has a file of this name, undefined if it has none and is to be sent everything. */
  private async pushIfDifferent(connection: RpcConnection, task: PushTask): Promise<number | undefined> {
    const { groupName, requests, exchange } = this.options;
    const bytes = await requests.localBytes(task);
    if (bytes === undefined) return undefined;
    const { logicalName, seconds } = task.record;
    let there: Pick<FileInfo, "fileBytes" | "modifiedSeconds">;
    try {
      there = await connection.call(storageCommands.queryFileInfo, { groupName, logicalName }, exchange);
    } catch (error) {
      this.asksFirst = false;
      if (error instanceof FdfsError && error.kind === "NOT_FOUND") return undefined;
      throw error;
    }
    if (!isSameFile({ logicalName, bytes, seconds }, there.fileBytes, there.modifiedSeconds)) {
      task.form = "update";
      return undefined;
    }
    return connection.status(pushForms.create.command.doc, requests.withoutContent(task, bytes), undefined, exchange);
  }
}

/** The peer has the file already. */
const EXISTS = 17;
