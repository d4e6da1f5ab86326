// Two trackers that both lead are told to step down by the storage that notices it (cluster-behaviour.md §7.5). They may
// not be able to reach each other, so nobody else can.
import { type Command, FdfsError, trackerCommands } from "@fastdfs-ts/protocol";
import { peerText, RpcConnection } from "@fastdfs-ts/rpc";
import type { Deadlines, Endpoint, Logger, Network } from "@fastdfs-ts/runtime";

export interface LeaderDisputeOptions {
  readonly network: Network;
  readonly deadlines: Deadlines;
  readonly connectTimeoutMs: number;
  readonly networkTimeoutMs: number;
  readonly localAddress: string | undefined;
  readonly log: Logger;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  /** There is no leader until one is elected anew. */
  readonly forgetLeader: () => void;
}

export class LeaderDispute {
  private readonly options: LeaderDisputeOptions;
  private underWay: Promise<void> | undefined;

  constructor(options: LeaderDisputeOptions) {
    this.options = options;
  }

  /** Another tracker leads than before. Does nothing while an earlier change is looked into: there will be a next one. */
  look(before: Endpoint, now: Endpoint): void {
    this.underWay ??= this.settle(before, now).finally(() => {
      this.underWay = undefined;
    });
  }

  /** Resolves when nothing is under way. */
  async ended(): Promise<void> {
    await this.underWay;
  }

  /** Never throws: a tracker that cannot be reached leads nobody here. */
  private async settle(before: Endpoint, now: Endpoint): Promise<void> {
    if (!(await this.claimsToLead(before))) return;
    const { forgetLeader, log } = this.options;
    log.warn("cluster.two-leaders", {
      leaders: `${peerText(before)}, ${peerText(now)}`,
      remedy: "both are told to step down",
    });
    forgetLeader();
    const request = trackerCommands.reselectLeader;
    for (const result of await Promise.allSettled([this.ask(before, request), this.ask(now, request)])) {
      // One that does not lead any more says so with this status.
      if (result.status === "fulfilled" || isRefusal(result.reason)) continue;
      log.warn("cluster.leader-not-told", { error: result.reason });
    }
  }

  private async claimsToLead(tracker: Endpoint): Promise<boolean> {
    try {
      return (await this.ask(tracker, trackerCommands.trackerStatus)).isLeader;
    } catch {
      return false;
    }
  }

  private async ask<Answer>(tracker: Endpoint, command: Command<Record<string, never>, Answer>): Promise<Answer> {
    const { network, deadlines, connectTimeoutMs, networkTimeoutMs: timeoutMs, signal, localAddress } = this.options;
    const dial = { connectTimeoutMs, deadlines, signal, localAddress };
    const connection = await RpcConnection.dial(network, tracker, dial);
    try {
      return await connection.call(command, {}, { timeoutMs, signal });
    } finally {
      connection.end();
    }
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof FdfsError && error.kind === "NOT_SUPPORTED";
}
