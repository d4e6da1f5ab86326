// What a power cut leaves of a metadata file that was not on the disk yet must not be taken for metadata.
import { existsSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { scanYoungFiles } from "../src/recovery/scan-young-files.ts";
import { RawClient } from "./raw-client.ts";
import { emptyStatus, nameStating, push } from "./replica-pusher.ts";
import { type ServedStore, serveStore } from "./served-store.ts";

const content = Buffer.from("content");
const NAME = nameStating(content, "001");
const METADATA = `${NAME}-m`;

let served: ServedStore;
let path: string;

beforeEach(async () => {
  served = await serveStore();
  const client = await RawClient.dial(served.port);
  expect(emptyStatus(await client.exchange(push.create(NAME, content)))).toBe(0);
  await client.end();
  path = served.store.paths.all[0]!.fileAt(METADATA.slice(4));
});
afterEach(() => served.remove());

it.each([
  ["nothing", Buffer.alloc(0), false],
  ["NULs", Buffer.alloc(40), false],
  ["a sector of NULs behind a whole one", Buffer.concat([Buffer.alloc(512, "a"), Buffer.alloc(30)]), false],
  ["metadata", Buffer.from("width\x02100"), true],
  ["what C leaves behind its texts", Buffer.from("width\x02100\0\0\0"), true],
])("%s", async (_, metadata, isKept) => {
  writeFileSync(path, metadata);
  const { damaged } = await scanYoungFiles(served.store, { fromSeconds: 0, untilSeconds: Infinity }, new Map());
  expect(damaged).toBe(isKept ? 0 : 1);
  expect(existsSync(path)).toBe(isKept);
});
