// A member hears of a deletion before it hears of the file: nothing deleted comes back (docs/decisions/0011-deletions-win.md).
import { existsSync, readFileSync } from "node:fs";
import { frame, storageCommands } from "@fastdfs-ts/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RawClient } from "./raw-client.ts";
import { emptyStatus, push } from "./replica-pusher.ts";
import { type ServedStore, serveStore } from "./served-store.ts";

let served: ServedStore;
let client: RawClient;

beforeEach(async () => {
  served = await serveStore();
  client = await RawClient.dial(served.port);
});
afterEach(async () => {
  await client.end();
  await served.remove();
});

const NAME = "M00/00/01/CmAAC2sCaA-ACKP8AAAAKnl8CjM577.txt";
const RENAMED = "M00/00/02/CmAAC2sCaBOAPV4VAAAEG2Fs367708.txt";
const METADATA = `${NAME}-m`;
const content = Buffer.from("content");
const isThere = (name: string) => existsSync(served.store.paths.all[0]!.fileAt(name.slice(4)));
const status = async (request: Buffer) => emptyStatus(await client.exchange(request));

async function restart(wasKilled = false): Promise<void> {
  await client.end();
  await served.stop();
  served = await serveStore({ directory: served.directory, wasKilled });
  client = await RawClient.dial(served.port);
}

describe.each([
  ["at once", async () => {}],
  ["after a restart", () => restart()],
])("a deletion that came first, %s,", (_, between) => {
  it.each([
    ["the file", () => push.create(NAME, content)],
    ["the file without content", () => push.create(NAME, content, { flags: 17 })],
    ["the whole changed file", () => push.update(NAME, content)],
    ["a link", () => push.link(NAME, RENAMED)],
    ["metadata of the file", () => push.create(METADATA, content)],
    ["changed metadata of the file", () => push.update(METADATA, content)],
  ])("forbids %s", async (_what, request) => {
    expect(await status(push.delete(NAME))).toBe(2);
    await between();
    const isLink = request()[8] === push.link(NAME, RENAMED)[8];
    expect(await status(request())).toBe(isLink ? 0 : 17);
    expect([isThere(NAME), isThere(METADATA)]).toEqual([false, false]);
  });

  it("forbids a file that was here", async () => {
    expect(await status(push.create(NAME, content))).toBe(0);
    expect(await status(push.delete(NAME))).toBe(0);
    await between();
    expect(await status(push.create(NAME, content))).toBe(17);
    expect(isThere(NAME)).toBe(false);
  });

  it("forbids the old name of a renaming, not the new one", async () => {
    expect(await status(push.rename(RENAMED, NAME))).toBe(2);
    await between();
    expect(await status(push.create(NAME, content))).toBe(17);
    expect(await status(push.create(RENAMED, content))).toBe(0);
    expect([isThere(NAME), isThere(RENAMED)]).toEqual([false, true]);
  });

  it("forbids the new name of a renaming, and takes the old one", async () => {
    expect(await status(push.create(NAME, content))).toBe(0);
    expect(await status(push.delete(RENAMED))).toBe(2);
    await between();
    expect(await status(push.rename(RENAMED, NAME))).toBe(17);
    expect([isThere(NAME), isThere(RENAMED)]).toEqual([false, false]);
    expect(await status(push.create(NAME, content))).toBe(17);
  });

  it("does not keep metadata from being set anew", async () => {
    expect(await status(push.create(NAME, content))).toBe(0);
    expect(await status(push.delete(METADATA, { seconds: 1000 }))).toBe(2);
    await between();
    expect(await status(push.create(METADATA, content, { seconds: 999 }))).toBe(17);
    expect(isThere(METADATA)).toBe(false);
    expect(await status(push.create(METADATA, content, { seconds: 1001 }))).toBe(0);
    expect(isThere(METADATA)).toBe(true);
  });
});

it("a deletion takes metadata with it that its sender never had", async () => {
  expect(await status(push.create(NAME, content))).toBe(0);
  expect(await status(push.create(METADATA, content))).toBe(0);
  expect(await status(push.delete(NAME))).toBe(0);
  expect([isThere(NAME), isThere(METADATA)]).toEqual([false, false]);
  const log = readFileSync(`${served.directory}/data/sync/binlog.000`, "latin1");
  expect(
    log
      .trimEnd()
      .split("\n")
      .slice(-2)
      .map((line) => line.slice(11)),
  ).toEqual([`d ${NAME}`, `d ${METADATA}`]);
});

it("a deletion is later than the slave that it takes, also if that was made by a clock that is ahead", async () => {
  const slave = `${NAME.slice(0, -4)}_small.txt`;
  const ahead = Math.floor(Date.now() / 1000) + 30;
  const create = (seconds: number) => push.create(slave, content, { seconds });
  const { code, request } = storageCommands.deleteFile;
  expect(await status(create(ahead))).toBe(0);
  expect(await status(frame(code, request.encode({ groupName: "group1", logicalName: slave })))).toBe(0);
  await restart();
  expect(await status(create(ahead))).toBe(17);
  expect(isThere(slave)).toBe(false);
  const log = readFileSync(`${served.directory}/data/sync/binlog.000`, "latin1");
  expect(log).toContain(`${ahead + 1} D ${slave}\n`);
  expect(await status(create(ahead + 2))).toBe(0);
});

it.each([
  ["D", NAME],
  ["d", NAME],
  ["D", `${NAME.slice(0, -4)}_small.txt`],
] as const)(
  "a process that was killed behind the line (%s) of a deletion is followed by one that makes it: %s",
  async (op, name) => {
    const seconds = 1_700_000_000;
    for (const each of [name, RENAMED]) expect(await status(push.create(each, content, { seconds }))).toBe(0);
    served.store.binlog.append(seconds + 5, op, name);
    // In order: who put the file back did so on purpose.
    await restart();
    expect(isThere(name)).toBe(true);
    await restart(true);
    expect([isThere(name), isThere(RENAMED)]).toEqual([false, true]);
  },
);

it("a slave that was stored anew is not taken for one whose deletion is to be finished", async () => {
  const slave = `${NAME.slice(0, -4)}_small.txt`;
  const seconds = 1_700_000_000;
  expect(await status(push.create(slave, content, { seconds }))).toBe(0);
  expect(await status(push.delete(slave, { seconds: seconds + 1 }))).toBe(0);
  expect(await status(push.create(slave, content, { seconds: seconds + 2 }))).toBe(0);
  await restart(true);
  expect(isThere(slave)).toBe(true);
});
