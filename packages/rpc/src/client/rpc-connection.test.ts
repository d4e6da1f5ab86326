import { Empty, frame, message, storageCommands, trackerCommands } from "@fastdfs-ts/protocol";
import { Deadlines, type Network } from "@fastdfs-ts/runtime";
import { describe, expect, it } from "vitest";

import { ENDPOINT, FakeSocket, turn } from "../../test/fake-socket.ts";
import { HandClock } from "../../test/hand-clock.ts";
import { ConnectionPool } from "./connection-pool.ts";
import { RpcConnection } from "./rpc-connection.ts";

function setUp(timeoutMs = 1000) {
  const clock = new HandClock();
  const deadlines = Deadlines.open(clock, 100);
  const sockets: FakeSocket[] = [];
  const network: Network = {
    listen: () => Promise.reject(new Error("nobody listens here")),
    connect: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return Promise.resolve(socket);
    },
    localAddresses: () => [],
    resolve: (host) => Promise.resolve([host]),
  };
  const dial = async () => {
    const connection = await RpcConnection.dial(network, ENDPOINT, { connectTimeoutMs: 1000, deadlines });
    return { connection, socket: sockets.at(-1)! };
  };
  const pool = new ConnectionPool({
    network,
    clock,
    deadlines,
    maxPerEndpoint: 1,
    maxIdleMs: 60_000,
    testAfterIdleMs: 1000,
    connectTimeoutMs: 1000,
    networkTimeoutMs: timeoutMs,
    activeTest: storageCommands.activeTest,
  });
  return { clock, deadlines, sockets, dial, pool, options: { timeoutMs } };
}

const answerFrame = (body: Buffer = Buffer.alloc(0), status = 0) => frame(100, body, status);
const DOWNLOAD = { offset: 0, countBytes: 0, groupName: "group1", logicalName: "M00/00/00/anything-long-enough" };

describe("silence", () => {
  it("is not the peer's while nobody reads what it sent", async () => {
    const { clock, dial, options } = setUp();
    const { connection, socket } = await dial();
    const fetching = connection.fetch(storageCommands.downloadFile, DOWNLOAD, options);
    socket.events.data(answerFrame(Buffer.alloc(20)).subarray(0, 20));
    const incoming = await fetching;
    clock.advance(60_000);
    expect((await incoming.next())?.length).toBe(10);
    const waiting = incoming.next();
    clock.advance(999);
    socket.events.data(Buffer.alloc(10));
    expect((await waiting)?.length).toBe(10);
    expect(connection.isUsable).toBe(true);
  });

  it("is the peer's while a reader waits for it", async () => {
    const { clock, dial, options } = setUp();
    const { connection, socket } = await dial();
    const fetching = connection.fetch(storageCommands.downloadFile, DOWNLOAD, options);
    socket.events.data(answerFrame(Buffer.alloc(20)).subarray(0, 10));
    const waiting = (await fetching).next();
    clock.advance(2000);
    await expect(waiting).rejects.toMatchObject({ kind: "TIMED_OUT" });
  });

  it("is not the peer's while the source of an upload is slow", async () => {
    const { clock, dial, options } = setUp();
    const { connection, socket } = await dial();
    let give!: (chunk: Buffer) => void;
    const chunk = new Promise<Buffer>((resolve) => {
      give = resolve;
    });
    const chunks = (async function* () {
      yield await chunk;
    })();
    const request = { logicalName: "M".repeat(44), contentBytes: 3 };
    const sending = connection.send(storageCommands.appendFile, request, { bytes: 3, chunks }, options);
    await turn();
    clock.advance(60_000);
    give(Buffer.from("abc"));
    await turn();
    expect(Buffer.concat(socket.sent).subarray(-3).toString()).toBe("abc");
    socket.events.data(answerFrame());
    await expect(sending).resolves.toEqual({});
  });

  it("is the peer's while it takes nothing of an upload", async () => {
    const { clock, dial, options } = setUp();
    const { connection, socket } = await dial();
    socket.isFull = true;
    const request = { logicalName: "M".repeat(44), contentBytes: 3 };
    const content = { bytes: 3, chunks: [Buffer.from("abc")] };
    const sending = connection.send(storageCommands.appendFile, request, content, options);
    await turn();
    clock.advance(2000);
    await expect(sending).rejects.toMatchObject({ kind: "TIMED_OUT" });
  });
});

describe("a connection that was given up", () => {
  it("is of no use at once, not only when the socket says so", async () => {
    const { dial, options } = setUp();
    const { connection } = await dial();
    const controller = new AbortController();
    const calling = connection.call(storageCommands.activeTest, {}, { ...options, signal: controller.signal });
    controller.abort();
    await expect(calling).rejects.toMatchObject({ kind: "ABORTED" });
    expect(connection.isUsable).toBe(false);
  });

  it("is not handed to whoever waits in the pool", async () => {
    const { pool, sockets, options } = setUp();
    const first = await pool.acquire(ENDPOINT);
    const second = pool.acquire(ENDPOINT);
    const controller = new AbortController();
    const calling = first.call(storageCommands.activeTest, {}, { ...options, signal: controller.signal });
    controller.abort();
    await expect(calling).rejects.toMatchObject({ kind: "ABORTED" });
    pool.release(first);
    expect(await second).not.toBe(first);
    expect(sockets).toHaveLength(2);
    pool.close();
  });
});

describe("an answer that is no longer wanted", () => {
  it("ends the wait of whoever reads it", async () => {
    const { dial, options } = setUp();
    const { connection, socket } = await dial();
    const fetching = connection.fetch(storageCommands.downloadFile, DOWNLOAD, options);
    socket.events.data(answerFrame(Buffer.alloc(20)).subarray(0, 10));
    const incoming = await fetching;
    const waiting = incoming.next();
    incoming.cancel();
    await expect(waiting).rejects.toMatchObject({ kind: "ABORTED" });
    expect(connection.isUsable).toBe(false);
  });
});

describe("the test of an idle connection", () => {
  it("ends when the caller's signal fires", async () => {
    const { clock, pool } = setUp();
    pool.release(await pool.acquire(ENDPOINT));
    clock.advance(5000);
    const controller = new AbortController();
    const acquiring = pool.acquire(ENDPOINT, controller.signal);
    await turn();
    controller.abort();
    await expect(acquiring).rejects.toMatchObject({ kind: "ABORTED" });
    await turn();
    expect(pool.counts().size).toBe(0);
    pool.close();
  });
});

describe("answers in several widths", () => {
  const narrow = { groupName: "group1", storages: [{ storageIp: "192.0.2.1", storagePort: 23000 }] };
  const wide = { groupName: "group1", storages: [{ storageIp: "2001:db8::1", storagePort: 23000 }] };
  const [wideForm] = trackerCommands.queryFetchAll.answerVariants ?? [];

  it.each([
    ["narrow", trackerCommands.queryFetchAll.answer.encode(narrow), narrow],
    [
      "wide, of a length that would do for narrow ones",
      (wideForm as unknown as typeof trackerCommands.queryFetchAll.answer).encode(wide),
      wide,
    ],
  ])("%s", async (_, body: Buffer, expected) => {
    const { dial, options } = setUp();
    const { connection, socket } = await dial();
    const request = { groupName: "group1", logicalName: DOWNLOAD.logicalName };
    const calling = connection.call(trackerCommands.queryFetchAll, request, options);
    socket.events.data(answerFrame(body));
    await expect(calling).resolves.toEqual(expected);
  });

  it("refuses a body that fits none of them", async () => {
    const { dial, options } = setUp();
    const { connection, socket } = await dial();
    const command = { ...storageCommands.activeTest, answer: Empty, answerVariants: [message("Other", {})] };
    const calling = connection.call(command, {}, options);
    socket.events.data(answerFrame(Buffer.from("x")));
    await expect(calling).rejects.toMatchObject({ kind: "BAD_ANSWER" });
  });
});
