// A member joins a group with 20,000 files while clients go on: it serves only when it has everything, and everybody can see
// how far it is.
import { afterAll, beforeAll, expect, it } from "vitest";

import { ClusterLab } from "./cluster-lab.ts";
import { differences } from "./member-trees.ts";

const FILES = 20_000;
const STORY_MS = 300_000;
/** In the order of a life that goes well (cluster-behaviour.md §4.5). */
const LIFE = ["INIT", "WAIT_SYNC", "SYNCING", "OFFLINE", "ONLINE", "ACTIVE"];

let lab: ClusterLab;

beforeAll(async () => {
  lab = await ClusterLab.start({ trackers: 1, groups: { group1: 2 }, spareHosts: 1 });
}, STORY_MS);

afterAll(() => lab[Symbol.asyncDispose](), STORY_MS);

it(
  `a group with ${FILES} files takes a member in`,
  async () => {
    const before = lab.startLoad(0);
    await lab.until(
      "the group is full of files",
      () => (before.stored.size >= FILES ? undefined : `${before.stored.size} files`),
      STORY_MS,
    );
    await before.stop();
    await lab.untilEqual();

    const load = lab.startLoad(5);
    const old = lab.members("group1")[0]!.tree();
    const member = await lab.addStorage("group1");
    const states: string[] = [];
    let mostProgress = 0;
    await lab.until("the new member is ACTIVE", () => {
      const seen = lab.monitor().find(({ storageId }) => storageId === member.host.address);
      const status = seen?.statusName ?? "unknown";
      if (states.at(-1) !== status) states.push(status);
      mostProgress = Math.max(mostProgress, seen?.progress ?? 0);
      return status === "ACTIVE" ? undefined : status;
    });
    // At the moment in which it serves it has every file that was there when it joined.
    const held = member.tree();
    expect([...old.keys()].filter((path) => !held.has(path) && !wasDeleted(path))).toEqual([]);
    function wasDeleted(path: string): boolean {
      return [...load.deleted, ...load.uncertain].some((fileId) => fileId.endsWith(path));
    }
    await load.stop();
    await lab.untilEqual();
    expect(differences(lab.members("group1").map((each) => each.tree()))).toEqual([]);

    const known = states.filter((state) => LIFE.includes(state));
    expect(known).toEqual([...known].sort((a, b) => LIFE.indexOf(a) - LIFE.indexOf(b)));
    expect(known.at(-1)).toBe("ACTIVE");
    expect(known).toContain("SYNCING");
    expect(mostProgress).toBeGreaterThan(0);
    expect(load.stored.size).toBeGreaterThan(0);
    expect(load.failures).toEqual(new Map());
  },
  STORY_MS,
);
