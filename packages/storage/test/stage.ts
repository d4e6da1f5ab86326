// A storage on a simulated host that can be killed and started again, and a client on another.
import { Deadlines } from "@fastdfs-ts/runtime";
import { checkStore, type FoundFile, type SimHost, SimWorld } from "@fastdfs-ts/simulation";
import { type ServedStore, serveStore } from "./served-store.ts";
import { StoreClient } from "./store-client.ts";

const SERVER = "192.0.2.1";
const CLIENT = "192.0.2.9";
const DIRECTORY = "/store";

/** One simulated storage and its client. */
export class Stage {
  readonly world: SimWorld;
  readonly host: SimHost;
  private readonly clientHost: SimHost;
  private served!: ServedStore;
  private client!: StoreClient;

  private constructor(seed: string) {
    this.world = SimWorld.create(seed);
    this.host = this.world.host(SERVER);
    this.clientHost = this.world.host(CLIENT);
  }

  /** A host with an empty disk, on which nothing runs yet. */
  static empty(seed: string): Stage {
    return new Stage(seed);
  }

  static async open(seed: string): Promise<Stage> {
    const stage = new Stage(seed);
    await stage.start();
    return stage;
  }

  /** Starts the server in the host's present life, and connects. */
  async start(isRepairDue = false): Promise<void> {
    const { world } = this.host;
    this.served = await this.world.run(
      serveStore({
        directory: DIRECTORY,
        world,
        listenHost: SERVER,
        config: { subdirCountPerPath: 1, distributeRotateCount: 1000 },
        isRepairDue,
      }),
    );
    this.client = await this.connect();
  }

  connect(): Promise<StoreClient> {
    const { clock, network } = this.clientHost.world;
    const endpoint = { host: SERVER, port: this.served.port };
    return this.world.run(StoreClient.dial(network, Deadlines.open(clock, 50), endpoint));
  }

  /** Runs `work` with the client and lets time pass until it has ended. */
  do<T>(work: (client: StoreClient) => Promise<T>): Promise<T> {
    return this.world.run(work(this.client));
  }

  /** `isRepairDue`: as after a power cut. */
  restart(isRepairDue = false): Promise<void> {
    this.host.restart();
    return this.start(isRepairDue);
  }

  /** What the server's handlers should not have thrown. */
  get troubles(): readonly unknown[] {
    return this.served.troubles;
  }

  /** Unix time of the last change of a file. */
  modifiedSeconds(logicalName: string): number {
    const stat = this.host.world.disk.stat(`${DIRECTORY}/path0/data/${logicalName.slice(4)}`);
    return Math.floor((stat?.modifiedMs ?? NaN) / 1000);
  }

  /** What clients can see; throws if the disk is not sound. */
  files(): Map<string, FoundFile> {
    return checkStore(this.host.world.disk, DIRECTORY);
  }
}
