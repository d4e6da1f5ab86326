// A storage that hangs keeps its connection and says nothing: a C tracker sends clients to it for up to twice
// check_active_interval (cluster-behaviour.md §2.6, §11.1 W12). This one asks a silent storage whether it lives (111), and
// takes it out of service when it does not answer.
import { connectionCommands, FdfsError } from "@fastdfs-ts/protocol";
import { RpcConnection } from "@fastdfs-ts/rpc";
import type { Clock, Deadlines, Network, Timer } from "@fastdfs-ts/runtime";

import type { Cluster } from "./cluster/cluster.ts";
import type { StorageNode } from "./cluster/storage-node.ts";
import { PROBE_LOOK_MS, PROBE_TIMEOUT_MS, PROBES_AT_ONCE, PROBES_FAILED, SILENT_BEATS } from "./limits.ts";

export interface StorageProbeOptions {
  readonly cluster: Cluster;
  readonly network: Network;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
}

export class StorageProbe {
  private readonly options: StorageProbeOptions;
  private readonly timer: Timer;
  private readonly stopping = new AbortController();
  /** Who is asked now. */
  private readonly asked = new Map<StorageNode, Promise<void>>();
  /** Unanswered probes in a row, of members that are silent now. */
  private readonly failures = new WeakMap<StorageNode, number>();
  /** Members that were asked on their present connection whether this tracker can reach them at all. */
  private readonly tried = new WeakMap<StorageNode, number>();

  private constructor(options: StorageProbeOptions) {
    this.options = options;
    this.timer = options.clock.every(PROBE_LOOK_MS, () => this.look());
  }

  static start(options: StorageProbeOptions): StorageProbe {
    return new StorageProbe(options);
  }

  /** Ends all probes. May be called twice. */
  async stop(): Promise<void> {
    this.timer.cancel();
    this.stopping.abort(new FdfsError("ABORTED", { reason: "the tracker is stopping" }));
    await Promise.all(this.asked.values());
  }

  private look(): void {
    for (const group of this.options.cluster.groups) {
      for (const node of group.members) {
        if (this.asked.size >= PROBES_AT_ONCE) return;
        if (node.status !== "ACTIVE" || this.asked.has(node)) continue;
        if (this.isSilent(node) || this.isNew(node)) this.asked.set(node, this.probe(node));
      }
    }
  }

  /** Silent for longer than its own beats let expect. Where the tracker cannot reach storages, silence proves nothing. */
  private isSilent(node: StorageNode): boolean {
    const { cluster } = this.options;
    if (!node.wasReached || node.beatPause === 0) return false;
    const isSilent = cluster.monotonicSeconds() - node.lastAlive > SILENT_BEATS * node.beatPause + 1;
    if (!isSilent) this.failures.delete(node);
    return isSilent;
  }

  private isNew(node: StorageNode): boolean {
    return !node.wasReached && this.tried.get(node) !== node.upTime;
  }

  private async probe(node: StorageNode): Promise<void> {
    const silentSince = node.lastAlive;
    this.tried.set(node, node.upTime);
    const isAlive = await this.answers(node);
    this.asked.delete(node);
    if (this.stopping.signal.aborted) return;
    if (isAlive) node.wasReached = true;
    else if (node.wasReached) this.noteFailure(node, silentSince);
  }

  private noteFailure(node: StorageNode, silentSince: number): void {
    const { cluster } = this.options;
    // It has reported meanwhile.
    if (node.lastAlive !== silentSince || node.status !== "ACTIVE") return;
    const failures = (this.failures.get(node) ?? 0) + 1;
    this.failures.set(node, failures);
    if (failures < PROBES_FAILED) return;
    this.failures.delete(node);
    const seconds = Math.round(cluster.monotonicSeconds() - silentSince);
    cluster.apply(node, "unresponsive", `no report for ${seconds} s, and it does not answer when it is asked (111)`);
  }

  /** A server that ends the connection, or refuses, lives. */
  private async answers(node: StorageNode): Promise<boolean> {
    const { network, deadlines } = this.options;
    const { signal } = this.stopping;
    const endpoint = { host: node.addresses[0]!, port: node.port };
    let connection: RpcConnection | undefined;
    try {
      connection = await RpcConnection.dial(network, endpoint, {
        connectTimeoutMs: PROBE_TIMEOUT_MS,
        deadlines,
        signal,
      });
      await connection.call(connectionCommands.activeTest, {}, { timeoutMs: PROBE_TIMEOUT_MS, signal });
      return true;
    } catch (error) {
      const { kind } = FdfsError.fromUnknown(error);
      return kind !== "TIMED_OUT" && kind !== "UNREACHABLE";
    } finally {
      connection?.end();
    }
  }
}
