// A member that fills a new one pushes what others did as well, and so do those others once the new member is ACTIVE: what
// comes second-hand, maybe with content that is behind, does not take the place of what its own member has pushed.
import { afterEach, beforeEach, expect, it } from "vitest";
import { RawClient } from "./raw-client.ts";
import { APPENDER } from "./replica-operations.ts";
import { emptyStatus, push } from "./replica-pusher.ts";
import { type ServedStore, serveStore } from "./served-store.ts";

const METADATA = `${APPENDER}-m`;
const bytes = (count: number, letter: string) => Buffer.alloc(count, letter);

let served: ServedStore;
/** It took the upload, as the name says. */
let origin: RawClient;
let filler: RawClient;

async function introduced(storageId: string): Promise<RawClient> {
  const client = await RawClient.dial(served.port);
  await client.exchange(push.hello(storageId));
  return client;
}

beforeEach(async () => {
  served = await serveStore();
  origin = await introduced("10.0.0.1");
  filler = await introduced("10.0.0.9");
});
afterEach(async () => {
  await origin.end();
  await filler.end();
  await served.remove();
});

const status = async (client: RawClient, request: Buffer) => emptyStatus(await client.exchange(request));
const contentOf = (name: string) => {
  const { disk, path } = placeOf(name);
  return disk.readFile(path).toString();
};
const placeOf = (name: string) => ({
  disk: served.store.disk,
  path: served.store.paths.all[0]!.fileAt(name.slice("M00/".length)),
});

it("a modification of the past is left", async () => {
  expect(await status(origin, push.create(APPENDER, bytes(6, "a"), { seconds: 100 }))).toBe(0);
  expect(await status(origin, push.modify(APPENDER, 0, bytes(4, "b"), { seconds: 200 }))).toBe(0);
  expect(await status(origin, push.modify(APPENDER, 2, bytes(3, "c"), { seconds: 300 }))).toBe(0);
  expect(await status(filler, push.modify(APPENDER, 0, bytes(4, "b"), { seconds: 200 }))).toBe(17);
  expect(contentOf(APPENDER)).toBe("bbccca");
  // The origin itself may push again what it got no answer to.
  expect(await status(origin, push.modify(APPENDER, 2, bytes(3, "d"), { seconds: 300 }))).toBe(0);
  expect(contentOf(APPENDER)).toBe("bbddda");
});

it("a file as it was when it was created is left", async () => {
  expect(await status(origin, push.create(APPENDER, bytes(6, "a"), { seconds: 100 }))).toBe(0);
  expect(await status(origin, push.append(APPENDER, 6, bytes(3, "b"), { seconds: 200 }))).toBe(0);
  expect(await status(filler, push.create(APPENDER, bytes(6, "a"), { seconds: 100 }))).toBe(17);
  expect(contentOf(APPENDER)).toBe("aaaaaabbb");
});

it("metadata of the past is left, and each of two updates in one second is taken", async () => {
  expect(await status(origin, push.create(APPENDER, bytes(6, "a"), { seconds: 100 }))).toBe(0);
  expect(await status(origin, push.create(METADATA, bytes(6, "a"), { seconds: 100 }))).toBe(0);
  expect(await status(origin, push.update(METADATA, bytes(6, "b"), { seconds: 200 }))).toBe(0);
  expect(await status(origin, push.update(METADATA, bytes(6, "c"), { seconds: 200 }))).toBe(0);
  expect(await status(filler, push.update(METADATA, bytes(6, "b"), { seconds: 200 }))).toBe(17);
  expect(contentOf(METADATA)).toBe("cccccc");
});

it("what comes second-hand first is taken, and so is what the origin pushes after it", async () => {
  expect(await status(filler, push.create(APPENDER, bytes(6, "a"), { seconds: 100 }))).toBe(0);
  expect(await status(filler, push.modify(APPENDER, 0, bytes(4, "b"), { seconds: 200 }))).toBe(0);
  expect(await status(origin, push.modify(APPENDER, 0, bytes(4, "c"), { seconds: 200 }))).toBe(0);
  expect(contentOf(APPENDER)).toBe("ccccaa");
  // Done at the filler while the origin was down.
  expect(await status(filler, push.modify(APPENDER, 0, bytes(4, "d"), { seconds: 201 }))).toBe(0);
  expect(contentOf(APPENDER)).toBe("ddddaa");
});
