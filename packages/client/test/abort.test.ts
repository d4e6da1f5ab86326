// Calling an operation off in each of its phases: it ends at once with ABORTED, and no connection is left.
import { frame, storageCommands, trackerCommands } from "@fastdfs-ts/protocol";
import { answerRaw } from "@fastdfs-ts/rpc";
import type { Connection, Network, World } from "@fastdfs-ts/runtime";
import { nodeWorld } from "@fastdfs-ts/runtime/node";
import { describe, expect, it } from "vitest";

import { type ClientOptions, FastDfsClient } from "../src/index.ts";
import { GROUP, startTracker } from "./fake-cluster.ts";
import { openCluster } from "./open-cluster.ts";
import { type Reaction, type ScriptedPeer, startScriptedPeer } from "./scripted-peer.ts";

const FILE = `${GROUP}/M00/00/00/CmAADWsCaQyAb_OwAAAADjf5ba8332.txt`;
const bytes = Buffer.alloc(3_000_000, "0123456789");

/** A stream that gives one chunk and then nothing, ever. */
function stuckSource() {
  let isReturned = false;
  let onStuck = () => {};
  const stuck = new Promise<void>((resolve) => {
    onStuck = resolve;
  });
  let given = 0;
  const source: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        if (given++ === 0) return Promise.resolve({ done: false, value: Buffer.from("abc") });
        onStuck();
        return new Promise(() => {});
      },
      return: () => {
        isReturned = true;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  return { source, stuck, isReturned: () => isReturned };
}

interface Stage {
  readonly storage: ScriptedPeer;
  readonly client: FastDfsClient;
  readonly signal: AbortSignal;
}

/** Runs an operation on a storage that reacts so, aborts it at the given moment, and looks for leftovers. */
async function abortWhen(
  react: (request: Buffer) => Reaction,
  operation: (stage: Stage) => Promise<unknown>,
  moment: (stage: Stage) => Promise<unknown>,
  options: Partial<ClientOptions> = {},
): Promise<void> {
  await using storage = await startScriptedPeer(react);
  await using tracker = await startTracker([storage]);
  const client = FastDfsClient.open({ trackers: [`127.0.0.1:${tracker.port}`], ...options });
  const controller = new AbortController();
  const stage = { storage, client, signal: controller.signal };
  const running = operation(stage);
  // Watched from the start: it may fail before the moment has come.
  const outcome = expect(running).rejects.toMatchObject({ kind: "ABORTED" });
  await moment(stage);
  controller.abort(new Error("changed my mind"));
  await outcome;
  await storage.whenQuiet();
  await client.close();
}

const silence = () => "silence" as const;

describe("abort", () => {
  it("before it begins", async () => {
    await using cluster = await openCluster();
    const signal = AbortSignal.abort();
    await expect(cluster.client.upload(bytes, { signal })).rejects.toMatchObject({ kind: "ABORTED" });
    await expect(cluster.client.download(FILE, { signal })).rejects.toMatchObject({ kind: "ABORTED" });
    expect(cluster.tracker.asked).toEqual([]);
  });

  it("while it connects", async () => {
    const controller = new AbortController();
    const network: Network = {
      ...nodeWorld().network,
      connect: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason as Error));
          controller.abort();
        }),
    };
    const client = FastDfsClient.open({ trackers: ["127.0.0.1:1"] }, { ...nodeWorld(), network });
    const uploading = client.upload(bytes, { signal: controller.signal });
    await expect(uploading).rejects.toMatchObject({ kind: "ABORTED" });
    await client.close();
  });

  it("while it waits for an answer", () =>
    abortWhen(
      silence,
      ({ client, signal }) => client.fileInfo(FILE, { fromServer: true, signal }),
      ({ storage }) => storage.whenAsked(1),
    ));

  it("while an upload waits for its answer", () =>
    abortWhen(
      silence,
      ({ client, signal }) => client.upload(Buffer.from("abc"), { signal }),
      ({ storage }) => storage.whenAsked(1),
    ));

  it.each(["upload", "uploadStream", "buffer"] as const)("while the source of %s gives nothing", async (how) => {
    const { source, stuck, isReturned } = stuckSource();
    const options = how === "upload" ? { size: 10 } : { buffer: { maxBytes: 10 } };
    await abortWhen(
      silence,
      ({ client, signal }) =>
        how === "uploadStream"
          ? client.uploadStream(source, { signal })
          : client.upload(source, { ...options, signal }),
      () => stuck,
    );
    expect(isReturned()).toBe(true);
  });

  it("while a download is being read", () => {
    const begun = frame(100, Buffer.alloc(100)).subarray(0, 50);
    return abortWhen(
      () => begun,
      async ({ client, signal }) => (await client.download(FILE, { signal })).bytes(),
      ({ storage }) => storage.whenAsked(1),
    );
  });

  it("while a download is being read that went on at another storage", async () => {
    const whole = frame(100, Buffer.alloc(100));
    await using first = await startScriptedPeer((_, connection) => {
      connection.write(whole.subarray(0, 50));
      return "close";
    });
    await using second = await startScriptedPeer(() => frame(100, Buffer.alloc(60)).subarray(0, 20));
    await using tracker = await startTracker([first, second]);
    await using client = FastDfsClient.open({ trackers: [`127.0.0.1:${tracker.port}`] });
    const controller = new AbortController();
    const download = await client.download(FILE, { signal: controller.signal });
    const reading = expect(download.bytes()).rejects.toMatchObject({ kind: "ABORTED" });
    await second.whenAsked(1);
    // The second half has begun when its first bytes were read.
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await reading;
    await second.whenQuiet();
  });

  it("by cancelling a download while it is being read", async () => {
    const begun = frame(100, Buffer.alloc(100)).subarray(0, 50);
    await using storage = await startScriptedPeer(() => begun);
    await using tracker = await startTracker([storage]);
    await using client = FastDfsClient.open({ trackers: [`127.0.0.1:${tracker.port}`] });
    const download = await client.download(FILE);
    const reading = expect(download.bytes()).rejects.toMatchObject({ kind: "ABORTED" });
    download.cancel();
    await reading;
    await storage.whenQuiet();
    const other = await client.download(FILE);
    other.stream().destroy();
    await storage.whenQuiet();
  });

  it("of very many operations with one signal", async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on("warning", listen);
    await abortWhen(
      silence,
      ({ client, signal }) =>
        Promise.all(Array.from({ length: 30 }, () => client.fileInfo(FILE, { fromServer: true, signal }))),
      ({ storage }) => storage.whenAsked(30),
    );
    process.off("warning", listen);
    expect(warnings).toEqual([]);
  });

  it("while nobody reads a download", async () => {
    const begun = frame(100, Buffer.alloc(100)).subarray(0, 50);
    await using storage = await startScriptedPeer(() => begun);
    await using tracker = await startTracker([storage]);
    await using client = FastDfsClient.open({ trackers: [`127.0.0.1:${tracker.port}`] });
    const controller = new AbortController();
    const download = await client.download(FILE, { signal: controller.signal });
    controller.abort();
    await storage.whenQuiet();
    await expect(download.bytes()).rejects.toThrow();
  });

  it("while it waits for a free connection", () => {
    let first: Promise<unknown> | undefined;
    return abortWhen(
      silence,
      async ({ client, signal, storage }) => {
        first = client.fileInfo(FILE, { fromServer: true, signal }).catch(() => undefined);
        await storage.whenAsked(1);
        await client.fileInfo(FILE, { fromServer: true, signal });
      },
      async ({ storage }) => {
        await storage.whenAsked(1);
        await new Promise((resolve) => setImmediate(resolve));
      },
      { pool: { maxPerServer: 1 } },
    ).then(() => first);
  });

  it("between two attempts to connect", async () => {
    await using cluster = await openCluster(1, { connectAttempts: 1_000_000 });
    await cluster.storages[0]!.stop();
    const controller = new AbortController();
    const uploading = cluster.client.upload(bytes, { signal: controller.signal });
    cluster.tracker.override(
      answerRaw(trackerCommands.queryStoreAnyAll, () => {
        setImmediate(() => controller.abort());
        return Buffer.alloc(0);
      }),
    );
    await expect(uploading).rejects.toMatchObject({ kind: "ABORTED" });
  });
});

describe("close", () => {
  it("calls off what is under way, downloads that nobody reads included", async () => {
    const begun = frame(100, Buffer.alloc(100)).subarray(0, 50);
    await using storage = await startScriptedPeer((request) => (request[8] === 14 ? begun : "silence"));
    await using tracker = await startTracker([storage]);
    const client = FastDfsClient.open({ trackers: [`127.0.0.1:${tracker.port}`] });
    const download = await client.download(FILE);
    const asking = expect(client.fileInfo(FILE, { fromServer: true })).rejects.toMatchObject({ kind: "ABORTED" });
    await storage.whenAsked(2);
    await client.close();
    await client.close();
    await asking;
    await storage.whenQuiet();
    await expect(download.bytes()).rejects.toThrow();
    await expect(client.upload(bytes)).rejects.toMatchObject({ kind: "ABORTED" });
  });

  it("closes idle connections", async () => {
    const info = { fileBytes: 3, modifiedSeconds: 1, crc32: 2, sourceIp: "" };
    const reply = frame(100, storageCommands.queryFileInfo.answer.encode(info));
    await using storage = await startScriptedPeer(() => reply);
    await using tracker = await startTracker([storage]);
    const client = FastDfsClient.open({ trackers: [`127.0.0.1:${tracker.port}`] });
    await client.fileInfo(FILE, { fromServer: true });
    expect(storage.connections.open).toBe(1);
    await client.close();
    await storage.whenQuiet();
  });
});

describe("back-pressure of a download", () => {
  it("a reader that stops makes the socket pause, and loses nothing", async () => {
    await using cluster = await openCluster();
    const content = Buffer.alloc(32 * 1024 * 1024, "0123456789");
    cluster.storages[0]!.override(answerRaw(storageCommands.downloadFile, () => content));
    let arrivedBytes = 0;
    let readBytes = 0;
    let mostWaiting = 0;
    let paused = () => {};
    const firstPause = new Promise<void>((resolve) => {
      paused = resolve;
    });
    const watch = (connection: Connection): Connection => ({
      ...bound(connection),
      pauseReading() {
        paused();
        connection.pauseReading();
      },
      attach(events) {
        connection.attach({
          data(chunk) {
            arrivedBytes += chunk.length;
            mostWaiting = Math.max(mostWaiting, arrivedBytes - readBytes);
            events.data(chunk);
          },
          drained: () => events.drained(),
          closed: (error) => events.closed(error),
        });
      },
    });
    const real = nodeWorld();
    const network: Network = {
      ...real.network,
      connect: async (to, options) => watch(await real.network.connect(to, options)),
    };
    const world: World = { ...real, network };
    await using client = FastDfsClient.open({ trackers: [`127.0.0.1:${cluster.tracker.port}`] }, world);
    const download = await client.download(FILE);
    const reader = download[Symbol.asyncIterator]();
    await firstPause;
    for (let step = await reader.next(); step.done !== true; step = await reader.next()) readBytes += step.value.length;
    expect(readBytes).toBe(content.length);
    // One megabyte is read ahead, and the chunk that was on its way when the socket was paused.
    expect(mostWaiting).toBeLessThan(1.5 * 1024 * 1024);
  });
});

/** The methods of a connection, bound, so that some can be replaced. */
function bound(connection: Connection): Connection {
  return {
    remote: connection.remote,
    local: connection.local,
    get pendingBytes() {
      return connection.pendingBytes;
    },
    attach: (events) => connection.attach(events),
    write: (piece) => connection.write(piece),
    writePair: (first, second) => connection.writePair(first, second),
    pauseReading: () => connection.pauseReading(),
    resumeReading: () => connection.resumeReading(),
    end: () => connection.end(),
    destroy: () => connection.destroy(),
  };
}
