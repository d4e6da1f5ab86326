// Uploads at a given rate, whatever the server makes of it, and how long a copy takes to be at another member: from the
// answer to the moment in which the file is there, looked at every millisecond.
import {
  frame,
  frameBodyBytes,
  frameStatus,
  HEADER_BYTES,
  storageCommands,
  StoredName,
  UploadRequest,
} from "@fastdfs-ts/protocol";
import { existsSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LatencyHistogram } from "../load/latency-histogram.ts";
import type { Address } from "../load/load-connection.ts";

/** For copies that are still on their way at the end. */
const PATIENCE_MS = 30_000;
/** Every so many uploads one copy is waited for; looking at all of them would be most of the load. */
const SAMPLE_EVERY = 20;

export interface PacedOptions {
  readonly address: Address;
  readonly payload: Buffer;
  readonly perSecond: number;
  readonly seconds: number;
  readonly connections: number;
  /** Data folder of the member that gets the copies. */
  readonly copiesIn: string;
}

interface Awaited {
  readonly path: string;
  readonly answeredMs: number;
}

export interface PacedResult {
  readonly uploads: number;
  readonly lagP50Ms: number;
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
}

/** Throws if an upload fails or a copy does not come. */
export async function pacedUploads(options: PacedOptions): Promise<PacedResult> {
  const { payload, perSecond, seconds, copiesIn } = options;
  const head = UploadRequest.encode({ storePathIndex: 0, contentBytes: payload.length, extension: "bin" });
  const request = frame(storageCommands.uploadFile.code, Buffer.concat([head, payload]));
  const lags = new LatencyHistogram();
  const awaited: Awaited[] = [];
  let uploads = 0;
  const uploaders = await Promise.all(
    Array.from({ length: options.connections }, () =>
      Uploader.open(options.address, request, (logicalName) => {
        if (++uploads % SAMPLE_EVERY === 0) {
          awaited.push({ path: join(copiesIn, logicalName.slice("M00/".length)), answeredMs: performance.now() });
        }
      }),
    ),
  );
  const look = (): void => {
    while (awaited.length > 0 && existsSync(awaited[0]!.path)) {
      lags.record(performance.now() - awaited.shift()!.answeredMs);
    }
  };
  const startMs = performance.now();
  for (let given = 0; ;) {
    const elapsedMs = performance.now() - startMs;
    if (elapsedMs > seconds * 1000) break;
    const due = Math.floor((elapsedMs / 1000) * perSecond);
    for (const uploader of uploaders) {
      if (given < due && uploader.isFree) {
        uploader.upload();
        given++;
      }
    }
    look();
    await sleep(1);
  }
  const giveUpMs = performance.now() + PATIENCE_MS;
  while (awaited.length > 0) {
    if (performance.now() > giveUpMs) throw new Error(`${awaited[0]!.path} does not come`);
    await sleep(1);
    look();
  }
  for (const uploader of uploaders) uploader.close();
  const [lagP50Ms, lagP99Ms] = [lags.quantileMs(0.5), lags.quantileMs(0.99)];
  return { uploads, lagP50Ms, lagP99Ms, lagMaxMs: lags.maxMs };
}

class Uploader {
  isFree = true;
  private readonly socket: Socket;
  private readonly request: Buffer;
  private answer = Buffer.alloc(0);

  private constructor(socket: Socket, request: Buffer, onStored: (logicalName: string) => void) {
    this.socket = socket;
    this.request = request;
    socket.on("data", (chunk) => {
      this.answer = Buffer.concat([this.answer, chunk]);
      if (this.answer.length < HEADER_BYTES) return;
      const end = HEADER_BYTES + frameBodyBytes(this.answer);
      if (this.answer.length < end) return;
      if (frameStatus(this.answer) !== 0) throw new Error(`an upload failed with status ${frameStatus(this.answer)}`);
      const { logicalName } = StoredName.decode(this.answer.subarray(HEADER_BYTES, end));
      this.answer = this.answer.subarray(end);
      this.isFree = true;
      onStored(logicalName);
    });
  }

  static open(address: Address, request: Buffer, onStored: (logicalName: string) => void): Promise<Uploader> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...address, noDelay: true }, () => resolve(new Uploader(socket, request, onStored)));
      socket.once("error", reject);
    });
  }

  upload(): void {
    this.isFree = false;
    this.socket.write(this.request);
  }

  close(): void {
    this.socket.destroy();
  }
}
