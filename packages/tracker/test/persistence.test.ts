// State files on a simulated disk: whatever the moment of a crash, a file holds its old or its new content.
import { readFileSync } from "node:fs";

import type { Disk } from "@fastdfs-ts/runtime";
import { SimWorld } from "@fastdfs-ts/simulation";
import { describe, expect, it } from "vitest";

import { StateFiles, type StoredCluster } from "../src/persistence.ts";
import { StateSaver } from "../src/state-saver.ts";
import { parseGroupsFile } from "../src/formats/groups-file.ts";
import { parseStoragesFile } from "../src/formats/storages-file.ts";
import { parseSyncTimestampsFile } from "../src/formats/sync-timestamps-file.ts";

const directory = "/tracker/data";

/** A world with the base path of a tracker. */
function simulate(seed: number) {
  const sim = SimWorld.create(seed);
  const host = sim.host("10.0.0.1");
  host.world.disk.makeDirectory("/tracker");
  host.world.disk.syncDirectory("/");
  return { sim, host };
}

function fixture(name: string): string {
  return readFileSync(new URL(`./fixtures/plain/${name}`, import.meta.url), "latin1");
}

const before: StoredCluster = {
  groups: parseGroupsFile(fixture("storage_groups_new.dat")).groups,
  storages: parseStoragesFile(fixture("storage_servers_new.dat")).storages,
  stamps: parseSyncTimestampsFile(fixture("storage_sync_timestamp.dat")).rows,
  removals: [],
};
const after: StoredCluster = {
  groups: before.groups.map((group) => ({ ...group, storePathCount: 3 })),
  storages: before.storages.map((storage) => ({ ...storage, freeMib: 7 })),
  stamps: before.stamps.map((row) => ({ ...row, seconds: row.seconds.map((seconds) => seconds + 1) })),
  removals: [{ groupName: "group1", storageId: "10.0.0.9", joinSeconds: 1, removedSeconds: 2, returnedSeconds: 0 }],
};

async function read(files: StateFiles): Promise<StoredCluster> {
  const { groups, storages, stamps, removals, problems } = await files.read();
  expect(problems).toEqual([]);
  return { groups, storages, stamps, removals };
}

describe.each(["process", "power"] as const)("a crash (%s) in the middle of writing", (kind) => {
  it("leaves each file old or new, at every disk call", async () => {
    let crashes = 0;
    for (let call = 1; ; call++) {
      const { sim, host } = simulate(call);
      await sim.run(new StateFiles(host.world.disk, directory).writeCluster(before));
      const files = new StateFiles(host.world.disk, directory);
      host.crashAtDiskCall(call, kind);
      const finished = await sim
        .run(
          files.writeCluster(after).then(
            () => true,
            () => false,
          ),
        )
        .catch(() => false);
      // A call that was not reached must not strike the reader.
      host.crashAtDiskCall(Infinity, kind);
      const world = host.isUp ? host.world : host.restart();
      const found = await sim.run(read(new StateFiles(world.disk, directory)));
      for (const part of ["groups", "storages", "stamps", "removals"] as const) {
        expect([before[part], after[part]]).toContainEqual(found[part]);
      }
      if (finished) {
        expect(found).toEqual(after);
        break;
      }
      crashes++;
    }
    expect(crashes).toBeGreaterThan(15);
  });

  it("leaves whole lines in the changelog, at every disk call", async () => {
    const line = (number: number) => Buffer.from(`${number} group1 10.0.0.${number} 4 \n`);
    for (let call = 1; call < 20; call++) {
      const { sim, host } = simulate(call);
      new StateFiles(host.world.disk, directory).appendChangelog(line(1));
      host.crashAtDiskCall(call, kind);
      let isConfirmed = true;
      try {
        new StateFiles(host.world.disk, directory).appendChangelog(line(2));
      } catch {
        isConfirmed = false;
      }
      // A call that was not reached must not strike the reader.
      host.crashAtDiskCall(Infinity, kind);
      const world = host.isUp ? host.world : host.restart();
      const files = new StateFiles(world.disk, directory);
      const { changelog } = await sim.run(files.read());
      expect(changelog.subarray(0, line(1).length)).toEqual(line(1));
      const rest = changelog.subarray(line(1).length);
      if (isConfirmed) expect(rest).toEqual(line(2));
      else expect([0, line(2).length]).toContain(rest.length);
      // The next line begins on a line of its own.
      files.appendChangelog(line(3));
      const again = await sim.run(new StateFiles(world.disk, directory).read());
      expect(again.problems).toEqual([]);
      expect(again.changelog.toString().endsWith("\n3 group1 10.0.0.3 4 \n")).toBe(true);
    }
  });
});

describe("state files", () => {
  it("of C are read", async () => {
    const { sim, host } = simulate(1);
    const { disk } = host.world;
    disk.makeDirectory(directory);
    for (const name of ["storage_groups_new.dat", "storage_servers_new.dat", "storage_sync_timestamp.dat"]) {
      put(disk, `${directory}/${name}`, fixture(name));
    }
    expect(await sim.run(read(new StateFiles(disk, directory)))).toEqual(before);
  });

  it("that are damaged are reported and kept beside", async () => {
    const { sim, host } = simulate(1);
    const { disk } = host.world;
    const files = new StateFiles(disk, directory);
    const cut = fixture("storage_servers_new.dat").slice(0, 1500);
    put(disk, `${directory}/storage_servers_new.dat`, cut);
    put(disk, `${directory}/.tracker_status`, "up_");
    const { storages, problems, lastRun } = await sim.run(files.read());
    expect(storages.length).toBeGreaterThan(0);
    expect(lastRun).toBeUndefined();
    expect(problems[0]).toMatchObject({
      path: `${directory}/storage_servers_new.dat`,
      keptAs: `${directory}/storage_servers_new.dat.damaged`,
    });
    await sim.run(files.writeCluster(after));
    expect(disk.readFile(`${directory}/storage_servers_new.dat.damaged`).toString()).toBe(cut);
  });

  it("are not written again when nothing has changed", async () => {
    const { sim, host } = simulate(1);
    const files = new StateFiles(host.world.disk, directory);
    await sim.run(files.writeCluster(before));
    const { calls } = host.diskFaults;
    await sim.run(files.writeCluster(before));
    expect(host.diskFaults.calls).toBe(calls);
  });

  it("that could not be written are written the next time", async () => {
    const { sim, host } = simulate(1);
    const files = new StateFiles(host.world.disk, directory);
    await sim.run(files.writeCluster(before));
    host.diskFaults.inject({ code: "ENOSPC", operations: ["write"], times: 1 });
    await expect(sim.run(files.writeCluster(after))).rejects.toMatchObject({ code: "ENOSPC" });
    await sim.run(files.writeCluster(after));
    expect(await sim.run(read(new StateFiles(host.world.disk, directory)))).toEqual(after);
  });
});

describe("the saver", () => {
  function saver(sim: SimWorld) {
    const { clock } = sim.host("10.0.0.1").world;
    const writes: number[] = [];
    const failures: unknown[] = [];
    const state = { fails: false };
    const write = () => {
      if (state.fails) return Promise.reject(new Error("disk full"));
      writes.push(sim.nowMs);
      return Promise.resolve();
    };
    return { writes, failures, state, saver: new StateSaver({ clock, write, onFailure: (e) => failures.push(e) }) };
  }

  it("writes a change of membership at once, however many there are in one turn", async () => {
    const sim = SimWorld.create(1);
    const { writes, saver: it } = saver(sim);
    it.changed("membership");
    it.changed("membership");
    it.changed("statistics");
    await sim.runFor(1);
    expect(writes).toEqual([0]);
    await sim.runFor(60_000);
    expect(writes.length).toBe(1);
  });

  it("writes statistics within ten seconds, together", async () => {
    const sim = SimWorld.create(1);
    const { writes, saver: it } = saver(sim);
    it.changed("statistics");
    await sim.runFor(5_000);
    it.changed("statistics");
    expect(writes).toEqual([]);
    await sim.runFor(60_000);
    expect(writes).toEqual([10_000]);
  });

  it("tries again after a failure, and tells whoever waits", async () => {
    const sim = SimWorld.create(1);
    const { writes, failures, state, saver: it } = saver(sim);
    state.fails = true;
    it.changed("membership");
    await sim.runFor(1);
    expect(failures.length).toBe(1);
    await expect(it.flush()).rejects.toThrow("disk full");
    state.fails = false;
    await sim.runFor(20_000);
    expect(writes.length).toBe(1);
  });

  it("writes what is left at the end", async () => {
    const sim = SimWorld.create(1);
    const { writes, saver: it } = saver(sim);
    it.changed("statistics");
    await it.stop();
    await it.stop();
    expect(writes).toEqual([0]);
  });
});

function put(disk: Disk, path: string, text: string): void {
  const content = Buffer.from(text, "latin1");
  const file = disk.open(path, "replace");
  file.write(content, 0, content.length, 0);
  file.close();
}
