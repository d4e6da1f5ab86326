// What is seen of a cluster beyond what choices need: what explanations and refusals tell of members. The records of
// ../cluster satisfy these interfaces.
import type { LoadReport, StorageStatus } from "@fastdfs-ts/protocol";

import type { GroupPicture, LoadPicture, MemberPicture } from "./cluster-picture.ts";

interface WatchedLoad extends LoadPicture {
  /** Of tasks that came whole, smoothed; undefined if none was measured. */
  readonly latencyMicros: number | undefined;
  /** Of its busiest disk, bytes per second in which it was busy, smoothed; undefined if it was never measured. */
  readonly diskSpeed: number | undefined;
  /** The last one; undefined of a C storage, and before the first. */
  readonly report: LoadReport | undefined;
  /** Since the last report or beat; monotonic milliseconds. */
  ageMs(nowMs: number): number;
}

export interface WatchedMember extends MemberPicture {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly status: StorageStatus;
  /** In words, why it is in this status. */
  readonly reason: string;
  readonly rwMode: number;
  readonly totalMib: number;
  readonly freeMib: number;
  readonly load: WatchedLoad;
}

export interface WatchedGroup<Member extends WatchedMember = WatchedMember> extends GroupPicture<Member> {
  /** All members in string order of their ids. */
  readonly sorted: readonly Member[];
}
