// A removed storage joins as new by order of a person; what it held is set aside, never deleted.
import type { Disk } from "@fastdfs-ts/runtime";
import { SimWorld } from "@fastdfs-ts/simulation";
import { expect, it } from "vitest";

import { DataInitFile } from "../src/formats/data-init-file.ts";
import { OwnRemovalFile } from "../src/formats/own-removal-file.ts";
import { rejoinAsNew } from "../src/rejoin-as-new.ts";

const PATHS = ["/disk1", "/base"];

function removedStorage(): { disk: Disk; host: ReturnType<SimWorld["host"]> } {
  const host = SimWorld.create(1).host("10.0.0.1");
  const { disk } = host.world;
  for (const path of PATHS) disk.makeDirectory(`${path}/data/00/00`);
  put(disk, "/disk1/data/00/00/file", "content");
  DataInitFile.open(disk, "/base", 1000).update({ isSyncOldDone: true });
  new OwnRemovalFile(disk, "/base").write({ joinSeconds: 1000, removedSeconds: 5000 });
  return { disk, host };
}

function put(disk: Disk, path: string, text: string): void {
  const file = disk.open(path, "replace");
  file.write(Buffer.from(text), 0, text.length, 0);
  file.close();
}

it("sets the data aside and begins a life that is later than the one that is over, whatever the clock says", () => {
  const { disk } = removedStorage();
  expect(rejoinAsNew(disk, "/base", PATHS, 500)).toEqual(["/disk1/data.removed.5000", "/base/data.removed.5000"]);
  expect(disk.readFile("/disk1/data.removed.5000/00/00/file").toString()).toBe("content");
  expect(disk.stat("/disk1/data")).toBeUndefined();
  const { flag, isFirstStart } = DataInitFile.open(disk, "/base", 9999);
  expect(isFirstStart).toBe(false);
  expect(flag).toMatchObject({ joinTimeSeconds: 1001, isSyncOldDone: false, syncSourceId: "" });
  // The order may stand in a service file: a second start changes nothing.
  expect(rejoinAsNew(disk, "/base", PATHS, 600)).toEqual([]);
});

it("does nothing to a storage that was not removed", () => {
  const { disk } = removedStorage();
  disk.unlink("/base/data/.removed");
  expect(rejoinAsNew(disk, "/base", PATHS, 500)).toEqual([]);
  expect(disk.stat("/disk1/data/00/00/file")?.kind).toBe("file");
});

it("goes on where an earlier try was cut off, at every disk call", () => {
  for (let call = 1; ; call++) {
    const { disk, host } = removedStorage();
    host.crashAtDiskCall(call, "process");
    let isDone = true;
    try {
      rejoinAsNew(disk, "/base", PATHS, 7000);
    } catch {
      isDone = false;
    }
    host.crashAtDiskCall(Infinity, "process");
    const after = host.isUp ? disk : host.restart().disk;
    rejoinAsNew(after, "/base", PATHS, 7000);
    after.makeDirectory("/base/data");
    expect(after.readFile("/disk1/data.removed.5000/00/00/file").toString()).toBe("content");
    expect(new OwnRemovalFile(after, "/base").read()).toBeUndefined();
    expect(DataInitFile.open(after, "/base", 7000).flag).toMatchObject({ joinTimeSeconds: 7000, isSyncOldDone: false });
    if (!isDone) continue;
    expect(call).toBeGreaterThan(5);
    break;
  }
});

it("never writes over what was set aside before", () => {
  const { disk } = removedStorage();
  disk.makeDirectory("/disk1/data.removed.5000");
  expect(() => rejoinAsNew(disk, "/base", PATHS, 500)).toThrow(/move it away first/);
  expect(disk.stat("/disk1/data/00/00/file")?.kind).toBe("file");
});
