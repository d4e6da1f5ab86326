import { describe, expect, it } from "vitest";

import { SimCluster } from "../sim-cluster.ts";
import { LogWatch } from "./log-watch.ts";
import { quietComplaints } from "./quiet.ts";

async function idle() {
  const cluster = await SimCluster.start({ seed: "quiet", trackers: 2, groups: [2] });
  await cluster.world.runFor(60_000);
  return { cluster, logs: new LogWatch(cluster) };
}

/** Does `what` every `everyMs`, from now on, for `forMs`. */
function repeat({ world }: SimCluster, everyMs: number, forMs: number, what: () => void): void {
  for (let ms = 0; ms < forMs; ms += everyMs) world.after(ms, what);
}

describe("a cluster that nobody asks for anything", () => {
  it("is quiet", async () => {
    const { cluster, logs } = await idle();
    expect(await quietComplaints({ cluster }, logs)).toEqual([]);
  });

  it("is told from one with a busy loop", async () => {
    const { cluster, logs } = await idle();
    // As if each of the four processes woke up a hundred times a second.
    repeat(cluster, 2.5, 600_000, () => undefined);
    expect(await quietComplaints({ cluster }, logs)).toEqual([expect.stringMatching(/^no busy loop: /)]);
  });

  it("is told from one that fills its log", async () => {
    const { cluster } = await idle();
    const logs = { records: 0 };
    repeat(cluster, 4000, 600_000, () => logs.records++);
    expect(await quietComplaints({ cluster }, logs)).toEqual([expect.stringMatching(/^no log storm: /)]);
  });

  it("may have something to say about the end of the last fault", async () => {
    const { cluster } = await idle();
    const logs = { records: 0 };
    repeat(cluster, 100, 40_000, () => logs.records++);
    expect(await quietComplaints({ cluster }, logs)).toEqual([]);
  });
});
