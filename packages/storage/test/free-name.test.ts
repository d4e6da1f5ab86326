// Files of 4 GiB and more, whose names have no random bits: none ever takes the place of another one. Their content is
// not needed for that, so these are small and only said to be large.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type NewName, parseFileId } from "@fastdfs-ts/protocol";
import { nodeWorld } from "@fastdfs-ts/runtime/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { publishNew } from "../src/files/publish-file.ts";
import { withFreeName } from "../src/files/free-name.ts";
import { serveStore, type ServedStore } from "./served-store.ts";

const LARGE = 2 ** 32;
const seconds = 1_795_320_858;
let served: ServedStore;

beforeEach(async () => {
  const world = nodeWorld();
  // It stands still: all of a test happens in one second.
  const clock = { ...world.clock, now: () => seconds * 1000 };
  // All files go into one directory.
  served = await serveStore({ world: { ...world, clock }, config: { distributeRotateCount: 1000 } });
});

afterEach(() => served.remove());

/** Publishes content as that of a file of `bytes` bytes. */
async function publishAs(bytes: number, extension: string, content: string): Promise<string> {
  const { store } = served;
  const [storePath] = store.paths.all;
  const path = storePath!.incoming.nextPath();
  writeFileSync(path, content);
  return publishNew(
    store,
    storePath!,
    { path, bytes, crc32: 7, content: undefined, writtenSinceMs: seconds * 1000 + 500 },
    "normal",
    extension,
    {
      subject: "",
    },
  );
}

const contentOf = (logicalName: string) =>
  readFileSync(`${served.directory}/path0/data/${logicalName.slice(4)}`, "utf8");
const logged = () => readFileSync(`${served.directory}/data/sync/binlog.000`, "utf8").match(/ C \S+/g) ?? [];

describe("large files of one content and one second", () => {
  it.each(["tar.gz", "", "txt"])('with extension "%s" get names of their own, also at once', async (extension) => {
    const first = await publishAs(LARGE, extension, "first");
    const more = await Promise.all(["second", "third"].map((content) => publishAs(LARGE, extension, content)));
    const names = [first, ...more];
    expect(new Set(names).size).toBe(3);
    expect(names.map(contentOf)).toEqual(["first", "second", "third"]);
    expect(logged()).toEqual(names.map((name) => ` C ${name}`));
    for (const name of names) {
      const { fileBytes, crc32, facts } = parseFileId(`group1/${name}`);
      expect({ fileBytes, crc32 }).toEqual({ fileBytes: LARGE, crc32: 7 });
      expect(facts!.createdSeconds - seconds).toBeLessThanOrEqual(2);
    }
  });

  it("do not meet when they are smaller: the time stays", async () => {
    const names = [await publishAs(LARGE - 1, "tar.gz", "first"), await publishAs(LARGE - 1, "tar.gz", "second")];
    expect(names.map((name) => parseFileId(`group1/${name}`).facts!.createdSeconds)).toEqual([seconds, seconds]);
    expect(names.map(contentOf)).toEqual(["first", "second"]);
  });

  it("that cannot be published leave nothing behind", async () => {
    const publishing = publishAs(LARGE, "no/way", "x");
    await expect(publishing).rejects.toMatchObject({ kind: "BAD_REQUEST" });
    expect(readdirSync(served.store.paths.all[0]!.incoming.path)).toEqual([]);
    expect(logged()).toEqual([]);
  });
});

describe("a free name", () => {
  const facts: NewName = {
    kind: "normal",
    source: 1,
    createdSeconds: seconds,
    fileBytes: LARGE,
    crc32: 7,
    extension: "",
  };
  const issue = (named: NewName) => `M00/00/00/${"A".repeat(24)}${named.createdSeconds - seconds}AA1234567`;

  it("is the next one while others are being used", async () => {
    const { store } = served;
    let goOn!: () => void;
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const first = withFreeName(store, facts, issue, async (target) => {
      await gate;
      writeFileSync(target.path, "");
      return target.logicalName;
    });
    const second = withFreeName(store, facts, issue, async (target) => target.logicalName);
    goOn();
    expect([await first, await second].map((name) => name.at(-10))).toEqual(["0", "1"]);
  });

  it("passes on what fails", async () => {
    const failing = withFreeName(served.store, facts, issue, () => Promise.reject(new Error("no")));
    await expect(failing).rejects.toThrow("no");
  });
});
