// What an honest client does with a storage, one connection, for tests whose servers crash.
import { type Command, storageCommands } from "@fastdfs-ts/protocol";
import { RpcConnection } from "@fastdfs-ts/rpc";
import type { Deadlines, Endpoint, Network } from "@fastdfs-ts/runtime";

const TIMEOUT_MS = 10_000;
/** Pieces in which content is sent, so that a server gets it in several. */
const PIECE_BYTES = 40_000;

type UploadCommand = typeof storageCommands.uploadFile;

export class StoreClient {
  private readonly connection: RpcConnection;
  private readonly groupName: string;

  private constructor(connection: RpcConnection, groupName: string) {
    this.connection = connection;
    this.groupName = groupName;
  }

  static async dial(
    network: Network,
    deadlines: Deadlines,
    endpoint: Endpoint,
    groupName = "group1",
  ): Promise<StoreClient> {
    const connection = await RpcConnection.dial(network, endpoint, { connectTimeoutMs: TIMEOUT_MS, deadlines });
    return new StoreClient(connection, groupName);
  }

  close(): void {
    this.connection.destroy();
  }

  upload(content: Buffer, extension = "bin"): Promise<string> {
    return this.store(storageCommands.uploadFile, content, extension);
  }

  uploadAppender(content: Buffer): Promise<string> {
    return this.store(storageCommands.uploadAppender, content, "log");
  }

  async uploadSlave(masterName: string, slavePrefix: string, content: Buffer): Promise<string> {
    const request = { masterName, slavePrefix, extension: "bin", contentBytes: content.length };
    return (await this.send(storageCommands.uploadSlave, request, content)).logicalName;
  }

  async append(logicalName: string, content: Buffer): Promise<void> {
    await this.send(storageCommands.appendFile, { logicalName, contentBytes: content.length }, content);
  }

  async modify(logicalName: string, offset: number, content: Buffer): Promise<void> {
    await this.send(storageCommands.modifyFile, { logicalName, offset, contentBytes: content.length }, content);
  }

  async truncate(logicalName: string, newBytes: number): Promise<void> {
    await this.call(storageCommands.truncateFile, { logicalName, newBytes });
  }

  async regenerate(logicalName: string): Promise<string> {
    return (await this.call(storageCommands.regenerateName, { logicalName })).logicalName;
  }

  async setMetadata(logicalName: string, operation: "O" | "M", metadata: Buffer): Promise<void> {
    const { groupName } = this;
    const request = { operation, groupName, logicalName, metadata };
    await this.call(storageCommands.setMetadata, request);
  }

  async metadata(logicalName: string): Promise<Buffer> {
    const { groupName } = this;
    return (await this.call(storageCommands.getMetadata, { groupName, logicalName })).metadata;
  }

  async link(sourceName: string): Promise<string> {
    const { groupName } = this;
    const request = { groupName, sourceName, masterName: "", slavePrefix: "", extension: "", signature: Buffer.of(1) };
    return (await this.call(storageCommands.createLink, request)).logicalName;
  }

  /** A link with a name like that of a slave. */
  async linkBeside(masterName: string, slavePrefix: string, sourceName: string): Promise<string> {
    const { groupName } = this;
    const request = { groupName, sourceName, masterName, slavePrefix, extension: "bin", signature: Buffer.of(1) };
    return (await this.call(storageCommands.createLink, request)).logicalName;
  }

  async delete(logicalName: string): Promise<void> {
    const { groupName } = this;
    await this.call(storageCommands.deleteFile, { groupName, logicalName });
  }

  /** Sends a whole request as a peer does. Answers its status, whatever it is. */
  push(request: Buffer): Promise<number> {
    return this.connection.status("push", request, undefined, { timeoutMs: TIMEOUT_MS });
  }

  async download(logicalName: string): Promise<Buffer> {
    const request = { groupName: this.groupName, logicalName, offset: 0, countBytes: 0 };
    const incoming = await this.connection.fetch(storageCommands.downloadFile, request, { timeoutMs: TIMEOUT_MS });
    const pieces: Buffer[] = [];
    for (let piece = await incoming.next(); piece !== undefined; piece = await incoming.next()) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  private async store(command: UploadCommand, content: Buffer, extension: string): Promise<string> {
    const request = { storePathIndex: 0, contentBytes: content.length, extension };
    return (await this.send(command, request, content)).logicalName;
  }

  private call<Request, Answer>(command: Command<Request, Answer>, request: Request): Promise<Answer> {
    return this.connection.call(command, request, { timeoutMs: TIMEOUT_MS });
  }

  private send<Request, Answer>(command: Command<Request, Answer>, request: Request, content: Buffer): Promise<Answer> {
    const chunks: Buffer[] = [];
    for (let at = 0; at < content.length; at += PIECE_BYTES) chunks.push(content.subarray(at, at + PIECE_BYTES));
    return this.connection.send(command, request, { bytes: content.length, chunks }, { timeoutMs: TIMEOUT_MS });
  }
}
