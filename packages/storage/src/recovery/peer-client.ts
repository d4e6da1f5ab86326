// What a storage that has lost something asks another member for: its log, files, facts about files. One connection, which
// is dialled again when the peer closed it: a C storage closes after every answer with status 22 and after a log.
import {
  type Command,
  FdfsError,
  type FileInfo,
  type PeerHelloAnswer,
  readI64,
  storageCommands,
  EXTENSION_VERSION,
} from "@fastdfs-ts/protocol";
import { type ExchangeOptions, peerText, RpcConnection } from "@fastdfs-ts/rpc";
import type { Deadlines, Endpoint, Network } from "@fastdfs-ts/runtime";

import type { Awaitable } from "../store/awaitable.ts";

const COUNT_BYTES = 8;

export interface PeerDialing {
  readonly network: Network;
  readonly deadlines: Deadlines;
  readonly connectTimeoutMs: number;
  readonly networkTimeoutMs: number;
  readonly localAddress?: string | undefined;
  readonly groupName: string;
  readonly ownId: string;
  readonly signal?: AbortSignal | undefined;
}

/** Takes bytes in order; they are its own for good. No more come until its promise is settled. */
export type ByteSink = (piece: Buffer) => Awaitable<void>;

export class PeerClient {
  readonly endpoint: Endpoint;
  private readonly dialing: PeerDialing;
  private connection: RpcConnection | undefined;

  constructor(dialing: PeerDialing, endpoint: Endpoint) {
    this.dialing = dialing;
    this.endpoint = endpoint;
  }

  /** Whether the peer speaks our extensions. A C storage does not know the question and closes. */
  async isOurs(): Promise<boolean> {
    return (await this.hello()) !== undefined;
  }

  /** When the peer last found that it had lost its power, Unix milliseconds, 0 if never; undefined of a C storage. */
  async powerLossMs(): Promise<number | undefined> {
    return (await this.hello())?.powerLossMs;
  }

  private async hello(): Promise<PeerHelloAnswer | undefined> {
    try {
      const connection = await this.connected();
      const request = { storageId: this.dialing.ownId, extensionVersion: EXTENSION_VERSION };
      return await connection.call(storageCommands.peerHello, request, this.exchange);
    } catch (error) {
      if (!this.wasRefused(error)) throw error;
      return undefined;
    }
  }

  /** The records of one store path whose files are there (26), as lines. Returns their length in bytes. */
  fetchPathLog(storePathIndex: number, sink: ByteSink): Promise<number> {
    const { groupName } = this.dialing;
    return this.fetchLog(storageCommands.fetchBinlog, { groupName, storePathIndex }, sink);
  }

  /** All records from a Unix time on (123), as lines. Only from a peer of ours. */
  fetchLogSince(sinceSeconds: number, sink: ByteSink): Promise<number> {
    const { groupName } = this.dialing;
    return this.fetchLog(storageCommands.binlogSince, { groupName, sinceSeconds }, sink);
  }

  /** The content of a file (14). Returns its size. Throws FdfsError NOT_FOUND if the peer has it not. */
  async download(logicalName: string, sink: ByteSink): Promise<number> {
    const request = { offset: 0, countBytes: 0, groupName: this.dialing.groupName, logicalName };
    try {
      const connection = await this.connected();
      const incoming = await connection.fetch(storageCommands.downloadFile, request, this.exchange);
      try {
        for (let piece = await incoming.next(); piece !== undefined; piece = await incoming.next()) {
          await sink(piece);
        }
      } catch (error) {
        incoming.cancel();
        throw error;
      }
      return incoming.bodyBytes;
    } catch (error) {
      // An empty file cannot be read: every offset is behind its end (wire-protocol.md §8.7).
      if (!this.wasRefused(error)) throw error;
      if ((await this.info(logicalName)).fileBytes === 0) return 0;
      throw error;
    }
  }

  /** Size, time and CRC32 of a file (22). Throws FdfsError NOT_FOUND if the peer has it not. */
  async info(logicalName: string): Promise<FileInfo> {
    const connection = await this.connected();
    const request = { groupName: this.dialing.groupName, logicalName };
    return connection.call(storageCommands.queryFileInfo, request, this.exchange);
  }

  close(): void {
    this.connection?.destroy();
    this.connection = undefined;
  }

  /** A storage closes after it has refused a request, which we may not have noticed yet. */
  private wasRefused(error: unknown): boolean {
    const isRefusal = error instanceof FdfsError && error.kind === "BAD_REQUEST";
    if (isRefusal) this.close();
    return isRefusal;
  }

  private get exchange(): ExchangeOptions {
    return { timeoutMs: this.dialing.networkTimeoutMs, signal: this.dialing.signal };
  }

  private async connected(): Promise<RpcConnection> {
    if (this.connection?.isUsable !== true) {
      this.connection = await RpcConnection.dial(this.dialing.network, this.endpoint, this.dialing);
    }
    return this.connection;
  }

  /**
   * The length in the header of a log is no length: the log ends with the connection, and its last 8 bytes say how long it
   * is (wire-protocol.md §9.11). Throws FdfsError BAD_ANSWER if it was cut short.
   */
  private async fetchLog<Request>(command: Command<Request>, request: Request, sink: ByteSink): Promise<number> {
    const connection = await this.connected();
    const incoming = await connection.fetch(command, request, this.exchange);
    // The last bytes may be the count, so they are held back.
    let held = Buffer.alloc(0);
    let handedOut = 0;
    try {
      for (;;) {
        const piece = await incoming.next();
        if (piece === undefined) break;
        const all = held.length === 0 ? piece : Buffer.concat([held, piece]);
        const ready = Math.max(0, all.length - COUNT_BYTES);
        held = Buffer.from(all.subarray(ready));
        if (ready === 0) continue;
        handedOut += ready;
        await sink(all.subarray(0, ready));
      }
    } catch (error) {
      incoming.cancel();
      if (!(error instanceof FdfsError) || error.kind !== "CONNECTION_LOST") throw error;
    } finally {
      this.close();
    }
    if (held.length === COUNT_BYTES && readI64(held, 0) === handedOut) return handedOut;
    const reason = `the log was cut short after ${handedOut} bytes`;
    throw new FdfsError("BAD_ANSWER", { peer: peerText(this.endpoint), reason });
  }
}
