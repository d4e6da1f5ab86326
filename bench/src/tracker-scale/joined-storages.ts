// Many storages as a tracker sees them: joined connections that beat and report, each at an address of the loopback network
// of its own.
import {
  DiskReport,
  frame,
  frameBodyBytes,
  HEADER_BYTES,
  Heartbeat,
  JoinRequest,
  LoadReport,
  trackerCommands,
} from "@fastdfs-ts/protocol";
import { connect, type Socket } from "node:net";
import type { Address } from "../load/load-connection.ts";

const PORT = 23_000;
const ACTIVE = 7;
const BEAT_MS = 5000;
const LOAD_REPORT_MS = 2000;

export interface Size {
  readonly groups: number;
  readonly members: number;
}

/** 127.1.0.1 is the first member of the first group. */
export function addressOf(group: number, member: number): string {
  return `127.${1 + Math.floor(group / 250)}.${group % 250}.${member + 1}`;
}

/** Joins them one after the other. They report until they are disposed of. */
export async function joinStorages(tracker: Address, { groups, members }: Size): Promise<Disposable> {
  const storages: JoinedStorage[] = [];
  for (let group = 0; group < groups; group++) {
    for (let member = 0; member < members; member++) {
      const storage = await JoinedStorage.open(tracker, group, member);
      await storage.begin();
      storages.push(storage);
    }
  }
  return { [Symbol.dispose]: () => storages.forEach((storage) => storage.end()) };
}

class JoinedStorage {
  private readonly socket: Socket;
  private readonly groupName: string;
  private readonly tracker: Address;
  private heard = Buffer.alloc(0);
  private answered: (() => void) | undefined;

  private constructor(socket: Socket, tracker: Address, group: number) {
    this.socket = socket;
    this.tracker = tracker;
    this.groupName = `group${group}`;
    socket.on("data", (chunk) => this.hear(chunk));
  }

  static async open(tracker: Address, group: number, member: number): Promise<JoinedStorage> {
    const { host, port } = tracker;
    const socket = connect({ host, port, localAddress: addressOf(group, member) });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new JoinedStorage(socket, tracker, group);
  }

  async begin(): Promise<void> {
    const { socket, tracker, groupName } = this;
    await this.ask(
      trackerCommands.join.code,
      JoinRequest.encode({
        groupName,
        storagePort: PORT,
        storePathCount: 1,
        subdirCountPerPath: 256,
        uploadPriority: 10,
        joinTimeSeconds: 1_700_000_000,
        upTimeSeconds: 1_700_000_000,
        version: "6.16.1",
        isInitialSyncPending: false,
        status: ACTIVE,
        storageId: "",
        trackerIp: tracker.host,
        trackers: [`${tracker.host}:${tracker.port}`],
      }),
    );
    await this.ask(
      trackerCommands.diskReport.code,
      DiskReport.encode({ storePaths: [{ totalMib: 1e6, freeMib: 5e5 }] }),
    );
    await this.beat();
    await this.reportLoad();
    const timers = [
      setInterval(() => void this.beat(), BEAT_MS),
      setInterval(() => void this.reportLoad(), LOAD_REPORT_MS),
    ];
    socket.once("close", () => timers.forEach(clearInterval));
  }

  end(): void {
    this.socket.destroy();
  }

  private beat(): Promise<void> {
    return this.ask(trackerCommands.heartbeat.code, Heartbeat.encode({ statistics: undefined }));
  }

  private reportLoad(): Promise<void> {
    return this.ask(
      trackerCommands.reportLoad.code,
      LoadReport.encode({
        intervalMs: LOAD_REPORT_MS,
        cpuPermille: 200,
        memoryPermille: 300,
        diskPermille: 100,
        networkPermille: -1,
        diskBytesPerSecond: 1e6,
        networkBytesPerSecond: 1e6,
        tasks: 2,
        finishedTasks: 1000,
        latencyMicros: 300,
      }),
    );
  }

  /** One question at a time: a storage waits for each answer. */
  private async ask(code: number, body: Buffer): Promise<void> {
    this.socket.write(frame(code, body));
    await new Promise<void>((resolve) => (this.answered = resolve));
  }

  private hear(chunk: Buffer): void {
    this.heard = Buffer.concat([this.heard, chunk]);
    if (this.heard.length < HEADER_BYTES) return;
    const bytes = HEADER_BYTES + frameBodyBytes(this.heard, 0);
    if (this.heard.length < bytes) return;
    this.heard = this.heard.subarray(bytes);
    this.answered?.();
  }
}
