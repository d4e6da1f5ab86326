// A file has the time of its last record on every member, whatever the file system would have given it: the clock here runs
// far from that of the disk, and each look at it is a little later, so that turns of a second fall everywhere.
import { readFileSync } from "node:fs";
import { parseFileId, storageCommands } from "@fastdfs-ts/protocol";
import { RpcConnection } from "@fastdfs-ts/rpc";
import { Deadlines } from "@fastdfs-ts/runtime";
import { nodeWorld } from "@fastdfs-ts/runtime/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StoreClient } from "./store-client.ts";
import { type ServedStore, serveStore } from "./served-store.ts";

const START_SECONDS = 1_695_320_858;
/** With the lag that is allowed for, more than a second: no file counts as written in the second of its record. */
const STEP_MS = 990;

const world = nodeWorld();
const deadlines = Deadlines.open(world.clock, 50);
let served: ServedStore;
let client: StoreClient;
let connection: RpcConnection;

beforeEach(async () => {
  let nowMs = START_SECONDS * 1000;
  const clock = { ...world.clock, now: () => (nowMs += STEP_MS) };
  served = await serveStore({ world: { ...world, clock } });
  const endpoint = { host: "127.0.0.1", port: served.port };
  client = await StoreClient.dial(world.network, deadlines, endpoint);
  connection = await RpcConnection.dial(world.network, endpoint, { connectTimeoutMs: 5000, deadlines });
});

afterEach(async () => {
  client.close();
  connection.destroy();
  await served.remove();
  expect(served.troubles).toEqual([]);
});

async function toldSeconds(logicalName: string): Promise<number> {
  const request = { groupName: "group1", logicalName };
  return (await connection.call(storageCommands.queryFileInfo, request, { timeoutMs: 10_000 })).modifiedSeconds;
}

/** Of the last record in the log. */
function loggedSeconds(): number {
  const lines = readFileSync(`${served.directory}/data/sync/binlog.000`, "latin1").trim().split("\n");
  return Number.parseInt(lines.at(-1)!, 10);
}

describe("the time of a file", () => {
  it.each([0, 5120, 3_000_000])("of %i bytes is that in its name and in the log", async (bytes) => {
    for (let time = 0; time < 5; time++) {
      const name = await client.upload(Buffer.alloc(bytes, "x"));
      expect(await toldSeconds(name)).toBe(parseFileId(`group1/${name}`).facts!.createdSeconds);
      expect(await toldSeconds(name)).toBe(loggedSeconds());
    }
  });

  it("is that of its last record: a slave's, an appender's", async () => {
    const master = await client.upload(Buffer.from("master"));
    expect(await toldSeconds(await client.uploadSlave(master, "_80x80", Buffer.from("small")))).toBe(loggedSeconds());

    const appender = await client.uploadAppender(Buffer.from("one"));
    for (const change of [
      () => client.append(appender, Buffer.from("-two")),
      () => client.modify(appender, 0, Buffer.from("ONE")),
      () => client.truncate(appender, 3),
    ]) {
      const before = loggedSeconds();
      await change();
      expect(loggedSeconds()).toBeGreaterThan(before);
      expect(await toldSeconds(appender)).toBe(loggedSeconds());
    }
  });
});
