// client.explainUpload, explainDownload, explainChange: from trackers of ours, and where there are none. (The real tracker
// answers in packages/cli/test/up.test.ts.)
import { type ChoiceExplanation, choicePurposeOf, printChoiceExplanation, trackerCommands } from "@fastdfs-ts/protocol";
import { answer, type Route } from "@fastdfs-ts/rpc";
import { expect, it } from "vitest";

import { FastDfsClient } from "../src/index.ts";
import { nothingToChoose, startTracker } from "./fake-cluster.ts";

/** Says back what it was asked. */
const explains = answer(trackerCommands.explainChoice, ({ purpose, groupName, logicalName }) => {
  const setting = { key: groupName, value: logicalName, meaning: "" };
  return {
    json: printChoiceExplanation({ ...nothingToChoose, purpose: choicePurposeOf(purpose)!, settings: [setting] }),
  };
});

async function withTrackers(
  routes: readonly (Route | undefined)[],
  work: (client: FastDfsClient) => Promise<void>,
): Promise<void> {
  const trackers = await Promise.all(routes.map(() => startTracker([])));
  for (const [at, route] of routes.entries()) if (route !== undefined) trackers[at]!.override(route);
  const client = FastDfsClient.open({ trackers: trackers.map(({ port }) => `127.0.0.1:${port}`) });
  try {
    await work(client);
  } finally {
    await client.close();
    for (const tracker of trackers) await tracker.stop();
  }
}

const logicalName = "M00/00/00/CmAAC2oGlQaAAAAAAAAAZAAAAAE123.txt";

it("asks for an upload, a download and a change", async () => {
  // A C tracker among them does not matter.
  await withTrackers([undefined, explains], async (client) => {
    const asked = async (answered: Promise<ChoiceExplanation>) => {
      const { purpose, settings } = await answered;
      return [purpose, settings[0]!.key, settings[0]!.value];
    };
    expect(await asked(client.explainUpload())).toEqual(["upload", "", ""]);
    expect(await asked(client.explainUpload("group1"))).toEqual(["upload", "group1", ""]);
    expect(await asked(client.explainDownload(`group2/${logicalName}`))).toEqual(["download", "group2", logicalName]);
    expect(await asked(client.explainChange(`group2/${logicalName}`))).toEqual(["change", "group2", logicalName]);
  });
});

it("says so where no tracker explains its choices, and where the question makes no sense", async () => {
  await withTrackers([undefined, undefined], async (client) => {
    await expect(client.explainUpload()).rejects.toMatchObject({
      kind: "NOT_SUPPORTED",
      message: expect.stringContaining("no tracker explains its choices") as string,
    });
    await expect(client.explainDownload("nonsense")).rejects.toMatchObject({ kind: "BAD_REQUEST" });
    await expect(client.explainChange("nonsense")).rejects.toMatchObject({ kind: "BAD_REQUEST" });
  });
});
