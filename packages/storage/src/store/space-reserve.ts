// When a store path counts as full (cluster-behaviour.md §6.4).
import type { SpaceReserve } from "@fastdfs-ts/runtime";

const MIB = 1024 * 1024;

/** Whether a path of `totalBytes` that has `freeBytes` left may take `neededBytes` more. */
export function hasRoom(
  freeBytes: number,
  totalBytes: number,
  neededBytes: number,
  reserve: SpaceReserve,
  pathCount: number,
): boolean {
  const leftMib = Math.floor(freeBytes / MIB) - Math.floor(neededBytes / MIB);
  // A fixed reserve is meant for the server: each path keeps its share.
  if (reserve.kind === "bytes") return leftMib > Math.floor(Math.floor(reserve.bytes / MIB) / pathCount);
  return totalBytes > 0 && leftMib / Math.floor(totalBytes / MIB) > reserve.ratio;
}
