// What happens to a mark when its peer is deleted, moves, or gets an id (storage-formats.md §2.7).
import type { Disk, Logger } from "@fastdfs-ts/runtime";

import type { Peer } from "../tracker-link/membership-view.ts";

/** Files of a peer: its mark, the records that it refuses, and how far it is certain to have come. */
const suffixes = ["", ".parked", ".certain"];

/** The peer was deleted: if it comes back, it begins anew. The old mark stays for whoever wants to look. */
export function setMarkAside(disk: Disk, path: string, nowMs: number, log: Logger): void {
  rename(disk, path, `${path}.${timestamp(nowMs)}`, log);
}

/** The peer has another address. Its mark is the one that counts, even if one was begun for the new address. */
export function moveMark(disk: Disk, from: string, to: string, log: Logger): void {
  rename(disk, from, to, log);
}

/** Ids were introduced since the mark was written. */
export function adoptOldMark(disk: Disk, folder: string, peer: Peer, path: string, log: Logger): void {
  if (disk.stat(path) === undefined) rename(disk, `${folder}/${peer.address}_${peer.port}.mark`, path, log);
}

function rename(disk: Disk, from: string, to: string, log: Logger): void {
  for (const suffix of suffixes) {
    if (from === to || disk.stat(from + suffix) === undefined) continue;
    disk.rename(from + suffix, to + suffix);
    if (suffix === "") log.info("replication.mark-renamed", { from, to });
  }
}

/** "20261122044547" */
function timestamp(nowMs: number): string {
  const date = new Date(nowMs);
  const parts = [date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()];
  return `${date.getFullYear()}${parts.map((part) => String(part).padStart(2, "0")).join("")}`;
}
