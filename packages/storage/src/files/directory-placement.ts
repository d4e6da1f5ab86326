// Which of the S × S hash directories takes the next file (storage-formats.md §1.8). Peers and clients do not depend on
// the rule; it only spreads files.
import { type Random, randomBelow } from "@fastdfs-ts/runtime";

import type { StorageStatistics } from "../stats.ts";

interface Directory {
  readonly high: number;
  readonly low: number;
}

export interface DirectoryPlacement {
  next(random: Random): Directory;
}

/** Mode 0: `rotateCount` files into one directory, then the next. The position survives restarts in the statistics. */
export function rotatingPlacement(
  statistics: StorageStatistics,
  subdirCount: number,
  rotateCount: number,
): DirectoryPlacement {
  return {
    next() {
      const place = {
        high: statistics.distPathIndexHigh % subdirCount,
        low: statistics.distPathIndexLow % subdirCount,
      };
      if (++statistics.distWriteFileCount >= rotateCount) {
        statistics.distWriteFileCount = 0;
        statistics.distPathIndexLow = place.low + 1;
        if (statistics.distPathIndexLow >= subdirCount) {
          statistics.distPathIndexLow = 0;
          statistics.distPathIndexHigh = (place.high + 1) % subdirCount;
        }
      }
      return place;
    },
  };
}

/**
 * Mode 1: spread evenly. C takes a hash of a temporary name with a random number in it, so any even choice gives the
 * same distribution.
 */
export function hashedPlacement(subdirCount: number): DirectoryPlacement {
  return {
    next: (random) => ({ high: randomBelow(random, 256) % subdirCount, low: randomBelow(random, 256) % subdirCount }),
  };
}
