// All disks of this server, and the choice among them for a new file (cluster-behaviour.md §6.2, wire-protocol.md §8.2).
import { FdfsError, storePathChoices } from "@fastdfs-ts/protocol";
import type { SpaceReserve } from "@fastdfs-ts/runtime";

import type { DiskHealth } from "./disk-health.ts";
import { hasRoom } from "./space-reserve.ts";
import type { StorePath } from "./store-path.ts";

export interface PlacementRules {
  /** 0 round robin, 2 most free space: the tracker's `store_path`. */
  readonly storePathChoice: number;
  readonly reserve: SpaceReserve;
}

export class StorePaths {
  readonly all: readonly StorePath[];
  private readonly rules: () => PlacementRules;
  private turn = 0;

  constructor(all: readonly StorePath[], rules: () => PlacementRules) {
    this.all = all;
    this.rules = rules;
  }

  get count(): number {
    return this.all.length;
  }

  /**
   * The path for a new file of `bytes`: the one asked for, or our own choice for -1, for a read-only path, and for one
   * whose disk is worse off than another's. Throws BAD_REQUEST for an index that does not exist and NO_SPACE, naming each
   * path and its free space, if nothing fits.
   */
  choose(wanted: number, bytes: number): StorePath {
    if (wanted !== -1) {
      const path = this.all[wanted];
      if (path === undefined) {
        throw new FdfsError("BAD_REQUEST", {
          reason: `there is no store path ${wanted}, this server has ${this.all.length}`,
        });
      }
      if (!path.isReadOnly) {
        if (!this.fits(path, bytes)) throw this.full([path], bytes);
        if (path.health === "quick" || !this.healthiest(bytes).some(isBetterThan(path))) return path;
      }
    }
    const usable = this.healthiest(bytes);
    if (usable.length === 0) throw this.full(this.all, bytes);
    if (this.rules().storePathChoice === storePathChoices.mostFreeSpace) {
      return usable.reduce((best, path) => (path.freeBytes > best.freeBytes ? path : best));
    }
    return usable[this.turn++ % usable.length]!;
  }

  /** Those among the paths with room for `bytes` whose disks are best off. */
  private healthiest(bytes: number): readonly StorePath[] {
    const usable = this.all.filter((path) => !path.isReadOnly && this.fits(path, bytes));
    return usable.filter((path) => !usable.some(isBetterThan(path)));
  }

  /** Refuses to write `bytes` to a given path that has no room: slave files lie beside their master. */
  requireRoom(path: StorePath, bytes: number): void {
    if (!this.fits(path, bytes)) throw this.full([path], bytes);
  }

  /** Measures the paths that were written to since the last time, or all. */
  measure(which: "written" | "all"): void {
    for (const path of this.all) if (which === "all" || path.needsMeasuring) path.measure();
  }

  private fits(path: StorePath, bytes: number): boolean {
    return hasRoom(path.freeBytes, path.totalBytes, bytes, this.rules().reserve, this.all.length);
  }

  private full(paths: readonly StorePath[], bytes: number): FdfsError {
    const { reserve } = this.rules();
    const limit = reserve.kind === "ratio" ? `${reserve.ratio * 100}% of each path` : `${reserve.bytes} bytes in all`;
    const state = paths
      .map(
        (path) =>
          `${path.path} has ${path.freeBytes} of ${path.totalBytes} bytes free${path.isReadOnly ? " and is read-only" : ""}`,
      )
      .join("; ");
    return new FdfsError("NO_SPACE", {
      reason: `no room for ${bytes} bytes: ${state}; reserved_storage_space keeps ${limit}`,
    });
  }
}

const healthOrder: readonly DiskHealth[] = ["quick", "slow", "hung"];

function isBetterThan(path: StorePath): (other: StorePath) => boolean {
  return (other) => healthOrder.indexOf(other.health) < healthOrder.indexOf(path.health);
}
