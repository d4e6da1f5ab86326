// Finds a storage that does what is wanted: the one a tracker named first, then the others that qualify, then all again
// after a pause while nobody accepted a connection (wire-protocol.md §10.2). What may be repeated is the retry policy's
// decision.
import { type Command, FdfsError } from "@fastdfs-ts/protocol";
import { peerText, type RpcConnection } from "@fastdfs-ts/rpc";
import { type Clock, type Endpoint, sleep } from "@fastdfs-ts/runtime";

import type { Exchanges, Use } from "./exchanges.ts";
import { isKind, verdict } from "./retry-policy.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

export interface Target {
  readonly endpoint: Endpoint;
}

/** The servers that may do it. `others` is only asked when the first did not. */
export interface Route<T extends Target> {
  readonly first: T;
  others(): Promise<readonly T[]>;
}

/** What `use` gave, and the connection it was had from, which the caller must release. */
export interface Held<T> {
  readonly value: T;
  readonly connection: RpcConnection;
}

export interface StorageClientOptions {
  readonly exchanges: Exchanges;
  readonly clock: Clock;
  readonly connectAttempts: number;
  /** Translates announced addresses into reachable ones. */
  readonly storageAddress: (announced: Endpoint) => Endpoint;
}

export class StorageClient {
  private readonly options: StorageClientOptions;

  constructor(options: StorageClientOptions) {
    this.options = options;
  }

  /** Runs one exchange with the first server of the route that does it. Throws what the retry policy cannot help. */
  async use<T, Where extends Target>(
    route: Route<Where>,
    retry: Command["retry"],
    signal: AbortSignal,
    use: (connection: RpcConnection, target: Where, attempt: number) => Promise<T>,
  ): Promise<T> {
    const { value, connection } = await this.hold(route, retry, signal, use);
    this.release(connection);
    return value;
  }

  /** As `use`, for an exchange that goes on after this call, such as a download being read. */
  async hold<T, Where extends Target>(
    route: Route<Where>,
    retry: Command["retry"],
    signal: AbortSignal,
    use: (connection: RpcConnection, target: Where, attempt: number) => Promise<T>,
  ): Promise<Held<T>> {
    const { exchanges, connectAttempts, storageAddress } = this.options;
    const targets = new TargetList(route);
    for (let round = 1; ; round++) {
      for (let target = targets.first(); target !== undefined; target = await targets.next()) {
        const current = target;
        const asked: Use<T> = (connection, attempt) => use(connection, current, attempt);
        const outcome = await exchanges.attempt(storageAddress(target.endpoint), retry, signal, asked);
        if (outcome.ok) return outcome;
        if (outcome.step === "give-up") throw outcome.error;
        targets.failed(target, outcome.error, outcome.reach === "not-sent");
      }
      if (round >= connectAttempts || !targets.isWorthAnotherRound) throw verdict(targets.failures);
      await this.pause(Math.min(FIRST_PAUSE_MS * 2 ** (round - 1), LONGEST_PAUSE_MS), signal);
    }
  }

  release(connection: RpcConnection): void {
    this.options.exchanges.release(connection);
  }

  private async pause(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await sleep(this.options.clock, ms, signal);
    } catch (error) {
      throw new FdfsError("ABORTED", {}, { cause: error });
    }
  }
}

/** The targets of a route in turn, and what became of them. */
class TargetList<T extends Target> {
  private readonly route: Route<T>;
  private readonly lastFailure = new Map<string, unknown>();
  /** They answered, or might have: asking them again would not help. */
  private readonly spent = new Set<string>();
  private readonly targets: T[];
  private othersAsked = false;
  private at = 0;

  constructor(route: Route<T>) {
    this.route = route;
    this.targets = [route.first];
  }

  get failures(): readonly unknown[] {
    return [...this.lastFailure.values()];
  }

  get isWorthAnotherRound(): boolean {
    return this.spent.size < this.lastFailure.size;
  }

  first(): T | undefined {
    this.at = 0;
    return this.skipSpent();
  }

  async next(): Promise<T | undefined> {
    this.at++;
    if (this.at >= this.targets.length && !this.othersAsked) {
      this.othersAsked = true;
      await this.addOthers();
    }
    return this.skipSpent();
  }

  failed(target: T, error: unknown, mayTryAgain: boolean): void {
    const key = peerText(target.endpoint);
    this.lastFailure.set(key, error);
    if (!mayTryAgain) this.spent.add(key);
  }

  private skipSpent(): T | undefined {
    while (this.at < this.targets.length && this.spent.has(peerText(this.targets[this.at]!.endpoint))) this.at++;
    return this.targets[this.at];
  }

  private async addOthers(): Promise<void> {
    const known = new Set(this.targets.map(({ endpoint }) => peerText(endpoint)));
    try {
      for (const other of await this.route.others()) {
        if (!known.has(peerText(other.endpoint))) this.targets.push(other);
      }
    } catch (error) {
      // What the first server said counts more than that nobody could name another one.
      if (isKind(error, "ABORTED")) throw error;
    }
  }
}
