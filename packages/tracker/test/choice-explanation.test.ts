// What a tracker explains (127) from what storages report; that it is what a client gets; that being asked changes nothing.
import {
  type ChoiceExplanation,
  type ChoicePurpose,
  choicePurposes,
  ChoiceRequest,
  Explanation,
  MAX_GROUPS,
  MAX_STORAGES_PER_GROUP,
  MAX_STORE_PATHS,
  parseChoiceExplanation,
} from "@fastdfs-ts/protocol";
import type { TrackerConfig } from "@fastdfs-ts/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { activeGroup, ClientInTest, nameFrom, StorageInTest } from "./storage-in-test.ts";
import { type Answer, TrackerInMemory } from "./tracker-in-memory.ts";

const A = "10.96.0.11";
const B = "10.96.0.12";
const C = "10.96.0.21";
const D = "10.96.0.22";

function ask(tracker: TrackerInMemory, purpose: number, groupName = "", logicalName = ""): Promise<Answer> {
  return tracker.ask(tracker.connect("10.1.1.1"), 127, ChoiceRequest.encode({ purpose, groupName, logicalName }));
}

async function explain(
  tracker: TrackerInMemory,
  purpose: ChoicePurpose,
  groupName?: string,
  logicalName?: string,
): Promise<ChoiceExplanation> {
  const answer = await ask(tracker, choicePurposes[purpose], groupName, logicalName);
  expect(answer.status).toBe(0);
  return parseChoiceExplanation(Explanation.decode(answer.body).json);
}

/** Two groups of two, all ACTIVE. */
async function twoGroups(config: Partial<TrackerConfig> = {}) {
  const tracker = new TrackerInMemory(config);
  const first = await activeGroup(tracker, A, B);
  const second = [C, D].map((ip) => new StorageInTest(tracker, ip, { groupName: "group2", paths: 2 }));
  for (const storage of second) await storage.start(6000);
  await second[0]!.report(second[1]!, "OFFLINE");
  await second[1]!.reportDisks(6000);
  return { tracker, storages: [...first, ...second] };
}

it("says whom an upload goes to, and each candidate's numbers", async () => {
  const { tracker, storages } = await twoGroups({ groupChoice: "least-loaded", uploadStorageChoice: "least-loaded" });
  for (const storage of storages) await storage.reportLoad({ tasks: storage.ip === C ? 40 : 2 });
  tracker.now += 0.25;
  const explained = await explain(tracker, "upload");
  expect(explained).toMatchObject({ version: 1, purpose: "upload", groupName: "group1", refusal: undefined });
  expect(explained.settings.map(({ key, value }) => [key, value]).slice(0, 2)).toEqual([
    ["store_lookup", "3"],
    ["store_server", "3"],
  ]);
  expect(explained.groups.map(({ groupName, totalMib, freeMib }) => [groupName, totalMib, freeMib])).toEqual([
    ["group1", 10_000, 5000],
    ["group2", 20_000, 12_000],
  ]);
  expect(explained.members).toHaveLength(2);
  expect(explained.members[0]).toMatchObject({
    storageId: A,
    address: A,
    port: 23000,
    status: "ACTIVE",
    latencyMicros: 900,
    // 1 MB a second, in 50 thousandths of it.
    diskSpeed: 20_000_000,
    report: {
      ageMs: 250,
      cpuPermille: 100,
      memoryPermille: 500,
      diskPermille: 50,
      diskBytesPerSecond: 1_000_000,
      networkPermille: undefined,
    },
  });
  expect(explained.choice).toMatchObject({ groupName: "group1", storePathIndex: 0 });
});

it("says of a file who has it and by how much the others are behind", async () => {
  const { tracker, storages } = await twoGroups();
  // B has had everything that there was when it was filled.
  tracker.now += 100;
  const name = nameFrom(A, tracker.now);
  await storages[0]!.reportReplication({ storageId: B, confirmedSeconds: tracker.now - 30, pendingBytes: 5 });
  const download = await explain(tracker, "download", "group1", name);
  expect(download.file).toEqual({ sourceId: A, createdSeconds: tracker.now, mayChange: false });
  expect(download.members.map(({ hasFile, ruledOut }) => [hasFile, ruledOut])).toEqual([
    ["it took the upload", undefined],
    [undefined, `does not have the file yet: what it has of ${A} ends 29 s before the file`],
  ]);
  expect(download.choice).toMatchObject({ storageId: A, storePathIndex: undefined });
  storages[0]!.disconnect();
  expect((await explain(tracker, "download", "group1", name)).refusal).toMatchObject({ status: 2 });
  expect((await explain(tracker, "change", "group1", name)).choice).toMatchObject({ storageId: B });
});

it("tells a client the address that suits it, and refuses what it does not understand", async () => {
  const { tracker } = await twoGroups();
  expect((await ask(tracker, 3)).status).toBe(22);
  expect((await explain(tracker, "upload", "group9")).refusal).toMatchObject({ status: 2, groupName: "group9" });
  expect((await explain(tracker, "download", "group9", nameFrom(A, 1))).refusal).toMatchObject({ status: 2 });
  expect((await explain(tracker, "download", "group1", "nonsense")).choice).toBeDefined();
});

type Step =
  | { readonly do: "upload"; readonly groupName: string | undefined }
  | {
      readonly do: "find";
      readonly code: 102 | 103;
      readonly ip: string;
      readonly age: number;
      readonly isAppender: boolean;
    }
  | { readonly do: "load"; readonly at: number; readonly tasks: number; readonly latencyMicros: number }
  | { readonly do: "disks"; readonly at: number; readonly freeMib: number }
  | { readonly do: "synced"; readonly at: number; readonly age: number }
  | { readonly do: "wait"; readonly ms: number };

const ip = fc.constantFrom(A, B);
const at = fc.nat({ max: 3 });
const age = fc.constantFrom(0, 1, 400, 90_000);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("upload"), groupName: fc.constantFrom(undefined, "group1") }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("find"),
      code: fc.constantFrom(102, 103),
      ip: fc.oneof(ip, fc.constant("10.9.9.9")),
      age,
      isAppender: fc.boolean(),
    }),
  },
  fc.record({ do: fc.constant("load"), at, tasks: fc.nat({ max: 90 }), latencyMicros: fc.nat({ max: 50_000 }) }),
  fc.record({ do: fc.constant("disks"), at, freeMib: fc.constantFrom(10, 700, 1500, 9000) }),
  fc.record({ do: fc.constant("synced"), at: fc.nat({ max: 1 }), age }),
  fc.record({ do: fc.constant("wait"), ms: fc.constantFrom(1, 3, 7, 900) }),
);

const configs: fc.Arbitrary<Partial<TrackerConfig>> = fc.record({
  groupChoice: fc.constantFrom("round-robin", "most-free", "least-loaded"),
  uploadStorageChoice: fc.constantFrom("round-robin", "first-by-address", "lowest-priority", "least-loaded"),
  storePathChoice: fc.constantFrom("round-robin", "most-free"),
  downloadStorageChoice: fc.constantFrom("round-robin", "source-first", "least-loaded"),
});

class Script {
  readonly tracker: TrackerInMemory;
  private readonly storages: readonly StorageInTest[];
  private readonly client: ClientInTest;

  constructor({ tracker, storages }: Awaited<ReturnType<typeof twoGroups>>) {
    this.tracker = tracker;
    this.storages = storages;
    this.client = new ClientInTest(tracker);
  }

  /** What a client was told, if one asked. */
  async take(step: Step): Promise<string | number | undefined> {
    switch (step.do) {
      case "upload":
        return this.client.upload(step.groupName);
      case "find":
        return this.client.find(step.code, this.nameOf(step));
      case "load":
        await this.storages[step.at]!.reportLoad(step);
        return undefined;
      case "disks":
        await this.storages[step.at]!.reportDisks(step.freeMib);
        return undefined;
      case "synced":
        await this.storages[step.at]!.reportSync({ [step.at === 0 ? B : A]: Math.floor(this.tracker.now) - step.age });
        return undefined;
      case "wait":
        this.tracker.now += step.ms / 1000;
        return undefined;
    }
  }

  /** What the explanation says that `take` will answer; undefined where no client asks, or chance has a say. */
  async foretell(step: Step): Promise<string | number | undefined> {
    if (step.do !== "upload" && step.do !== "find") return undefined;
    const { choice, refusal } = await (step.do === "upload"
      ? explain(this.tracker, "upload", step.groupName)
      : explain(this.tracker, step.code === 102 ? "download" : "change", "group1", this.nameOf(step)));
    if (choice === undefined) return refusal!.status;
    expect(refusal).toBeUndefined();
    if (choice.chance < 1) return undefined;
    return step.do === "upload" ? `${choice.address}/${choice.storePathIndex}` : choice.address;
  }

  private nameOf({ ip, age, isAppender }: Step & { do: "find" }): string {
    return nameFrom(ip, Math.floor(this.tracker.now) - age, isAppender ? "appender" : "normal");
  }
}

describe("an explanation", () => {
  it("changes nothing, and what it says is what a client gets", async () => {
    await fc.assert(
      fc.asyncProperty(configs, fc.array(steps, { maxLength: 40 }), async (config, script) => {
        const asked = new Script(await twoGroups(config));
        const unasked = new Script(await twoGroups(config));
        for (const step of script) {
          const foretold = await asked.foretell(step);
          await asked.foretell({ do: "upload", groupName: undefined });
          const answer = await asked.take(step);
          expect(answer).toEqual(await unasked.take(step));
          if (foretold !== undefined) expect(answer).toBe(foretold);
        }
        // To the last digit of what is estimated.
        expect(await explain(asked.tracker, "upload")).toEqual(await explain(unasked.tracker, "upload"));
      }),
      { numRuns: 60 },
    );
  });
});

describe("a refused query is logged with what is in the way", () => {
  const lastEvent = (tracker: TrackerInMemory) =>
    tracker.events.filter(({ event }) => event === "query.refused").at(-1);

  it("no space in the group, and in a store path", async () => {
    const { tracker, storages } = await twoGroups();
    const client = new ClientInTest(tracker);
    await storages[1]!.reportDisks(900);
    expect(await client.upload("group1")).toBe(28);
    expect(lastEvent(tracker)!.fields).toEqual({
      reason: `storage ${B} has the least space, 900 of 10000 MiB; more than 1024 MiB have to be free (1024MB)`,
      group: "group1",
      storage: B,
      storePath: 0,
      freeMib: 900,
      limitMib: 1024,
      setting: "reserved_storage_space",
      file: undefined,
    });
    for (const storage of storages.slice(2)) await storage.reportDisks(513);
    expect(await client.upload("group2")).toMatch("10.96.0.2");
    for (const storage of storages.slice(2)) await storage.reportDisks(512);
    expect(await client.upload()).toBe(28);
    expect(lastEvent(tracker)!.fields).toMatchObject({ group: "group2", freeMib: 1024, limitMib: 1024 });
  });

  it("nobody in service, nobody with the file, no such group", async () => {
    const { tracker, storages } = await twoGroups();
    const client = new ClientInTest(tracker);
    const name = nameFrom(A, tracker.now);
    expect(await client.find(102, name, "group9")).toBe(2);
    expect(lastEvent(tracker)!.fields).toMatchObject({ reason: "unknown group", group: "group9" });
    await storages[0]!.reportReplication({ storageId: B, pendingBytes: 5 });
    storages[0]!.disconnect();
    expect(await client.find(102, name)).toBe(2);
    expect(lastEvent(tracker)!.fields).toMatchObject({ group: "group1", file: name });
    storages[1]!.disconnect();
    const reason = (what: string) => `the group has no active and ${what} storage: 2 OFFLINE`;
    expect(await client.upload("group1")).toBe(2);
    expect(lastEvent(tracker)!.fields).toMatchObject({ group: "group1", reason: reason("writable") });
    expect(await client.find(102, name)).toBe(2);
    expect(lastEvent(tracker)!.fields).toMatchObject({ group: "group1", reason: reason("readable") });
  });
});

describe("of as many groups as there can be", () => {
  it.each(["least-loaded", "round-robin"] as const)("fits an answer, with %s", async (groupChoice) => {
    const tracker = new TrackerInMemory({ groupChoice, uploadStorageChoice: "least-loaded" });
    const nameOf = (at: number) => `groupnumber${String(at).padStart(5, "0")}`;
    // Odd numbers, whose shares are long.
    const freeMib = (at: number) => 1_000_001 + 7 * at;
    const start = async (ip: string, groupName: string, paths = 1, free: number = freeMib(0)) => {
      const storage = await new StorageInTest(tracker, ip, { groupName, paths }).start(free);
      await storage.reportLoad({ tasks: 3, latencyMicros: 123_457, diskPermille: 333, diskBytesPerSecond: 33_333_337 });
      return storage;
    };
    const first = await start("10.96.0.1", nameOf(0), MAX_STORE_PATHS, 1_000_000_001);
    for (let at = 2; at <= MAX_STORAGES_PER_GROUP; at++) {
      const other = await start(`10.96.0.${at}`, nameOf(0), MAX_STORE_PATHS, 1_000_000_001);
      await first.report(other, "OFFLINE");
      await other.beat();
    }
    for (let at = 1; at < MAX_GROUPS; at++) {
      // Every other one is full, and it is said why.
      await start(`10.97.${at >> 8}.${at & 255}`, nameOf(at), 1, at % 2 === 0 ? 1 : freeMib(at));
    }
    const answer = await ask(tracker, choicePurposes.upload);
    expect(answer.status).toBe(0);
    const { groups, members } = parseChoiceExplanation(Explanation.decode(answer.body).json);
    expect(groups).toHaveLength(MAX_GROUPS);
    expect(groups.filter(({ ruledOut }) => ruledOut !== undefined)).toHaveLength(MAX_GROUPS / 2 - 1);
    expect(members).toHaveLength(MAX_STORAGES_PER_GROUP);
  });
});
