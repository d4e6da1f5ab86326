// Trackers dead, peers dead: who is left waits without a busy loop and without filling its log, and when they are back
// nothing is lost.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";

import { ClusterLab } from "./cluster-lab.ts";

const STORY_MS = 240_000;
const ALONE_MS = 20_000;
/** A look around once a second, the probe of the disk and the timers of Node cost some per cent of it. */
const CPU_SHARE_MAX = 0.1;
/** Per server and minute of waiting: each change is said once, repetitions are collapsed. */
const LINES_MAX = 30;

let lab: ClusterLab;

beforeAll(async () => {
  lab = await ClusterLab.start({ trackers: 2, groups: { group1: 2 }, spareHosts: 0 });
}, STORY_MS);

afterAll(() => lab[Symbol.asyncDispose](), STORY_MS);

const linesOf = (path: string) => readFileSync(path, "utf8").split("\n").length;

it.skipIf(process.platform !== "linux")(
  "a storage alone is quiet, and takes part again",
  async () => {
    const load = lab.startLoad(5);
    await lab.until("something is stored", () => (load.stored.size > 100 ? undefined : `${load.stored.size}`));
    const [alone, peer] = lab.members("group1") as [(typeof lab.storages)[0], (typeof lab.storages)[0]];
    await peer.kill();
    await Promise.all(lab.trackers.map((tracker) => tracker.kill()));
    await new Promise((resolve) => setTimeout(resolve, 3000));

    const cpuBefore = alone.cpuMs();
    const linesBefore = linesOf(alone.logPath);
    await new Promise((resolve) => setTimeout(resolve, ALONE_MS));
    expect((alone.cpuMs() - cpuBefore) / ALONE_MS).toBeLessThan(CPU_SHARE_MAX);
    expect(linesOf(alone.logPath) - linesBefore).toBeLessThan(LINES_MAX);

    await Promise.all(lab.trackers.map((tracker) => tracker.start()));
    await peer.start();
    await lab.untilActive();
    const before = load.stored.size;
    await lab.until("the load goes on", () => (load.stored.size > before ? undefined : "stuck"));
    await load.stop();
    await lab.untilEqual();
    const tree = alone.tree();
    const lost = [...load.stored.keys()].filter(
      (fileId) => !load.uncertain.has(fileId) && !tree.has(fileId.split("/").slice(2).join("/")),
    );
    expect(lost).toEqual([]);
  },
  STORY_MS,
);
