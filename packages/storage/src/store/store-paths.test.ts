import { FdfsError } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import type { DiskHealth } from "./disk-health.ts";
import { IncomingFolder } from "./incoming.ts";
import { StorePath, type WatchedDisk } from "./store-path.ts";
import { StorePaths } from "./store-paths.ts";

const MIB = 1024 * 1024;
const room = { totalBytes: 1000 * MIB, availableBytes: 500 * MIB, totalInodes: 0, freeInodes: 0 };

// Choosing looks at no folder.
const noFolder = Object.create(IncomingFolder.prototype) as IncomingFolder;

/** Paths without room are named "full". */
function pathsOf(...states: (DiskHealth | "full")[]): StorePaths {
  const all = states.map((state, index) => {
    const health = state === "full" ? "quick" : state;
    const space = state === "full" ? { ...room, availableBytes: 0 } : room;
    return new StorePath(index, `/d${index}`, false, { health } as WatchedDisk, noFolder, space);
  });
  return new StorePaths(all, () => ({ storePathChoice: 0, reserve: { kind: "bytes", bytes: 0 } }));
}

function chosen(paths: StorePaths, wanted: number): number[] {
  const indexes = Array.from({ length: 6 }, () => paths.choose(wanted, 10).index);
  return [...new Set(indexes)].sort((a, b) => a - b);
}

describe("the store path for a new file", () => {
  // states of the paths, index asked for, the indexes that are used
  const choices: [(DiskHealth | "full")[], number, number[]][] = [
    [["quick", "quick"], -1, [0, 1]],
    [["quick", "slow", "quick"], -1, [0, 2]],
    [["slow", "hung"], -1, [0]],
    [["hung", "hung"], -1, [0, 1]],
    [["full", "slow"], -1, [1]],
    [["quick", "quick"], 1, [1]],
    [["quick", "slow"], 1, [0]],
    [["full", "slow"], 1, [1]],
    [["slow", "hung"], 1, [0]],
    [["slow", "slow"], 1, [1]],
    [["hung", "hung"], 1, [1]],
    [["quick", "hung", "quick"], 1, [0, 2]],
  ];

  it.each(choices)("of disks %j, %i asked for: one of %j", (states, wanted, indexes) => {
    expect(chosen(pathsOf(...states), wanted)).toEqual(indexes);
  });

  it("must exist and have room", () => {
    expect(() => pathsOf("quick").choose(1, 10)).toThrow(FdfsError);
    expect(() => pathsOf("quick", "full").choose(1, 10)).toThrow(/\/d1 has 0 of/);
    expect(() => pathsOf("full", "full").choose(-1, 10)).toThrow(/NO_SPACE/);
  });
});
