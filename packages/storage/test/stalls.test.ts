// Clients that stall, and the end of the server, on virtual time: who is cut off when, and who is not.
import { emptyAnswer, frame, HEADER_BYTES, storageCommands } from "@fastdfs-ts/protocol";
import type { Connection } from "@fastdfs-ts/runtime";
import { type SimHost, SimWorld } from "@fastdfs-ts/simulation";
import { beforeEach, describe, expect, it } from "vitest";
import { type ServedStore, type ServeStoreOptions, serveStore } from "./served-store.ts";

const SERVER = "192.0.2.1";
const TIMEOUT_MS = 5000;
/** Time on the way, and the second between two looks for stalled connections. */
const SLACK_MS = 1100;

const ping = frame(storageCommands.activeTest.code, Buffer.alloc(0));
const ok = emptyAnswer(0);

/** A client that does nothing but what it is told. */
class SimClient {
  readonly connection: Connection;
  isClosed = false;
  private received = Buffer.alloc(0);

  constructor(connection: Connection) {
    this.connection = connection;
    connection.attach({
      data: (chunk) => {
        this.received = Buffer.concat([this.received, chunk]);
      },
      drained: () => undefined,
      closed: () => {
        this.isClosed = true;
      },
    });
  }

  send(bytes: Uint8Array): void {
    this.connection.write(bytes);
  }

  get receivedBytes(): number {
    return this.received.length;
  }

  take(): Buffer {
    const all = this.received;
    this.received = Buffer.alloc(0);
    return all;
  }
}

let world: SimWorld;
let clientHost: SimHost;
let served: ServedStore;

async function start(options: ServeStoreOptions = {}): Promise<void> {
  world = SimWorld.create("stalls");
  clientHost = world.host("192.0.2.9");
  served = await world.run(
    serveStore({
      directory: "/store",
      world: world.host(SERVER).world,
      listenHost: SERVER,
      networkTimeoutMs: TIMEOUT_MS,
      config: { subdirCountPerPath: 1 },
      ...options,
    }),
  );
}

async function dial(): Promise<SimClient> {
  const endpoint = { host: SERVER, port: served.port };
  // Attached in the turn in which the connection is handed out.
  return world.run(
    clientHost.world.network.connect(endpoint, { timeoutMs: 1000 }).then((connection) => new SimClient(connection)),
  );
}

/** Sends a whole request and waits for an answer of so many bytes. */
async function exchange(client: SimClient, request: Buffer, answerBytes: number): Promise<Buffer> {
  client.send(request);
  await world.runUntil(() => client.receivedBytes >= answerBytes || client.isClosed);
  return client.take();
}

function uploadOf(content: Buffer): Buffer {
  const { code, request } = storageCommands.uploadFile;
  const head = request.encode({ storePathIndex: 0, contentBytes: content.length, extension: "" });
  return frame(code, Buffer.concat([head, content]));
}

const incomingFiles = () => world.host(SERVER).world.disk.readDirectory("/store/path0/data/.incoming");

describe("a client that stalls", () => {
  beforeEach(() => start());

  const upload = uploadOf(Buffer.alloc(100_000, "x"));
  it.each([
    ["before its first byte", Buffer.alloc(0)],
    ["in the header", ping.subarray(0, 9)],
    ["in the head of an upload", upload.subarray(0, HEADER_BYTES + 7)],
    ["before the content of an upload", upload.subarray(0, HEADER_BYTES + 15)],
    ["in the content of an upload", upload.subarray(0, 70_000)],
    ["in a plain request", frame(storageCommands.deleteFile.code, Buffer.alloc(60)).subarray(0, 30)],
  ])("%s is cut off after the timeout, not before, and nothing stays", async (_, bytes) => {
    const client = await dial();
    if (bytes.length > 0) client.send(bytes);
    await world.runFor(TIMEOUT_MS - 1);
    expect(client.isClosed).toBe(false);
    await world.runFor(SLACK_MS + 100);
    expect(client.isClosed).toBe(true);
    expect(client.take().length).toBe(0);
    expect(incomingFiles()).toEqual([]);
    expect(served.server.connectionCounts.current).toBe(0);
    expect(served.troubles).toEqual([]);
  });

  it("between requests stays, for as long as it likes", async () => {
    const client = await dial();
    expect(await exchange(client, ping, 10)).toEqual(ok);
    await world.runFor(3600 * 1000);
    expect(client.isClosed).toBe(false);
    expect(await exchange(client, ping, 10)).toEqual(ok);
  });

  it("in its second request is cut off all the same", async () => {
    const client = await dial();
    await exchange(client, ping, 10);
    await world.runFor(60_000);
    client.send(ping.subarray(0, 5));
    await world.runFor(TIMEOUT_MS - 1);
    expect(client.isClosed).toBe(false);
    await world.runFor(SLACK_MS + 100);
    expect(client.isClosed).toBe(true);
  });

  it("only between its bytes, and never for long, is served", async () => {
    const client = await dial();
    const request = uploadOf(Buffer.from("slow"));
    for (const byte of request) {
      client.send(Buffer.of(byte));
      await world.runFor(TIMEOUT_MS - 1000);
    }
    await world.runUntil(() => client.receivedBytes > HEADER_BYTES);
    expect(client.take()[9]).toBe(0);
  });

  it("in reading its download is cut off, and the file is closed", async () => {
    const writer = await dial();
    const stored = await exchange(writer, uploadOf(Buffer.alloc(3_000_000, "y")), 70);
    const logicalName = stored.toString("latin1", HEADER_BYTES + 16);
    const { code, request } = storageCommands.downloadFile;
    const download = frame(code, request.encode({ groupName: "group1", logicalName, offset: 0, countBytes: 0 }));

    const slow = await dial();
    slow.send(download);
    await world.runUntil(() => slow.receivedBytes > 0);
    slow.connection.pauseReading();
    await world.runFor(TIMEOUT_MS - 1);
    expect(served.server.connectionCounts.current).toBe(2);
    await world.runFor(SLACK_MS + 1000);
    expect(served.server.connectionCounts.current).toBe(1);

    // One that reads a little now and then gets all of it.
    const patient = await dial();
    patient.send(download);
    while (patient.receivedBytes < HEADER_BYTES + 3_000_000) {
      expect(patient.isClosed).toBe(false);
      patient.connection.pauseReading();
      await world.runFor(TIMEOUT_MS - 1000);
      patient.connection.resumeReading();
      await world.runFor(5);
    }
    expect(patient.take().subarray(HEADER_BYTES).equals(Buffer.alloc(3_000_000, "y"))).toBe(true);
  });

  it("does not hold up the others", async () => {
    const stalled = await dial();
    stalled.send(upload.subarray(0, 70_000));
    const other = await dial();
    const before = world.nowMs;
    expect((await exchange(other, upload, 70))[9]).toBe(0);
    expect(world.nowMs - before).toBeLessThan(TIMEOUT_MS);
  });
});

describe("the limit of connections", () => {
  it("accepts and closes one more, and admits one when another leaves", async () => {
    await start({ maxConnections: 3 });
    const clients = [await dial(), await dial(), await dial()];
    for (const client of clients) expect(await exchange(client, ping, 10)).toEqual(ok);
    for (let i = 0; i < 3; i++) {
      const refused = await dial();
      await world.runUntil(() => refused.isClosed);
      expect(refused.take().length).toBe(0);
    }
    expect(served.server.connectionCounts).toEqual({ allocated: 3, current: 3, maximum: 3 });
    clients[1]!.connection.destroy();
    await world.runFor(100);
    const admitted = await dial();
    expect(await exchange(admitted, ping, 10)).toEqual(ok);
    expect(await exchange(clients[0]!, ping, 10)).toEqual(ok);
    expect(served.troubles).toHaveLength(3);
  });
});

describe("a server that stops", () => {
  beforeEach(() => start());

  it("lets an upload that is under way finish", async () => {
    const [busy, idle] = [await dial(), await dial()];
    await exchange(idle, ping, 10);
    const request = uploadOf(Buffer.alloc(100_000, "z"));
    busy.send(request.subarray(0, 50_000));
    await world.runFor(100);
    const stopping = served.server.stop(3000);
    await world.runUntil(() => idle.isClosed);
    await expect(
      world.run(clientHost.world.network.connect({ host: SERVER, port: served.port }, { timeoutMs: 500 })),
    ).rejects.toThrow();
    await world.runFor(1000);
    expect(busy.isClosed).toBe(false);
    busy.send(request.subarray(50_000));
    await world.run(stopping);
    await world.runUntil(() => busy.isClosed);
    expect(busy.take()[9]).toBe(0);
  });

  it("cuts what is not finished at the deadline, and leaves nothing of it", async () => {
    const busy = await dial();
    busy.send(uploadOf(Buffer.alloc(100_000, "z")).subarray(0, 50_000));
    await world.runFor(100);
    const before = world.nowMs;
    await world.run(served.server.stop(3000));
    expect(world.nowMs - before).toBeGreaterThanOrEqual(3000);
    expect(world.nowMs - before).toBeLessThan(3100);
    await world.runUntil(() => busy.isClosed);
    expect(busy.take().length).toBe(0);
    expect(incomingFiles()).toEqual([]);
  });
});
