// What this storage knows of the cluster: the leading tracker, the trunk server, the members of its group. It is merged from
// the change lists that come with the answers to reports (cluster-behaviour.md §3.3, §3.4).
import {
  type ChangeList,
  MAX_STORAGES_PER_GROUP,
  type StorageBrief,
  type StorageStatus,
  storageStatusOf,
  storageStatusValue,
} from "@fastdfs-ts/protocol";
import type { Endpoint, Logger } from "@fastdfs-ts/runtime";

import { isStorageId } from "../identity.ts";
import { mergeAction } from "./membership-table.ts";
import { isAt, type TrackerAddress } from "./tracker-address.ts";

/** Another member of the group. */
export interface Peer {
  readonly storageId: string;
  readonly address: string;
  readonly port: number;
  readonly status: StorageStatus;
}

/** `shouldFeed` is true when replication to this peer has to begin, the first time or again. */
export interface PeerChange {
  readonly peer: Peer;
  readonly before: StorageStatus | undefined;
  readonly shouldFeed: boolean;
}

export interface MergeOutcome {
  /** To be told to this tracker with 85. */
  readonly differences: readonly StorageBrief[];
  /** What the leader says of this storage itself, if it sent a list. */
  readonly ownStatus: StorageStatus | undefined;
}

export class MembershipView {
  private readonly ownId: string;
  private readonly log: Logger;
  private readonly known = new Map<string, Peer>();
  private readonly listeners = new Set<(change: PeerChange) => void>();
  /** Called when another tracker leads than before. */
  onOtherLeader: ((before: Endpoint, now: Endpoint) => void) | undefined;
  private leaderAddress: Endpoint | undefined;
  private trunk: StorageBrief | undefined;

  constructor(ownId: string, log: Logger) {
    this.ownId = ownId;
    this.log = log;
  }

  /** The tracker that leads, as the trackers say. */
  get leader(): Endpoint | undefined {
    return this.leaderAddress;
  }

  /** The trunk server of the group, this storage perhaps. */
  get trunkServer(): StorageBrief | undefined {
    return this.trunk;
  }

  /** The other members, in the order of their ids as strings; members that are gone have the status NONE. */
  get peers(): readonly Peer[] {
    return [...this.known.values()].sort((a, b) => (a.storageId < b.storageId ? -1 : 1));
  }

  /** Calls `listener` for every peer that is new or whose status changes. Returns how to stop it. */
  onPeerChange(listener: (change: PeerChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A peer that was deleted or moved is no longer fed: its slot is free. */
  releasePeer(storageId: string): void {
    const peer = this.known.get(storageId);
    if (peer !== undefined) this.set({ ...peer, status: "NONE" }, peer.status, false);
  }

  /** Two trackers led at once, and were told to step down. */
  forgetLeader(): void {
    this.leaderAddress = undefined;
  }

  /** Takes in what a tracker told. Senseless records are skipped with a warning. */
  merge(from: TrackerAddress, changes: ChangeList): MergeOutcome {
    if (changes.leader !== undefined) this.takeLeader(changes.leader);
    // Only the leader knows; a list that a former leader sent late does not count.
    const isFromLeader = this.leaderAddress !== undefined && isAt(from, this.leaderAddress);
    if (changes.trunkServer !== undefined && isFromLeader) this.takeTrunkServer(changes.trunkServer);
    return changes.storages === undefined
      ? { differences: [], ownStatus: undefined }
      : this.mergeMembers(changes.storages);
  }

  private takeLeader({ storageIp: host, storagePort: port }: StorageBrief): void {
    const leader = host === "" ? undefined : { host, port };
    if (leader?.host === this.leaderAddress?.host && leader?.port === this.leaderAddress?.port) return;
    const before = this.leaderAddress;
    this.leaderAddress = leader;
    if (leader === undefined) this.log.warn("cluster.no-leader");
    else this.log.info("cluster.leader", { leader: `${host}:${port}` });
    if (before !== undefined && leader !== undefined) this.onOtherLeader?.(before, leader);
  }

  private takeTrunkServer(brief: StorageBrief): void {
    const before = this.trunk?.storageId;
    this.trunk = brief.storageId === "" ? undefined : brief;
    if (before !== this.trunk?.storageId)
      this.log.info("cluster.trunk-server", { id: this.trunk?.storageId ?? "none" });
  }

  private mergeMembers(members: readonly StorageBrief[]): MergeOutcome {
    const differences: StorageBrief[] = [];
    const named = new Set<string>();
    let ownStatus: StorageStatus | undefined;
    for (const brief of members) {
      const status = storageStatusOf(brief.status);
      if (status === undefined || !isStorageId(brief.storageId)) {
        this.log.warn("cluster.senseless-member", { id: brief.storageId, status: brief.status });
      } else if (brief.storageId === this.ownId) ownStatus = status;
      else {
        named.add(brief.storageId);
        this.mergePeer(brief, status, differences);
      }
    }
    for (const peer of this.known.values()) {
      if (!named.has(peer.storageId) && peer.status !== "NONE") differences.push(briefOf(peer));
    }
    return { differences: differences.slice(0, MAX_STORAGES_PER_GROUP), ownStatus };
  }

  private mergePeer(brief: StorageBrief, told: StorageStatus, differences: StorageBrief[]): void {
    const { storageId } = brief;
    const before = this.known.get(storageId);
    const peer: Peer = {
      storageId,
      address: brief.storageIp || (before?.address ?? ""),
      port: brief.storagePort || (before?.port ?? 0),
      status: before?.status ?? told,
    };
    switch (mergeAction(told, before?.status ?? "unknown")) {
      case "add":
        // One slot is our own.
        if (this.known.size < MAX_STORAGES_PER_GROUP - 1) this.set(peer, undefined, true);
        else this.log.warn("cluster.too-many-members", { id: storageId, limit: MAX_STORAGES_PER_GROUP });
        break;
      case "start":
        this.set({ ...peer, status: told }, before?.status, true);
        break;
      case "take":
        this.set({ ...peer, status: told }, before?.status, false);
        break;
      case "differ":
        differences.push(briefOf(peer));
        this.known.set(storageId, peer);
        break;
      case "keep":
        this.known.set(storageId, peer);
        break;
      case "ignore":
        break;
    }
  }

  private set(peer: Peer, before: StorageStatus | undefined, shouldFeed: boolean): void {
    this.known.set(peer.storageId, peer);
    this.log.info("cluster.member", { id: peer.storageId, status: peer.status, before: before ?? "unknown" });
    for (const listener of this.listeners) listener({ peer, before, shouldFeed });
  }
}

function briefOf({ storageId, address, port, status }: Peer): StorageBrief {
  return { status: storageStatusValue(status), storagePort: port, storageId, storageIp: address };
}
