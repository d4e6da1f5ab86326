// A C tracker on a simulated host: it answers with recorded bytes and remembers what it was asked, byte for byte.
import { type Command, FdfsError, HEADER_BYTES, trackerCommands, writeHeader } from "@fastdfs-ts/protocol";
import { answerRaw, RpcServer } from "@fastdfs-ts/rpc";
import type { SimHost, SimWorld } from "@fastdfs-ts/simulation";

import type { Answer } from "./tracker-in-memory.ts";

const PORT = 22_122;

export interface AskedFrame {
  readonly code: number;
  /** The whole request. */
  readonly frame: Buffer;
  readonly body: Buffer;
  /** Virtual time. */
  readonly atMs: number;
}

/** What to answer; `undefined` never answers. */
type Reply = (asked: AskedFrame) => Answer | undefined;

export class ScriptedCTracker {
  readonly asked: AskedFrame[] = [];
  readonly replies = new Map<number, Reply>();
  readonly host: SimHost;
  private readonly world: SimWorld;

  constructor(world: SimWorld, address: string) {
    this.world = world;
    this.host = world.host(address);
  }

  async start(): Promise<this> {
    const { network, clock } = this.host.world;
    const answered = [
      trackerCommands.trackerStatus,
      trackerCommands.getLeader,
      trackerCommands.joinLeader,
      trackerCommands.pingLeader,
      trackerCommands.announceLeader,
      trackerCommands.commitLeader,
      trackerCommands.reselectLeader,
      trackerCommands.systemFilesStart,
      trackerCommands.systemFilePiece,
      trackerCommands.systemFilesEnd,
    ] as unknown as Command[];
    await this.world.run(
      RpcServer.listen({
        network,
        clock,
        listen: { hosts: [], port: PORT },
        routes: answered.map((command) => answerRaw(command, (request) => this.answer(command, request))),
        maxConnections: 64,
        networkTimeoutMs: 60_000,
        closeOnBadRequest: false,
        onTrouble: (trouble) => {
          if (trouble.kind === "handler-failed") throw trouble.error;
        },
      }),
    );
    return this;
  }

  framesOf(code: number): AskedFrame[] {
    return this.asked.filter((asked) => asked.code === code);
  }

  private answer({ code, request }: Command, value: unknown): Buffer | Promise<Buffer> {
    const body = request.encode(value);
    const frame = Buffer.concat([Buffer.alloc(HEADER_BYTES), body]);
    writeHeader(frame, 0, body.length, code, 0);
    const asked = { code, frame, body, atMs: this.world.nowMs };
    this.asked.push(asked);
    const reply = this.replies.get(code) ?? (() => ({ status: 22, body: Buffer.alloc(0) }));
    const answer = reply(asked);
    if (answer === undefined) return new Promise(() => {});
    if (answer.status !== 0) throw FdfsError.fromStatus(answer.status);
    return answer.body;
  }
}
