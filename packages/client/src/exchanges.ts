// One request to one server: takes a connection from the pool, and repeats the request on another one if the first
// turned out to have died while nobody used it and repeating does no harm.
import type { Command } from "@fastdfs-ts/protocol";
import type { ConnectionPool, RpcConnection } from "@fastdfs-ts/rpc";
import type { Endpoint } from "@fastdfs-ts/runtime";

import { kindOf, nextStep, type NextStep, type Reach } from "./retry-policy.ts";

/** Sends the request. `attempt` counts from 0: above it, an earlier sending may have been carried out. */
export type Use<T> = (connection: RpcConnection, attempt: number) => Promise<T>;

/** On success the connection is the caller's until it is released. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly connection: RpcConnection }
  | { readonly ok: false; readonly error: unknown; readonly reach: Reach; readonly step: NextStep };

export class Exchanges {
  private readonly pool: ConnectionPool;
  private readonly used = new WeakSet<RpcConnection>();
  /** Each dead connection is noticed once; the bound only guards against a server that cuts off whoever comes back. */
  private readonly attemptsMax: number;

  constructor(pool: ConnectionPool, maxPerServer: number) {
    this.pool = pool;
    this.attemptsMax = maxPerServer + 1;
  }

  /** Never throws: what went wrong is in the outcome, with what the retry policy says of it. */
  async attempt<T>(endpoint: Endpoint, retry: Command["retry"], signal: AbortSignal, use: Use<T>): Promise<Outcome<T>> {
    let sent: unknown;
    for (let attempt = 0; ; attempt++) {
      let reach: Reach = "not-sent";
      try {
        const connection = await this.pool.acquire(endpoint, signal);
        reach = this.used.has(connection) ? "sent-on-reused" : "sent-on-fresh";
        this.used.add(connection);
        try {
          return { ok: true, value: await use(connection, attempt), connection };
        } catch (error) {
          this.pool.release(connection);
          throw error;
        }
      } catch (error) {
        const step = nextStep(retry, reach, kindOf(error));
        if (step === "same-server" && attempt < this.attemptsMax) {
          sent ??= error;
          continue;
        }
        if (sent === undefined || reach !== "not-sent") return { ok: false, error, reach, step };
        // The server is gone, but what it was sent first may have been carried out: "unreachable" would deny that.
        return { ok: false, error: sent, reach: "sent-on-fresh", step: nextStep(retry, "sent-on-fresh", kindOf(sent)) };
      }
    }
  }

  release(connection: RpcConnection): void {
    this.pool.release(connection);
  }
}
