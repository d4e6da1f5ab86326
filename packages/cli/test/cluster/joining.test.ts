// A member joins a group with 20,000 files while clients go on: it serves only when it has everything, and everybody can see
// how far it is.
import { afterAll, beforeAll, expect, it } from "vitest";

import { ClusterLab } from "./cluster-lab.ts";
import { whyNoNamespaces } from "./host-network.ts";
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

const noCable = whyNoNamespaces();

it.skipIf(noCable !== undefined)(
  `a group with ${FILES} files takes a member in${noCable === undefined ? "" : ` (skipped: ${noCable})`}`,
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
    // Slowly enough to be watched.
    lab.network.cable!.limit(lab.network.hosts.at(-1)!, 500);
    const member = await lab.addStorage("group1");
    const isMember = ({ storageId }: { readonly storageId: string }) => storageId === member.host.address;
    const states: string[] = [];
    const progress: number[] = [];
    await lab.until("the new member is ACTIVE", () => {
      const { storages, explanation } = lab.monitor();
      const status = storages.find(isMember)?.statusName ?? "unknown";
      if (states.at(-1) !== status) states.push(status);
      const told = explanation?.groups[0]?.storages.find(isMember)?.progress;
      if (told !== undefined) progress.push(told.doneBytes / told.totalBytes);
      return status === "ACTIVE" ? undefined : status;
    });
    // At the moment in which it serves it has every file that was there when it joined. What the client said meanwhile is
    // read only when it has ended.
    const held = member.tree();
    await load.stop();
    const gone = [...load.deleted, ...load.uncertain].map((fileId) => fileId.split("/").slice(2).join("/"));
    const mayBeGone = new Set(gone.flatMap((path) => [path, `${path}-m`]));
    expect([...old.keys()].filter((path) => !held.has(path) && !mayBeGone.has(path))).toEqual([]);
    await lab.untilEqual();
    expect(differences(lab.members("group1").map((each) => each.tree()))).toEqual([]);

    const known = states.filter((state) => LIFE.includes(state));
    expect(known).toEqual([...known].sort((a, b) => LIFE.indexOf(a) - LIFE.indexOf(b)));
    expect(known.at(-1)).toBe("ACTIVE");
    expect(known).toContain("SYNCING");
    // Some of it was seen on its way, and it only grew.
    expect(progress.filter((part) => part > 0 && part < 1).length).toBeGreaterThan(0);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(load.stored.size).toBeGreaterThan(0);
    expect(load.failures).toEqual(new Map());
  },
  STORY_MS,
);
