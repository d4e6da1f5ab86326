// Whatever bytes come, a handler answers or throws an FdfsError (`TrackerInMemory.ask` lets everything else through), and
// the tracker goes on working.
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { storeCluster } from "../src/cluster/stored-cluster.ts";
import { parseStoragesFile, printStoragesFile } from "../src/formats/storages-file.ts";
import { parseGroupsFile, printGroupsFile } from "../src/formats/groups-file.ts";
import { ClientInTest, StorageInTest } from "./storage-in-test.ts";
import { recordsIn, requestBytes, TrackerInMemory } from "./tracker-in-memory.ts";

async function busyTracker(): Promise<{ tracker: TrackerInMemory; storage: StorageInTest }> {
  const tracker = new TrackerInMemory();
  const storage = await new StorageInTest(tracker, "10.96.0.11").start();
  await new StorageInTest(tracker, "10.96.0.12").start();
  return { tracker, storage };
}

/** What the tracker would write is what it reads: no request can break its state files. */
function expectSoundState(tracker: TrackerInMemory): void {
  const { groups, storages } = storeCluster(tracker.cluster);
  expect(parseGroupsFile(printGroupsFile(groups))).toEqual({ groups, problems: [] });
  expect(parseStoragesFile(printStoragesFile(storages)).problems).toEqual([]);
}

describe("random requests", () => {
  it("of every command, on joined and unjoined connections", async () => {
    const { tracker, storage } = await busyTracker();
    const commands = fc.constantFrom(...tracker.commandCodes);
    const body = fc.oneof(fc.uint8Array({ maxLength: 500 }), fc.uint8Array({ minLength: 16, maxLength: 150 }));
    const known = fc
      .uint8Array({ maxLength: 60 })
      .map((rest) => Buffer.concat([Buffer.from("group1".padEnd(16, "\0")), rest]));
    await fc.assert(
      fc.asyncProperty(
        commands,
        fc.oneof(body, known),
        fc.nat(255),
        fc.boolean(),
        async (code, bytes, flags, isJoined) => {
          const session = isJoined ? storage.session : tracker.connect("10.96.0.100");
          const answer = await tracker.ask(session, code, Buffer.from(bytes), flags);
          expect(answer.status).toBeLessThan(128);
          if (answer.status !== 0) expect(answer.body.length).toBe(0);
        },
      ),
      { numRuns: 5000 },
    );
    expectSoundState(tracker);
  });

  it("that are recorded ones with bytes changed", async () => {
    const { tracker, storage } = await busyTracker();
    const names = [...recordsIn("base", "first storage"), ...recordsIn("base", "group1:")]
      .filter(({ cmd }) => cmd < 120)
      .map(({ name }) => name);
    const change = fc.record({ at: fc.nat(600), to: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.array(change, { maxLength: 4 }), async (name, changes) => {
        const request = Buffer.from(requestBytes(name));
        for (const { at, to } of changes) if (at + 10 < request.length) request[at + 10] = to;
        await tracker.send(storage.session, request);
      }),
      { numRuns: 5000 },
    );
    expectSoundState(tracker);
    storage.disconnect();
    await new StorageInTest(tracker, "10.96.0.55", { groupName: "fresh" }).start();
    expect(await new ClientInTest(tracker).upload("fresh")).toBe("10.96.0.55/0");
  });
});
