import { describe, expect, it } from "vitest";
import { type Disk, systemErrorCode } from "@fastdfs-ts/runtime";
import { HostCrashed } from "./life.ts";
import type { CrashKind } from "./sim-host.ts";
import { SimWorld } from "./sim-world.ts";

const seeds = Array.from({ length: 60 }, (_, seed) => seed);

function put(disk: Disk, path: string, content: string, sync: boolean): void {
  const file = disk.open(path, "replace");
  file.write(Buffer.from(content), 0, content.length, 0);
  if (sync) file.sync();
  file.close();
}

function get(disk: Disk, path: string): string | undefined {
  return disk.stat(path) && disk.readFile(path).toString();
}

/** What is found after a crash, for many seeds. */
function outcomes(kind: CrashKind, before: (disk: Disk) => void, after: (disk: Disk) => unknown): Set<unknown> {
  return new Set(
    seeds.map((seed) => {
      const host = SimWorld.create(seed).host("10.0.0.1");
      before(host.world.disk);
      host.crash(kind);
      return after(host.restart().disk);
    }),
  );
}

describe("a simulated disk after the process was killed", () => {
  it("has everything that was written", () => {
    const before = (disk: Disk) => {
      disk.makeDirectory("/data/00");
      put(disk, "/data/00/a", "content", false);
      disk.rename("/data/00/a", "/data/b");
    };
    expect(outcomes("process", before, (disk) => get(disk, "/data/b"))).toEqual(new Set(["content"]));
  });

  it("has the space back of files without a name that it had open", () => {
    const host = SimWorld.create(1).host("10.0.0.1");
    const empty = host.world.disk.space("/");
    put(host.world.disk, "/a", "x".repeat(10_000), false);
    host.world.disk.open("/a", "read");
    host.world.disk.unlink("/a");
    expect(host.world.disk.space("/").availableBytes).toBeLessThan(empty.availableBytes);
    host.crash("process");
    expect(host.restart().disk.space("/")).toEqual(empty);
  });
});

describe("a simulated disk after a power cut", () => {
  it("has what was synced: content by sync, the name by syncDirectory", () => {
    const before = (disk: Disk) => {
      put(disk, "/a", "content", true);
      disk.syncDirectory("/");
      put(disk, "/other", "lost", false);
    };
    expect(outcomes("power", before, (disk) => get(disk, "/a"))).toEqual(new Set(["content"]));
  });

  it("may have lost the name of a synced file whose directory was not synced", () => {
    const found = outcomes(
      "power",
      (disk) => put(disk, "/a", "content", true),
      (disk) => get(disk, "/a"),
    );
    expect(found).toEqual(new Set([undefined, "content"]));
  });

  it("may have lost a directory in which everything was synced, but not the directory itself", () => {
    const before = (disk: Disk) => {
      disk.makeDirectory("/data");
      put(disk, "/data/a", "content", true);
      disk.syncDirectory("/data");
    };
    expect(outcomes("power", before, (disk) => get(disk, "/data/a"))).toEqual(new Set([undefined, "content"]));
  });

  it("has the old, the new, or a torn content of what was overwritten without a sync", () => {
    const [old, fresh] = ["a".repeat(4096), "b".repeat(4096)];
    const before = (disk: Disk) => {
      put(disk, "/a", old, true);
      disk.syncDirectory("/");
      const file = disk.open("/a", "write");
      file.write(Buffer.from(fresh), 0, 4096, 0);
    };
    const found = outcomes("power", before, (disk) => get(disk, "/a"));
    expect(found).toContain(old);
    expect(found).toContain(fresh);
    expect(found.size).toBeGreaterThan(4);
    // Torn between two sectors, at one place.
    for (const content of found) expect(content).toMatch(/^((a{512})*(b{512})*|(b{512})*(a{512})*)$/);
  });

  it("may have the length of an unsynced append, without its bytes", () => {
    const before = (disk: Disk) => {
      put(disk, "/log", "one\n", true);
      disk.syncDirectory("/");
      disk.open("/log", "append").write(Buffer.from("two\n"), 0, 4, 0);
    };
    const found = outcomes("power", before, (disk) => get(disk, "/log"));
    expect(found).toEqual(new Set(["one\n", "one\ntwo\n", "one\n\0\0\0\0"]));
  });

  it("has one of both files after a rename that was not synced, never neither", () => {
    const before = (disk: Disk) => {
      put(disk, "/state", "old", true);
      disk.syncDirectory("/");
      put(disk, "/state.tmp", "new", true);
      disk.rename("/state.tmp", "/state");
    };
    expect(outcomes("power", before, (disk) => get(disk, "/state"))).toEqual(new Set(["old", "new"]));
  });

  it("has the new file after write, sync, rename, sync of the directory", () => {
    const before = (disk: Disk) => {
      put(disk, "/state", "old", true);
      put(disk, "/state.tmp", "new", true);
      disk.rename("/state.tmp", "/state");
      disk.syncDirectory("/");
    };
    expect(outcomes("power", before, (disk) => disk.readDirectory("/").join())).toEqual(new Set(["state"]));
    expect(outcomes("power", before, (disk) => get(disk, "/state"))).toEqual(new Set(["new"]));
  });

  it("may have brought back a file that was deleted", () => {
    const before = (disk: Disk) => {
      put(disk, "/a", "content", true);
      disk.syncDirectory("/");
      disk.unlink("/a");
    };
    expect(outcomes("power", before, (disk) => get(disk, "/a"))).toEqual(new Set([undefined, "content"]));
  });

  it("has what a background sync had finished, and not surely what was written while it ran", async () => {
    const found = new Set<string | undefined>();
    for (const seed of seeds) {
      const world = SimWorld.create(seed);
      const host = world.host("10.0.0.1");
      const { disk } = host.world;
      const file = disk.open("/a", "create");
      disk.syncDirectory("/");
      file.write(Buffer.from("before"), 0, 6, 0);
      const syncing = file.syncInBackground();
      file.write(Buffer.from("during"), 0, 6, 0);
      await world.run(syncing);
      host.crash("power");
      found.add(get(host.restart().disk, "/a"));
    }
    expect(found).toEqual(new Set(["before", "during"]));
  });

  it("counts its space afresh", () => {
    const host = SimWorld.create(3).host("10.0.0.1");
    const { disk } = host.world;
    const empty = disk.space("/");
    put(disk, "/kept", "x".repeat(9000), true);
    disk.syncDirectory("/");
    const kept = disk.space("/");
    host.crash("power");
    const after = host.restart().disk;
    expect(after.space("/")).toEqual(kept);
    after.unlink("/kept");
    expect(after.space("/")).toEqual(empty);
  });
});

describe("a simulated disk with faults", () => {
  const codeOf = (action: () => unknown) => {
    try {
      action();
    } catch (error) {
      return systemErrorCode(error);
    }
    return undefined;
  };

  it("is full at its capacity and has room again when something is deleted", () => {
    const { disk } = SimWorld.create(1).host("10.0.0.1", { disk: { capacityBytes: 64 * 1024, inodes: 5 } }).world;
    put(disk, "/a", "x".repeat(60_000), false);
    expect(codeOf(() => put(disk, "/b", "x".repeat(10_000), false))).toBe("ENOSPC");
    disk.unlink("/a");
    put(disk, "/b", "x".repeat(10_000), false);
    for (const path of ["/c", "/d", "/e"]) put(disk, path, "", false);
    expect(disk.space("/").freeInodes).toBe(0);
    expect(codeOf(() => put(disk, "/f", "", false))).toBe("ENOSPC");
  });

  it("fails as often and where it was told", () => {
    const host = SimWorld.create(1).host("10.0.0.1");
    const { disk } = host.world;
    put(disk, "/a", "x", false);
    host.diskFaults.inject({ code: "EIO", operations: ["readFile"], path: "/a", times: 2 });
    const heal = host.diskFaults.inject({ code: "ENOSPC", operations: ["write"] });
    expect([1, 2, 3].map(() => codeOf(() => disk.readFile("/a")))).toEqual(["EIO", "EIO", undefined]);
    expect(codeOf(() => put(disk, "/b", "x", false))).toBe("ENOSPC");
    heal();
    expect(codeOf(() => put(disk, "/b", "x", false))).toBeUndefined();
  });

  it("crashes the host in the middle of any call, and lets nothing through afterwards", () => {
    const work = (disk: Disk) => {
      try {
        put(disk, "/state.tmp", "new content", true);
        disk.rename("/state.tmp", "/state");
        disk.syncDirectory("/");
      } finally {
        // Tidying up must not reach the disk of a crashed host.
        put(disk, "/tidied", "", false);
      }
    };
    const found = new Set<string>();
    for (let call = 1; call <= 6; call++) {
      const host = SimWorld.create(call).host("10.0.0.1");
      put(host.world.disk, "/state", "old content", true);
      host.world.disk.syncDirectory("/");
      host.crashAtDiskCall(call, "power");
      expect(() => work(host.world.disk)).toThrow(HostCrashed);
      expect(host.isUp).toBe(false);
      const disk = host.restart().disk;
      expect(disk.stat("/tidied")).toBeUndefined();
      found.add(disk.readFile("/state").toString());
    }
    expect([...found].sort()).toEqual(["new content", "old content"]);
  });
});
