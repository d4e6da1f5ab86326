// Clients that upload and download one after the other until they are stopped, and who got what they uploaded.
import { FastDfsClient, parseFileId } from "@fastdfs-ts/client";

const CONTENT = Buffer.alloc(8000, "0123456789");
/** Each client downloads one of its last so many files after every upload. */
const FILES_KEPT = 100;

export class ClientsAtWork implements AsyncDisposable {
  private readonly clients: readonly FastDfsClient[];
  private readonly work: Promise<unknown>;
  private isOver = false;
  private onUpload: (fileId: string) => void = () => undefined;

  constructor(trackers: readonly string[], count: number) {
    // One attempt: the first failure is to be seen.
    this.clients = Array.from({ length: count }, () => FastDfsClient.open({ trackers, connectAttempts: 1 }));
    this.work = Promise.all(this.clients.map((client) => this.go(client)));
    // Who waits for uploads is told.
    this.work.catch(() => undefined);
  }

  /** Of the next `count` uploads: how many each storage took, by address. Rejects with the first failure of any client. */
  async next(count: number): Promise<Map<string, number>> {
    const taken = new Map<string, number>();
    const enough = new Promise<void>((resolve) => {
      let left = count;
      this.onUpload = (fileId) => {
        const { source } = parseFileId(fileId);
        const address = source?.type === "ip" ? source.ip : "nobody";
        taken.set(address, (taken.get(address) ?? 0) + 1);
        if (--left === 0) resolve();
      };
    });
    await Promise.race([enough, this.work]);
    this.onUpload = () => undefined;
    return taken;
  }

  /** Rejects with the first failure of any client. */
  async stop(): Promise<void> {
    this.isOver = true;
    await this.work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => undefined);
    await Promise.all(this.clients.map((client) => client.close()));
  }

  private async go(client: FastDfsClient): Promise<void> {
    const files: string[] = [];
    for (let turn = 0; !this.isOver; turn++) {
      const { fileId } = await client.upload(CONTENT, { extension: "bin" });
      this.onUpload(fileId);
      files[turn % FILES_KEPT] = fileId;
      await (await client.download(files[(turn * 7919) % files.length]!)).bytes();
    }
  }
}
