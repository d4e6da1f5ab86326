// A tracker that answers from a script and remembers what it was asked, on a simulated host.
import {
  ChangeList,
  type Command,
  FdfsError,
  JoinRequest,
  type StorageBrief,
  trackerCommands,
  type TrackerCommandName,
} from "@fastdfs-ts/protocol";
import { answerRaw, quit, type Route, RpcServer } from "@fastdfs-ts/rpc";
import type { SimHost, SimWorld } from "@fastdfs-ts/simulation";

export interface Asked {
  readonly name: TrackerCommandName;
  readonly request: never;
  /** The request's body as it came. */
  readonly body: Buffer;
  /** Virtual time. */
  readonly atMs: number;
}

/** A body, or a status other than 0. */
export type Reply = Buffer | number;

export const nothingChanged: ChangeList = { leader: undefined, trunkServer: undefined, storages: undefined };

export function brief(storageId: string, status: number): StorageBrief {
  return { status, storagePort: 23000, storageId, storageIp: storageId };
}

export function leaderAt(host: string): StorageBrief {
  return { status: 0, storagePort: 22122, storageId: host.slice(0, 15), storageIp: host };
}

export function joinAnswer(status: number, sourceStorageId = ""): Buffer {
  return trackerCommands.join.answer.encode({ status, sourceStorageId });
}

const usualReplies: Partial<Record<TrackerCommandName, Reply>> = {
  join: joinAnswer(0),
  syncDestinationRequest: Buffer.alloc(0),
  syncNotify: Buffer.alloc(0),
  heartbeat: ChangeList.encode(nothingChanged),
  diskReport: ChangeList.encode(nothingChanged),
  syncReport: ChangeList.encode(nothingChanged),
  replicaChange: Buffer.alloc(0),
  changeStatus: Buffer.alloc(0),
  changelog: Buffer.alloc(0),
};

export class ScriptedTracker {
  readonly asked: Asked[] = [];
  /** Joined connections that are open now. */
  joined = 0;
  /** Replies that differ from the usual ones, computed when asked. */
  readonly replies: Partial<Record<TrackerCommandName, (asked: Asked) => Reply>> = {};
  private readonly world: SimWorld;
  private readonly host: SimHost;
  private server: RpcServer | undefined;

  constructor(world: SimWorld, address: string) {
    this.world = world;
    this.host = world.host(address);
  }

  /** Listens on port 22122. */
  async start(): Promise<this> {
    this.server = await this.world.run(
      RpcServer.listen({
        network: this.host.world.network,
        clock: this.host.world.clock,
        listen: { hosts: [], port: 22122 },
        routes: this.routes(),
        maxConnections: 100,
        networkTimeoutMs: 60_000,
        closeOnBadRequest: false,
        onTrouble: (trouble) => {
          if (trouble.kind === "handler-failed") throw new Error("the script is wrong", { cause: trouble.error });
        },
      }),
    );
    return this;
  }

  /** Stops listening and cuts all connections. */
  async stop(): Promise<void> {
    if (this.server !== undefined) await this.world.run(this.server.stop(0));
    this.server = undefined;
  }

  all(name: TrackerCommandName): Asked[] {
    return this.asked.filter((asked) => asked.name === name);
  }

  get names(): TrackerCommandName[] {
    return this.asked.map(({ name }) => name);
  }

  joins(): JoinRequest[] {
    return this.all("join").map(({ body }) => JoinRequest.decode(body));
  }

  private routes(): Route[] {
    return Object.entries(trackerCommands).map(([name, command]) =>
      command === (trackerCommands.quit as unknown)
        ? quit(trackerCommands.quit)
        : answerRaw(command as unknown as Command<never>, (request, session) => {
            const asked: Asked = {
              name: name as TrackerCommandName,
              request,
              body: (command as Command).request.encode(request),
              atMs: this.world.nowMs,
            };
            if (name === "join") {
              this.joined++;
              session.onClosed(() => this.joined--);
            }
            this.asked.push(asked);
            const reply = this.replies[asked.name]?.(asked) ?? usualReplies[asked.name] ?? 22;
            if (typeof reply === "number") throw FdfsError.fromStatus(reply);
            return reply;
          }),
    );
  }
}
