// A client that does one thing at a time, each over a connection of its own, and answers the status: what the table of
// expected statistics is made of.
import { frame, HEADER_BYTES, storageCommands } from "@fastdfs-ts/protocol";
import { RawClient } from "./raw-client.ts";

/** The status if the server closes without an answer. */
export const NO_ANSWER = -1;

export class StatisticsStage {
  private readonly dial: () => Promise<RawClient>;

  constructor(dial: () => Promise<RawClient>) {
    this.dial = dial;
  }

  /** A file to work on; its logical name. */
  async file(bytes: number): Promise<string> {
    return storedName(await this.exchange(upload("uploadFile", bytes)));
  }

  async appender(bytes: number): Promise<string> {
    return storedName(await this.exchange(upload("uploadAppender", bytes)));
  }

  async slaveOf(masterName: string, bytes: number): Promise<string> {
    return storedName(await this.exchange(uploadSlave(masterName, bytes)));
  }

  async linkTo(sourceName: string): Promise<string> {
    return storedName(await this.exchange(createLink(sourceName)));
  }

  async fileWithMetadata(metadata = "a\x021"): Promise<string> {
    const name = await this.file(5);
    await this.setMetadata(name, "O", metadata);
    return name;
  }

  upload(bytes: number, change: Partial<UploadFields> = {}): Promise<number> {
    return this.status(upload("uploadFile", bytes, change));
  }

  uploadAppender(bytes: number): Promise<number> {
    return this.status(upload("uploadAppender", bytes));
  }

  uploadSlave(masterName: string, bytes: number): Promise<number> {
    return this.status(uploadSlave(masterName, bytes));
  }

  append(logicalName: string, bytes: number, announcedBytes = bytes): Promise<number> {
    return this.status(append(logicalName, bytes, announcedBytes));
  }

  modify(logicalName: string, offset: number, bytes: number, announcedBytes = bytes): Promise<number> {
    return this.status(modify(logicalName, offset, bytes, announcedBytes));
  }

  truncate(logicalName: string, newBytes: number): Promise<number> {
    const { code, request } = storageCommands.truncateFile;
    return this.status(frame(code, request.encode({ logicalName, newBytes })));
  }

  regenerate(logicalName: string): Promise<number> {
    const { code, request } = storageCommands.regenerateName;
    return this.status(frame(code, request.encode({ logicalName })));
  }

  delete(logicalName: string, groupName = "group1"): Promise<number> {
    const { code, request } = storageCommands.deleteFile;
    return this.status(frame(code, request.encode({ groupName, logicalName })));
  }

  download(logicalName: string, { offset = 0, countBytes = 0, groupName = "group1" } = {}): Promise<number> {
    const { code, request } = storageCommands.downloadFile;
    return this.status(frame(code, request.encode({ groupName, logicalName, offset, countBytes })));
  }

  info(logicalName: string, { flags = 0, groupName = "group1" } = {}): Promise<number> {
    const { code, request } = storageCommands.queryFileInfo;
    return this.status(frame(code, request.encode({ groupName, logicalName }), flags));
  }

  setMetadata(logicalName: string, operation: string, metadata: string, groupName = "group1"): Promise<number> {
    const { code, request } = storageCommands.setMetadata;
    return this.status(
      frame(code, request.encode({ operation, groupName, logicalName, metadata: Buffer.from(metadata) })),
    );
  }

  getMetadata(logicalName: string, groupName = "group1"): Promise<number> {
    const { code, request } = storageCommands.getMetadata;
    return this.status(frame(code, request.encode({ groupName, logicalName })));
  }

  link(sourceName: string, groupName = "group1"): Promise<number> {
    return this.status(createLink(sourceName, groupName));
  }

  /** Sends the beginning of a request and closes the connection. */
  async cutShort(request: Buffer, bytes: number): Promise<number> {
    const client = await this.dial();
    await client.flush(request.subarray(0, bytes));
    await client.end();
    return NO_ANSWER;
  }

  private async status(request: Buffer): Promise<number> {
    return (await this.exchange(request))[9] ?? NO_ANSWER;
  }

  private async exchange(request: Buffer): Promise<Buffer> {
    const client = await this.dial();
    const answer = await client.exchange(request);
    await client.end();
    return answer;
  }
}

interface UploadFields {
  storePathIndex: number;
  contentBytes: number;
  extension: string;
}

export function upload(
  command: "uploadFile" | "uploadAppender",
  bytes: number,
  change: Partial<UploadFields> = {},
): Buffer {
  const { code, request } = storageCommands[command];
  const head = request.encode({ storePathIndex: 0, contentBytes: bytes, extension: "txt", ...change });
  return withContent(code, head, bytes);
}

export function append(logicalName: string, bytes: number, contentBytes = bytes): Buffer {
  const { code, request } = storageCommands.appendFile;
  return withContent(code, request.encode({ logicalName, contentBytes }), bytes);
}

export function modify(logicalName: string, offset: number, bytes: number, contentBytes = bytes): Buffer {
  const { code, request } = storageCommands.modifyFile;
  return withContent(code, request.encode({ logicalName, offset, contentBytes }), bytes);
}

function uploadSlave(masterName: string, bytes: number): Buffer {
  const { code, request } = storageCommands.uploadSlave;
  const head = request.encode({ masterName, contentBytes: bytes, slavePrefix: "_small", extension: "jpg" });
  return withContent(code, head, bytes);
}

function createLink(sourceName: string, groupName = "group1"): Buffer {
  const { code, request } = storageCommands.createLink;
  const signature = Buffer.alloc(20, 7);
  return frame(
    code,
    request.encode({ groupName, sourceName, masterName: "", slavePrefix: "", extension: "lnk", signature }),
  );
}

function withContent(code: number, head: Buffer, bytes: number): Buffer {
  return frame(code, Buffer.concat([head, Buffer.alloc(bytes, "content of a file ")]));
}

function storedName(answer: Buffer): string {
  if (answer[9] !== 0) throw new Error(`making a file was answered with ${String(answer[9])}`);
  return answer.toString("latin1", HEADER_BYTES + 16);
}
