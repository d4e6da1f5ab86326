// client.explain: from trackers of ours, from C trackers, and from both kinds together. (The real tracker answers in
// packages/simulation/src/membership.test.ts.)
import { readFileSync } from "node:fs";

import { FdfsError, printExplanation, trackerCommands } from "@fastdfs-ts/protocol";
import { answer, answerRaw, type Route } from "@fastdfs-ts/rpc";
import { expect, it } from "vitest";

import { FastDfsClient } from "../src/index.ts";
import { type FakeServer, startTracker } from "./fake-cluster.ts";

interface Recorded {
  readonly name: string;
  readonly response: { readonly hex: string } | null;
}
const vectors = new URL("../../protocol/vectors/wire/client-tracker.json", import.meta.url);
const recorded = JSON.parse(readFileSync(vectors, "utf8")) as Recorded[];

function bodyOf(name: string): Buffer {
  return Buffer.from(recorded.find((one) => one.name === name)!.response!.hex, "hex").subarray(10);
}

const told = {
  version: 1,
  takenSeconds: 7,
  groups: [{ groupName: "group1", storages: [], replication: [], removed: [] }],
};
const explains = answer(trackerCommands.explainStorages, () => ({ json: printExplanation(told) }));

/** Trackers that answer to lists as C's did; those with a route to 121 are ours. */
async function withTrackers(
  routes: readonly (Route | undefined)[],
  work: (client: FastDfsClient, trackers: readonly FakeServer[]) => Promise<void>,
): Promise<void> {
  const trackers: FakeServer[] = [];
  for (const route of routes) {
    const tracker = await startTracker([]);
    trackers.push(tracker);
    tracker.override(answerRaw(trackerCommands.listGroups, () => bodyOf("list_all_groups")));
    tracker.override(
      answerRaw(trackerCommands.listStorages, ({ groupName }) => {
        if (groupName !== "group1" && groupName !== "group2") throw new FdfsError("NOT_FOUND");
        return bodyOf("list_storages");
      }),
    );
    if (route !== undefined) tracker.override(route);
  }
  const client = FastDfsClient.open({ trackers: trackers.map(({ port }) => `127.0.0.1:${port}`) });
  try {
    await work(client, trackers);
  } finally {
    await client.close();
    for (const tracker of trackers) await tracker.stop();
  }
}

it("is what a tracker of ours tells", async () => {
  await withTrackers([explains], async (client) => {
    expect(await client.explain()).toEqual({ ...told, isFromTracker: true });
  });
});

it("is asked of all trackers, if one of them does not know the question", async () => {
  await withTrackers([undefined, explains], async (client) => {
    for (let round = 0; round < 3; round++) expect((await client.explain("group1")).isFromTracker).toBe(true);
  });
});

it("is put into words from the lists of C trackers", async () => {
  await withTrackers([undefined], async (client) => {
    const explained = await client.explain();
    expect(explained.isFromTracker).toBe(false);
    expect(explained.groups.map(({ groupName }) => groupName)).toEqual(["group1", "group2"]);
    expect(explained.groups[0]!.storages).toMatchObject([
      {
        storageId: "10.96.0.11",
        address: "10.96.0.11",
        port: 23000,
        status: "ACTIVE",
        reason: "in service",
        sinceSeconds: 0,
        progress: undefined,
        isReadable: true,
        isWritable: true,
      },
    ]);
    await expect(client.explain("nobody")).rejects.toMatchObject({ kind: "NOT_FOUND" });
  });
});

it("fails if the answer makes no sense, rather than to guess", async () => {
  const nonsense = answer(trackerCommands.explainStorages, () => ({ json: Buffer.from("{}") }));
  await withTrackers([nonsense], async (client) => {
    await expect(client.explain()).rejects.toMatchObject({ kind: "BAD_ANSWER" });
  });
});
