// What happens when servers fail: who is asked next, and that nothing is ever stored twice.
import { emptyAnswer, FdfsError, frame, frameCommand, storageCommands, trackerCommands } from "@fastdfs-ts/protocol";
import { answer, answerRaw, receive } from "@fastdfs-ts/rpc";
import type { Connection, Network } from "@fastdfs-ts/runtime";
import { nodeWorld } from "@fastdfs-ts/runtime/node";
import { describe, expect, it } from "vitest";

import { FastDfsClient } from "../src/index.ts";
import { GROUP, startStorage, startTracker } from "./fake-cluster.ts";
import { openCluster } from "./open-cluster.ts";
import { startScriptedPeer } from "./scripted-peer.ts";

const bytes = Buffer.alloc(300_000, "0123456789");
const refuse = (kind: "NOT_FOUND" | "NO_SPACE" | "SHUTTING_DOWN") => () => {
  throw new FdfsError(kind);
};

describe("trackers", () => {
  it("one that is down is passed over, and then left alone for a while", async () => {
    await using broken = await startScriptedPeer(() => "close");
    await using storage = await startStorage();
    await using tracker = await startTracker([storage]);
    const trackers = [broken.port, tracker.port].map((port) => `127.0.0.1:${port}`);
    await using client = FastDfsClient.open({ trackers });
    for (let i = 0; i < 6; i++) await client.cluster.queryStore();
    expect(broken.requests).toHaveLength(1);
    expect(tracker.asked).toHaveLength(6);
  });

  it("are asked by turns", async () => {
    await using storage = await startStorage();
    await using one = await startTracker([storage]);
    await using two = await startTracker([storage]);
    await using client = FastDfsClient.open({ trackers: [`127.0.0.1:${one.port}`, `127.0.0.1:${two.port}`] });
    for (let i = 0; i < 6; i++) await client.cluster.queryStore();
    expect([one.asked.length, two.asked.length]).toEqual([3, 3]);
  });

  it("one that knows no storage, or does not lead, is not the last word", async () => {
    await using storage = await startStorage();
    await using empty = await startTracker([]);
    await using full = await startTracker([storage]);
    full.override(answer(trackerCommands.trackerClusterStat, () => ({ trackers: [] })));
    await using client = FastDfsClient.open({ trackers: [`127.0.0.1:${empty.port}`, `127.0.0.1:${full.port}`] });
    await expect(client.upload(bytes)).resolves.toMatchObject({ groupName: GROUP });
    await expect(client.cluster.trackerStat()).resolves.toEqual([]);
    await expect(client.cluster.trackerStat()).resolves.toEqual([]);
  });

  it("none to be reached", async () => {
    const gone = await startTracker([]);
    await gone.stop();
    await using client = FastDfsClient.open({ trackers: [`127.0.0.1:${gone.port}`] });
    await expect(client.cluster.listGroups()).rejects.toMatchObject({ kind: "UNREACHABLE" });
  });

  it("a name without an address", async () => {
    await using client = FastDfsClient.open({ trackers: ["no-such-host.invalid"] });
    await expect(client.cluster.listGroups()).rejects.toMatchObject({ kind: "UNREACHABLE" });
  });

  it("each removes a storage from its own list, unless one still sees it in service", async () => {
    await using one = await startTracker([]);
    await using two = await startTracker([]);
    const trackers = [one, two].map(({ port }) => `127.0.0.1:${port}`);
    await using client = FastDfsClient.open({ trackers });
    two.override(answer(trackerCommands.deleteStorage, refuse("NOT_FOUND")));
    await expect(client.cluster.deleteStorage(GROUP, "100001")).resolves.toEqual([
      { tracker: trackers[0], error: undefined },
      { tracker: trackers[1], error: undefined },
    ]);
    one.override(answer(trackerCommands.deleteStorage, refuse("NOT_FOUND")));
    await expect(client.cluster.deleteStorage(GROUP, "100001")).rejects.toMatchObject({ kind: "NOT_FOUND" });
    const record = Buffer.alloc(487);
    record[0] = 7; // ACTIVE
    two.override(answerRaw(trackerCommands.listStorages, () => record));
    const asked = [...one.asked, ...two.asked].length;
    await expect(client.cluster.deleteStorage(GROUP, "100001")).rejects.toMatchObject({ kind: "BUSY" });
    expect([...one.asked, ...two.asked].length).toBe(asked + 2);
  });
});

describe("an upload", () => {
  it("goes to another storage when the first accepts no connection", async () => {
    await using cluster = await openCluster(2);
    await cluster.storages[0]!.stop();
    const { fileId } = await cluster.client.upload(bytes);
    expect(cluster.storages[1]!.files.size).toBe(1);
    expect((await (await cluster.client.download(fileId)).bytes()).equals(bytes)).toBe(true);
  });

  it("is dialled several times before it is given up", async () => {
    await using cluster = await openCluster();
    const [storage] = cluster.storages;
    await storage!.stop();
    const real = nodeWorld();
    const dialled: number[] = [];
    const network: Network = {
      ...real.network,
      connect: (to, options) => {
        dialled.push(to.port);
        return real.network.connect(to, options);
      },
    };
    const options = { trackers: [`127.0.0.1:${cluster.tracker.port}`], connectAttempts: 3 };
    await using client = FastDfsClient.open(options, { ...real, network });
    await expect(client.upload(bytes)).rejects.toMatchObject({ kind: "UNREACHABLE" });
    expect(dialled.filter((port) => port === storage!.port)).toHaveLength(3);
    // The way to the others is asked for once, however often they are dialled.
    expect(cluster.tracker.asked).toHaveLength(2);
  });

  it.each([
    ["is cut after the request was sent", "close" as const, "CONNECTION_LOST"],
    ["is refused", emptyAnswer(28), "NO_SPACE"],
    ["gets an answer that is none", frame(100, Buffer.from("?")), "BAD_ANSWER"],
  ])("that %s is never repeated", async (_, reaction, kind) => {
    await using broken = await startScriptedPeer(() => reaction);
    await using other = await startStorage();
    await using tracker = await startTracker([broken, other]);
    await using client = FastDfsClient.open({ trackers: [`127.0.0.1:${tracker.port}`] });
    for (const options of [{}, { appender: true }]) {
      await expect(client.upload(bytes, options)).rejects.toMatchObject({ kind });
    }
    expect(broken.requests).toHaveLength(2);
    expect(other.files.size).toBe(0);
  });

  it("that cannot get its metadata is deleted again, and says so", async () => {
    await using cluster = await openCluster();
    const [storage] = cluster.storages;
    storage!.override(answer(storageCommands.setMetadata, refuse("NO_SPACE")));
    const uploading = cluster.client.upload(bytes, { metadata: { a: "1" } });
    await expect(uploading).rejects.toThrow(/metadata could not be stored, the file was deleted again/);
    await expect(uploading).rejects.toMatchObject({ kind: "NO_SPACE" });
    expect(storage!.files.size).toBe(0);
  });

  it("that cannot be undone says so too", async () => {
    await using cluster = await openCluster();
    const [storage] = cluster.storages;
    storage!.override(answer(storageCommands.setMetadata, refuse("NO_SPACE")));
    storage!.override(answer(storageCommands.deleteFile, refuse("SHUTTING_DOWN")));
    await expect(cluster.client.upload(bytes, { metadata: { a: "1" } })).rejects.toThrow(/still there/);
  });
});

describe("a storage that is not the right one to ask", () => {
  it.each(["NOT_FOUND", "SHUTTING_DOWN"] as const)("says %s: another one answers", async (kind) => {
    await using cluster = await openCluster(2);
    const { client, storages } = cluster;
    const { fileId } = await client.upload(bytes, { metadata: { a: "1" } });
    storages[0]!.override(answerRaw(storageCommands.downloadFile, refuse(kind)));
    storages[0]!.override(answer(storageCommands.queryFileInfo, refuse(kind)));
    storages[0]!.override(answer(storageCommands.getMetadata, refuse(kind)));
    expect((await (await client.download(fileId)).bytes()).equals(bytes)).toBe(true);
    await expect(client.fileInfo(fileId, { fromServer: true })).resolves.toMatchObject({ fileBytes: bytes.length });
    await expect(client.getMetadata(fileId)).resolves.toEqual({ a: "1" });
    await expect(client.exists(fileId)).resolves.toBe(true);
  });

  it("a file is missing only if nobody has it and everybody could be asked", async () => {
    await using cluster = await openCluster(2);
    const { client, storages } = cluster;
    const { fileId } = await client.upload(bytes);
    await client.delete(fileId);
    await expect(client.exists(fileId)).resolves.toBe(false);
    expect(storages[1]!.asked).toHaveLength(1);
    await storages[1]!.stop();
    await expect(client.exists(fileId)).rejects.toMatchObject({ kind: "UNREACHABLE" });
  });

  it("a change is asked of the owner alone", async () => {
    await using cluster = await openCluster(2);
    const { client, storages } = cluster;
    const { fileId } = await client.upload(bytes);
    storages[0]!.override(answer(storageCommands.deleteFile, refuse("NOT_FOUND")));
    await expect(client.delete(fileId)).rejects.toMatchObject({ kind: "NOT_FOUND" });
    expect(storages[1]!.asked).toEqual([]);
  });
});

describe("a download that is cut in the middle", () => {
  const half = bytes.length / 2;
  /** Sends the first half of what was asked for, then cuts. */
  const sendsHalf = (content: Buffer) =>
    answerRaw(storageCommands.downloadFile, ({ offset, countBytes }) => {
      const wanted = content.subarray(offset, countBytes === 0 ? undefined : offset + countBytes);
      const pieces = [wanted.subarray(0, half)];
      return {
        bodyBytes: wanted.length,
        next: () => pieces.shift(),
        close() {},
      };
    });

  it("goes on at another storage where it stopped", async () => {
    await using cluster = await openCluster(2);
    const { client, storages } = cluster;
    const { fileId } = await client.upload(bytes);
    storages[0]!.override(sendsHalf(bytes));
    const offsets: number[] = [];
    storages[1]!.override(
      answerRaw(storageCommands.downloadFile, ({ offset, countBytes }) => {
        offsets.push(offset);
        return bytes.subarray(offset, offset + countBytes);
      }),
    );
    expect((await (await client.download(fileId)).bytes()).equals(bytes)).toBe(true);
    expect(offsets).toEqual([half]);
    const part = await client.download(fileId, { offset: 10, length: bytes.length - 20 });
    expect((await part.bytes()).equals(bytes.subarray(10, -10))).toBe(true);
    expect(offsets).toEqual([half, half + 10]);
  });

  it.each([
    ["less", bytes.subarray(0, 7)],
    ["more", bytes],
  ])("fails when the others have %s than is missing", async (_, other) => {
    await using cluster = await openCluster(2);
    const { client, storages } = cluster;
    const { fileId } = await client.upload(bytes);
    storages[0]!.override(sendsHalf(bytes));
    storages[1]!.override(answerRaw(storageCommands.downloadFile, () => other));
    let readBytes = 0;
    const reading = async () => {
      for await (const chunk of await client.download(fileId)) readBytes += chunk.length;
    };
    await expect(reading()).rejects.toMatchObject({ kind: "CONNECTION_LOST" });
    expect(readBytes).toBe(half);
  });

  it("never mixes two versions of a file that may change", async () => {
    await using cluster = await openCluster(2);
    const { client, storages } = cluster;
    const { fileId } = await client.upload(bytes, { appender: true });
    storages[0]!.override(sendsHalf(bytes));
    await expect((await client.download(fileId)).bytes()).rejects.toMatchObject({ kind: "CONNECTION_LOST" });
    expect(storages[1]!.asked).toEqual([]);
  });

  it("is given up when it is cut again and again", async () => {
    await using cluster = await openCluster(1);
    const { client, storages } = cluster;
    const { fileId } = await client.upload(bytes);
    storages[0]!.override(
      answerRaw(storageCommands.downloadFile, ({ offset, countBytes }) => {
        const pieces = [Buffer.alloc(1)];
        return { bodyBytes: countBytes || bytes.length - offset, next: () => pieces.shift(), close() {} };
      }),
    );
    await expect((await client.download(fileId)).bytes()).rejects.toMatchObject({ kind: "CONNECTION_LOST" });
    expect(storages[0]!.asked.length).toBeLessThan(10);
  });
});

describe("a connection that died while nobody used it", () => {
  /** Answers the first request of each connection and cuts at the second: what a restarted server looks like. */
  async function forgetfulPeer(answerTo: (request: Buffer) => Buffer) {
    const served = new Set<Connection>();
    return startScriptedPeer((request, connection) => {
      if (served.has(connection)) return "close";
      served.add(connection);
      return answerTo(request);
    });
  }
  const info = storageCommands.queryFileInfo.answer.encode({
    fileBytes: 3,
    modifiedSeconds: 1,
    crc32: 2,
    sourceIp: "",
  });
  const commandsOf = (requests: readonly Buffer[]) => requests.map((request) => frameCommand(request));
  const appenderId = async () => {
    await using cluster = await openCluster();
    return (await cluster.client.upload(Buffer.from("abc"), { appender: true })).fileId;
  };

  it("is replaced without a word where asking again does no harm", async () => {
    const fileId = await appenderId();
    await using storage = await forgetfulPeer(() => frame(100, info));
    await using tracker = await startTracker([storage]);
    await using client = FastDfsClient.open({ trackers: [`127.0.0.1:${tracker.port}`] });
    for (let i = 0; i < 3; i++) await client.fileInfo(fileId);
    expect(commandsOf(storage.requests)).toEqual([22, 22, 22, 22, 22]);
    expect(storage.connections.total).toBe(3);
  });

  it("is the end of an append, which could otherwise happen twice", async () => {
    const fileId = await appenderId();
    await using storage = await forgetfulPeer(() => emptyAnswer(0));
    await using tracker = await startTracker([storage]);
    await using client = FastDfsClient.open({ trackers: [`127.0.0.1:${tracker.port}`] });
    await client.append(fileId, Buffer.from("d"));
    await expect(client.append(fileId, Buffer.from("e"))).rejects.toMatchObject({ kind: "CONNECTION_LOST" });
    expect(commandsOf(storage.requests)).toEqual([24, 24]);
  });

  it("is found out before an append if it was idle for a while", async () => {
    const fileId = await appenderId();
    await using storage = await forgetfulPeer(() => emptyAnswer(0));
    await using tracker = await startTracker([storage]);
    const pool = { testAfterIdleMs: 0 };
    await using client = FastDfsClient.open({ trackers: [`127.0.0.1:${tracker.port}`], pool });
    await client.append(fileId, Buffer.from("d"));
    await client.append(fileId, Buffer.from("e"));
    expect(commandsOf(storage.requests)).toEqual([24, 111, 24]);
  });

  it("repeats a modification only if its content can be read again", async () => {
    const fileId = await appenderId();
    await using storage = await forgetfulPeer(() => emptyAnswer(0));
    await using tracker = await startTracker([storage]);
    await using client = FastDfsClient.open({ trackers: [`127.0.0.1:${tracker.port}`] });
    await client.modify(fileId, 0, Buffer.from("d"));
    await client.modify(fileId, 0, Buffer.from("e"));
    expect(storage.requests).toHaveLength(3);
    const stream = client.modify(fileId, 0, [Buffer.from("f")], { size: 1 });
    await expect(stream).rejects.toMatchObject({ kind: "CONNECTION_LOST" });
    expect(storage.requests).toHaveLength(4);
  });

  it("a delete that finds nothing at its second sending has done its work at the first", async () => {
    const fileId = await appenderId();
    let deletes = 0;
    await using storage = await forgetfulPeer((request) =>
      frameCommand(request) === 12 && ++deletes > 1 ? emptyAnswer(2) : emptyAnswer(0),
    );
    await using tracker = await startTracker([storage]);
    await using client = FastDfsClient.open({ trackers: [`127.0.0.1:${tracker.port}`] });
    await client.delete(fileId);
    await expect(client.delete(fileId)).resolves.toBeUndefined();
    await expect(client.delete(fileId)).resolves.toBeUndefined();
    expect(storage.requests).toHaveLength(5);
  });

  it("and a server that is gone since: what was sent may have been done, and is not called unreachable", async () => {
    const fileId = await appenderId();
    const storage = await startScriptedPeer(() => {
      if (storage.requests.length === 1) return emptyAnswer(0);
      void storage[Symbol.asyncDispose]();
      return "close";
    });
    await using tracker = await startTracker([storage]);
    await using client = FastDfsClient.open({ trackers: [`127.0.0.1:${tracker.port}`], connectAttempts: 3 });
    await client.delete(fileId);
    await expect(client.delete(fileId)).rejects.toMatchObject({ kind: "CONNECTION_LOST" });
    await expect(client.delete(fileId)).rejects.toMatchObject({ kind: "UNREACHABLE" });
    expect(storage.requests).toHaveLength(2);
  });
});

describe("memory", () => {
  it("a storage that reads slowly holds the source back", async () => {
    await using cluster = await openCluster();
    const totalBytes = 64 * 1024 * 1024;
    let givenBytes = 0;
    let takenBytes = 0;
    let mostInFlight = 0;
    cluster.storages[0]!.override(
      receive(storageCommands.uploadFile, async (_, content) => {
        await content.consume(async (piece) => {
          takenBytes += piece.length;
          mostInFlight = Math.max(mostInFlight, givenBytes - takenBytes);
          // Let the client run as far ahead as it wants.
          await new Promise((resolve) => setImmediate(resolve));
        });
        return storageCommands.uploadFile.answer.encode({
          groupName: GROUP,
          logicalName: `M00/00/00/${"A".repeat(34)}`,
        });
      }),
    );
    const source = (function* () {
      const chunk = Buffer.alloc(256 * 1024);
      for (; givenBytes < totalBytes; givenBytes += chunk.length) yield chunk;
    })();
    await cluster.client.upload(source, { size: totalBytes });
    expect(takenBytes).toBe(totalBytes);
    // The rest of what is in flight lies in the kernel's two socket buffers.
    expect(mostInFlight).toBeLessThan(16 * 1024 * 1024);
  });
});
