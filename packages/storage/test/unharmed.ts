// After bad input: is the server as it was? A watcher keeps one honest client connected from before the first bad byte,
// and looks for everything that could have leaked.
import { readdirSync, readFileSync } from "node:fs";
import { emptyAnswer, frame, HEADER_BYTES, storageCommands } from "@fastdfs-ts/protocol";
import { expect } from "vitest";
import { readFile, storeFile } from "./every-request.ts";
import { RawClient } from "./raw-client.ts";
import type { ServedStore } from "./served-store.ts";

const openDescriptors = () => readdirSync("/proc/self/fd").length;

export class Watcher {
  private readonly served: ServedStore;
  private readonly client: RawClient;
  private readonly descriptors: number;
  private readonly connections: number;

  private constructor(served: ServedStore, client: RawClient) {
    this.served = served;
    this.client = client;
    this.descriptors = openDescriptors();
    this.connections = served.server.connectionCounts.current;
  }

  static async connect(served: ServedStore): Promise<Watcher> {
    const client = await RawClient.dial(served.port);
    // A first exchange, so that the server knows of the connection when the counting begins.
    await storeFile(client, Buffer.alloc(0));
    return new Watcher(served, client);
  }

  /** Fails unless the honest client is served as before and nothing has leaked. */
  async expectUnharmed(): Promise<void> {
    const { served, client } = this;
    const { groupName } = served.store;
    const content = Buffer.from("an honest file");
    const name = await storeFile(client, content);
    expect((await readFile(client, groupName, name)).subarray(HEADER_BYTES)).toEqual(content);
    const { code, request } = storageCommands.deleteFile;
    expect(await client.exchange(frame(code, request.encode({ groupName, logicalName: name })))).toEqual(
      emptyAnswer(0),
    );
    expect(served.troubles, "handlers that failed, refused connections").toEqual([]);
    await becomes(() => served.server.connectionCounts.current, this.connections, "connections");
    await becomes(openDescriptors, this.descriptors, "open descriptors");
    for (const { incoming } of served.store.paths.all) {
      await becomes(() => readdirSync(incoming.path).join(), "", incoming.path);
    }
  }

  close(): Promise<void> {
    return this.client.end();
  }
}

/** Waits for the server to notice that its clients are gone. Fails with the last value if it never does. */
async function becomes<T>(value: () => T, wanted: T, what: string): Promise<void> {
  await expect.poll(value, { timeout: 20_000, interval: 5, message: what }).toBe(wanted);
}

/** The names of all files that clients could ask for, sorted, metadata files included. */
export function visibleFiles(served: ServedStore): string[] {
  return served.store.paths.all
    .flatMap(({ dataPath }) =>
      readdirSync(dataPath, { recursive: true, encoding: "utf8" }).filter((path) => /^..\/..\/[^/]+$/.test(path)),
    )
    .sort();
}

/** The operations of the binlog, without their times. */
export function binlogLines(served: ServedStore): string[] {
  return readFileSync(`${served.directory}/data/sync/binlog.000`, "latin1")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/^\d+ /, ""));
}
