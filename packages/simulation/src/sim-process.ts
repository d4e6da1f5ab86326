// A server program on a simulated host: started, killed, and started again as by systemd.
import { Logger, type LogRecord, type World } from "@fastdfs-ts/runtime";
import type { CrashKind, SimHost } from "./sim-host.ts";
import type { SimWorld } from "./sim-world.ts";

/** Pause before a program that could not start is started again. */
const restartMs = 5000;

export interface Server {
  stop(): Promise<void>;
}

/** Starts the program. `signal` is never given: whoever wants it to end kills it. */
export type OpenServer<S extends Server> = (world: World, log: Logger) => Promise<S>;

/** Told of every record that a program logs. */
export type LogObserver = (host: SimHost, record: LogRecord) => void;

export class SimProcess<S extends Server = Server> {
  readonly host: SimHost;
  readonly #world: SimWorld;
  readonly #open: OpenServer<S>;
  readonly #onLog: LogObserver;
  #server: S | undefined;
  #failure: unknown;
  #isWanted = false;
  #isFresh = true;
  #starts = 0;

  constructor(world: SimWorld, host: SimHost, open: OpenServer<S>, onLog: LogObserver) {
    this.#world = world;
    this.host = host;
    this.#open = open;
    this.#onLog = onLog;
  }

  /** The running server; undefined while it starts, or is down. */
  get server(): S | undefined {
    return this.#server;
  }

  /** Whether it runs, or is on the way. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** What kept the last start from succeeding. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Begins to start; a start that fails is tried again. Does nothing if it runs. */
  start(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#launch();
  }

  kill(kind: CrashKind): void {
    this.#forget();
    this.host.crash(kind);
  }

  /** Ends it in an orderly way. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#forget();
    if (server !== undefined) await server.stop();
    this.host.crash("process");
  }

  #forget(): void {
    this.#isWanted = false;
    this.#server = undefined;
    this.#starts++;
  }

  #launch(): void {
    const start = ++this.#starts;
    // Whoever prepared the disk of a new host did so in its first life.
    const world = this.#isFresh && this.host.isUp ? this.host.world : this.host.restart();
    this.#isFresh = false;
    this.#open(world, this.#logOf(world)).then(
      (server) => {
        if (start !== this.#starts) return;
        this.#server = server;
        this.#failure = undefined;
      },
      (error: unknown) => {
        if (start !== this.#starts) return;
        this.#failure = error;
        this.#world.trace.record(this.host.address, `start failed: ${String(error)}`);
        this.host.crash("process");
        this.#world.after(restartMs, () => {
          if (start === this.#starts) this.#launch();
        });
      },
    );
  }

  /** What servers log is part of the trace: two equal runs log equally. */
  #logOf(world: World): Logger {
    const { address } = this.host;
    const write = (record: LogRecord) => {
      const { level, message, fields } = record;
      this.#world.trace.record(address, `${level} ${message} ${JSON.stringify(fields, plainErrors)}`);
      this.#onLog(this.host, record);
    };
    return Logger.create({ sink: { write, close() {} }, clock: world.clock, level: "info" });
  }
}

/** JSON of an Error is "{}". */
function plainErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? `${value.name}: ${value.message}` : value;
}
