// A cluster of real processes under load, two trackers and two groups of three, and what an operator fears. After each
// story all members of a group hold the same, byte for byte, and what was acknowledged is there.
import { parseFileId } from "@fastdfs-ts/client";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { ClusterLab, type LabServer } from "./cluster-lab.ts";
import { whyNoNamespaces } from "./host-network.ts";
import type { Load } from "./load.ts";

const STORY_MS = 240_000;

let lab: ClusterLab;
/** What all loads so far were promised. */
const loads: Load[] = [];
/** Members that lost their files: what only they had is gone. */
const emptied = new Set<string>();

beforeAll(async () => {
  lab = await ClusterLab.start({ trackers: 2, groups: { group1: 3, group2: 3 }, spareHosts: 1 });
}, STORY_MS);

afterAll(() => lab[Symbol.asyncDispose](), STORY_MS);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs a story while clients work, then lets everything come to rest and compares. */
async function story(happens: () => Promise<void>): Promise<void> {
  const load = lab.startLoad(5);
  loads.push(load);
  await lab.until("the load has stored something", () => (load.stored.size > 20 ? undefined : "nothing yet"));
  await happens();
  const before = load.stored.size;
  await lab.until("the load goes on", () => (load.stored.size > before ? undefined : "stuck"));
  await load.stop();
  await lab.untilActive();
  await lab.untilEqual();
}

/** Every acknowledged file is on every member of its group, unless its only holder lost it; no deleted one is. */
function expectPromisesKept(): void {
  const trees = new Map(lab.storages.map((storage) => [storage, storage.tree()]));
  const uncertain = new Set(loads.flatMap((load) => [...load.uncertain]));
  for (const load of loads) {
    for (const [fileId, content] of load.stored) {
      if (uncertain.has(fileId)) continue;
      const { groupName, path } = placeOf(fileId);
      const held = lab.members(groupName).map((member) => trees.get(member)!.get(path));
      if (held.every((one) => one === undefined) && emptied.has(sourceOf(fileId))) continue;
      expect({ fileId, held }).toEqual({ fileId, held: held.map(() => content) });
    }
    for (const fileId of load.deleted) {
      const { groupName, path } = placeOf(fileId);
      const held = lab.members(groupName).map((member) => trees.get(member)!.get(path));
      expect({ fileId, held }).toEqual({ fileId, held: held.map(() => undefined) });
    }
  }
}

function placeOf(fileId: string): { groupName: string; path: string } {
  const [groupName, , ...path] = fileId.split("/");
  return { groupName: groupName!, path: path.join("/") };
}

function sourceOf(fileId: string): string {
  const { source } = parseFileId(fileId);
  return source?.type === "ip" ? source.ip : "";
}

afterEach(expectPromisesKept);

describe("a cluster of 2 trackers and 2 groups of 3 members, under load", () => {
  let victim: LabServer;

  it("replicates", () => story(async () => {}), STORY_MS);

  it(
    "survives the kill of a member",
    () =>
      story(async () => {
        victim = lab.members("group1")[0]!;
        await victim.kill();
        await pause(2000);
        await victim.start();
      }),
    STORY_MS,
  );

  it(
    "survives a member that stands still for longer than trackers wait",
    () =>
      story(async () => {
        victim = lab.members("group2")[1]!;
        victim.pause();
        await pause(12_000);
        victim.resume();
      }),
    STORY_MS,
  );

  const noCable = whyNoNamespaces();
  it.skipIf(noCable !== undefined)(
    `survives a cut cable${noCable === undefined ? "" : ` (skipped: ${noCable})`}`,
    () =>
      story(async () => {
        victim = lab.members("group1")[1]!;
        lab.network.cable!.cut(victim.host);
        await pause(12_000);
        lab.network.cable!.heal(victim.host);
      }),
    STORY_MS,
  );

  it(
    "survives the kill of one tracker after the other",
    () =>
      story(async () => {
        for (const tracker of lab.trackers) {
          await tracker.kill();
          await pause(3000);
          await tracker.start();
          await lab.untilActive();
        }
      }),
    STORY_MS,
  );

  it(
    "survives the loss of all trackers: nothing is lost, and everybody comes back",
    () =>
      story(async () => {
        await Promise.all(lab.trackers.map((tracker) => tracker.kill()));
        await pause(5000);
        await Promise.all(lab.trackers.map((tracker) => tracker.start()));
        await lab.untilActive();
      }),
    STORY_MS,
  );

  it(
    "copies everything to a member whose disk was replaced",
    () =>
      story(async () => {
        victim = lab.members("group2")[0]!;
        await victim.kill();
        victim.loseFiles();
        emptied.add(victim.host.address);
        await victim.start();
        await lab.untilActive();
      }),
    STORY_MS,
  );

  it(
    "takes a new member in, which serves only when it has everything",
    () =>
      story(async () => {
        await lab.addStorage("group1");
        await lab.untilActive();
      }),
    STORY_MS,
  );
});
