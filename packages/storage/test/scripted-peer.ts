// A storage that answers pushes from a script and remembers them, on a simulated host: one request at a time per connection,
// as C's do, and closed after a 22.
import { frame, frameBodyBytes, frameCommand, frameStatus, HEADER_BYTES, storageCommands } from "@fastdfs-ts/protocol";
import { ChunkQueue } from "@fastdfs-ts/rpc";
import type { Connection, Listener } from "@fastdfs-ts/runtime";
import type { SimHost, SimWorld } from "@fastdfs-ts/simulation";

const { syncCreateFile, syncAppendFile, syncDeleteFile, syncTruncateFile, syncCreateLink, syncRenameFile } =
  storageCommands;

export interface Pushed {
  readonly code: number;
  /** Byte 9. */
  readonly flags: number;
  readonly body: Buffer;
  /** The file it is about, "" for other commands. */
  readonly name: string;
  readonly content: Buffer;
  /** Number of the connection, from 0. */
  readonly connection: number;
  readonly atMs: number;
}

/** A status, a whole answer, or what the peer does instead of answering. */
export type PeerReply = number | Buffer | "close" | "nothing";

/** Answers of a C server that takes everything. */
export function takesEverything({ code }: Pushed): PeerReply {
  return code === storageCommands.peerHello.code ? 22 : 0;
}

/** Answers of a server of ours that takes everything. */
export function takesEverythingAsOurs({ code }: Pushed): PeerReply {
  if (code !== storageCommands.peerHello.code) return 0;
  return frame(100, storageCommands.peerHello.answer.encode({ extensionVersion: 1, powerLossMs: 0 }));
}

export class ScriptedPeer {
  readonly host: SimHost;
  readonly pushed: Pushed[] = [];
  connections = 0;
  open = 0;
  reply: (pushed: Pushed) => PeerReply = takesEverything;
  private readonly world: SimWorld;
  private listener: Listener | undefined;

  constructor(world: SimWorld, address: string) {
    this.world = world;
    this.host = world.host(address);
  }

  get address(): string {
    return this.host.address;
  }

  async start(): Promise<this> {
    const listen = this.host.world.network.listen({ host: "", port: 23000 }, (socket) => this.serve(socket));
    this.listener = await this.world.run(listen);
    return this;
  }

  async stop(): Promise<void> {
    await this.listener?.close();
    this.listener = undefined;
  }

  /** The commands of what was pushed, hellos and signs of life left out. */
  get records(): Pushed[] {
    return this.pushed.filter(({ name }) => name !== "");
  }

  private serve(socket: Connection): void {
    const connection = this.connections++;
    this.open++;
    const inbox = new ChunkQueue();
    socket.attach({
      data: (chunk) => {
        inbox.push(Buffer.from(chunk));
        while (this.takeOne(socket, inbox, connection));
      },
      drained: () => undefined,
      closed: () => {
        this.open--;
      },
    });
  }

  private takeOne(socket: Connection, inbox: ChunkQueue, connection: number): boolean {
    if (inbox.length < HEADER_BYTES) return false;
    const header = inbox.peek(HEADER_BYTES);
    const bodyBytes = frameBodyBytes(header);
    if (inbox.length < HEADER_BYTES + bodyBytes) return false;
    inbox.skip(HEADER_BYTES);
    const body = Buffer.from(inbox.take(bodyBytes));
    const code = frameCommand(header);
    const flags = frameStatus(header);
    const pushed = { code, flags, body, ...whatOf(code, body), connection, atMs: this.world.nowMs };
    this.pushed.push(pushed);
    const reply = this.reply(pushed);
    if (reply === "close") socket.destroy();
    else if (reply !== "nothing") socket.write(typeof reply === "number" ? frame(100, undefined, reply) : reply);
    if (reply === 22) socket.end();
    return typeof reply !== "string" && reply !== 22;
  }
}

function whatOf(code: number, body: Buffer): { name: string; content: Buffer } {
  const none = Buffer.alloc(0);
  switch (code) {
    case syncCreateFile.code:
    case storageCommands.syncUpdateFile.code: {
      const headBytes = syncCreateFile.request.headSize(body);
      const { logicalName: name } = syncCreateFile.request.decode(body.subarray(0, headBytes));
      return { name, content: body.subarray(headBytes) };
    }
    case syncAppendFile.code:
    case storageCommands.syncModifyFile.code: {
      const headBytes = syncAppendFile.request.headSize(body);
      const { logicalName: name } = syncAppendFile.request.decode(body.subarray(0, headBytes));
      return { name, content: body.subarray(headBytes) };
    }
    case syncDeleteFile.code:
      return { name: syncDeleteFile.request.decode(body).logicalName, content: none };
    case syncTruncateFile.code:
      return { name: syncTruncateFile.request.decode(body).logicalName, content: none };
    case syncCreateLink.code:
      return { name: syncCreateLink.request.decode(body).linkName, content: none };
    case syncRenameFile.code:
      return { name: syncRenameFile.request.decode(body).newName, content: none };
    default:
      return { name: "", content: none };
  }
}
