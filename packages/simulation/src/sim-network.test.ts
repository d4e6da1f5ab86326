import { type Connection, type ConnectionEvents, sleep, systemErrorCode } from "@fastdfs-ts/runtime";
import { ConnectionLog } from "@fastdfs-ts/testkit";
import { describe, expect, it } from "vitest";
import { HostCrashed } from "./life.ts";
import type { SimHost } from "./sim-host.ts";
import { SimWorld } from "./sim-world.ts";

const port = 23_000;
const patient = { timeoutMs: 5000 };

async function serve(world: SimWorld, host: SimHost, onConnection: (connection: Connection) => unknown): Promise<void> {
  await world.run(host.world.network.listen({ host: "", port }, onConnection));
}

async function connected(seed: number | string) {
  const world = SimWorld.create(seed);
  const [a, b] = [world.host("10.0.0.1"), world.host("10.0.0.2")];
  let server!: ConnectionLog;
  await serve(world, b, (connection) => {
    server = new ConnectionLog(connection);
  });
  const client = new ConnectionLog(await world.run(a.world.network.connect({ host: b.address, port }, patient)));
  return { world, a, b, client, server };
}

/** Two clients send to a server that echoes, with a timer and a sync in between; one connection is reset on the way. */
async function story(seed: number): Promise<SimWorld> {
  const world = SimWorld.create(seed);
  const host = world.host("10.0.0.1");
  const { disk } = host.world;
  await serve(world, host, (connection) => {
    const file = disk.open(`/from-${connection.remote.host}`, "open");
    let size = 0;
    const events: ConnectionEvents = {
      data(chunk) {
        file.write(chunk, 0, chunk.length, size);
        size += chunk.length;
        void file.syncInBackground().then(() => connection.write(chunk));
      },
      drained() {},
      closed() {},
    };
    connection.attach(events);
  });
  const clients = await Promise.all(
    ["10.0.0.2", "10.0.0.3"].map(async (address) => {
      const { clock, network, random } = world.host(address).world;
      const connection = await world.run(network.connect({ host: "10.0.0.1", port }, patient));
      const log = new ConnectionLog(connection);
      const send = async () => {
        for (let i = 0; i < 5; i++) {
          connection.write(random.bytes(1000));
          await sleep(clock, random.uint32() % 10);
        }
      };
      void send();
      return log;
    }),
  );
  await world.runFor(20);
  world.network.resetConnections("10.0.0.1", "10.0.0.2");
  await world.runUntil(() => clients[0]!.closedCount === 1 && clients[1]!.receivedBytes === 5000);
  return world;
}

describe("a simulated world", () => {
  it("runs the same story from the same seed, another from another", async () => {
    const [first, again, other] = [await story(1), await story(1), await story(2)];
    expect(first.trace.lines.length).toBeGreaterThan(20);
    expect(again.trace.lines).toEqual(first.trace.lines);
    expect(again.trace.fingerprint).toBe(first.trace.fingerprint);
    expect(other.trace.fingerprint).not.toBe(first.trace.fingerprint);
  });

  it("finds an acknowledgement that did not wait for the sync, and none that did", async () => {
    const lostIn = async (order: "sync first" | "answer first") => {
      let lost = 0;
      for (let seed = 0; seed < 40; seed++) {
        const { world, b, client, server } = await connected(seed);
        const { disk } = b.world;
        const file = disk.open("/a", "create");
        disk.syncDirectory("/");
        const upload = async (chunk: Buffer) => {
          file.write(chunk, 0, chunk.length, 0);
          if (order === "sync first") await file.syncInBackground();
          server.connection.write(Buffer.from("k"));
        };
        server.connection.attach({ data: (chunk) => void upload(chunk), drained() {}, closed() {} });
        client.connection.write(Buffer.from("x"));
        await world.runUntil(() => client.receivedBytes === 1);
        b.crash("power");
        if (b.restart().disk.readFile("/a").toString() !== "x") lost++;
      }
      return lost;
    };
    expect(await lostIn("sync first")).toBe(0);
    expect(await lostIn("answer first")).toBeGreaterThan(0);
  });
});

describe("a simulated network", () => {
  it("cuts writes anywhere", async () => {
    const { world, client, server } = await connected("pieces");
    const lengths = new Set<number>();
    server.connection.attach({ data: (chunk) => void lengths.add(chunk.length), drained() {}, closed() {} });
    for (let i = 0; i < 50; i++) client.connection.write(Buffer.alloc(100));
    await world.runFor(1000);
    expect(lengths.size).toBeGreaterThan(20);
  });

  it("holds what is sent over a cut link, in one direction only, until it is healed", async () => {
    const { world, client, server } = await connected("cut");
    world.network.cut("10.0.0.1", "10.0.0.2");
    client.connection.write(Buffer.from("held"));
    server.connection.write(Buffer.from("through"));
    await world.runFor(60_000);
    expect(client.received.toString()).toBe("through");
    expect(server.receivedBytes).toBe(0);
    world.network.heal();
    await world.runFor(10);
    expect(server.received.toString()).toBe("held");
  });

  it("lets no connection through a partition: the one who dials gives up at its time", async () => {
    const { world, a } = await connected("partition");
    world.network.partition(["10.0.0.1"], ["10.0.0.2"]);
    const startMs = world.nowMs;
    const dial = () => a.world.network.connect({ host: "10.0.0.2", port }, { timeoutMs: 3000 });
    await expect(world.run(dial())).rejects.toMatchObject({ code: "ETIMEDOUT" });
    expect(world.nowMs - startMs).toBe(3000);
    const late = dial();
    await world.runFor(500);
    world.network.heal();
    expect((await world.run(late)).remote.port).toBe(port);
    const nowhere = a.world.network.connect({ host: "10.9.9.9", port }, patient);
    await expect(world.run(nowhere)).rejects.toMatchObject({ code: "EHOSTUNREACH" });
  });

  it("delays what is sent while it stalls", async () => {
    const { world, client, server } = await connected("stall");
    world.network.stall("10.0.0.1", "10.0.0.2", 700);
    client.connection.write(Buffer.from("late"));
    await world.runFor(699);
    expect(server.receivedBytes).toBe(0);
    await world.runFor(10);
    expect(server.receivedBytes).toBe(4);
  });

  it("resets connections for both ends", async () => {
    const { world, client, server } = await connected("reset");
    world.network.resetConnections("10.0.0.2", "10.0.0.1");
    await world.runUntil(() => client.closedCount === 1 && server.closedCount === 1);
    expect([client.error, server.error].map(systemErrorCode)).toEqual(["ECONNRESET", "ECONNRESET"]);
  });

  it("knows hosts by several addresses and by name", async () => {
    const world = SimWorld.create("names");
    const host = world.host(["10.0.0.1", "192.168.0.1"]);
    world.network.addName("tracker1", ["10.0.0.1"]);
    await serve(world, host, (connection) => new ConnectionLog(connection));
    const { network } = world.host("192.168.0.2").world;
    const connection = await world.run(network.connect({ host: "192.168.0.1", port }, patient));
    expect(connection.local.host).toBe("192.168.0.2");
    expect(world.host("192.168.0.1")).toBe(host);
    expect(await world.run(network.resolve("tracker1"))).toEqual(["10.0.0.1"]);
  });
});

describe("a simulated host", () => {
  it("resets its connections when its process is killed, and refuses new ones until a new one listens", async () => {
    const { world, a, b, client, server } = await connected("killed");
    b.crash("process");
    await world.runUntil(() => client.closedCount === 1);
    expect(systemErrorCode(client.error)).toBe("ECONNRESET");
    const dial = () => world.run(a.world.network.connect({ host: b.address, port }, patient));
    await expect(dial()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    b.restart();
    await serve(world, b, (connection) => new ConnectionLog(connection));
    await dial();
    expect(server.closedCount).toBe(0);
  });

  it("is silent after a power cut until it is back", async () => {
    const { world, a, b, client } = await connected("dark");
    b.crash("power");
    client.connection.write(Buffer.from("hello?"));
    await world.runFor(60_000);
    expect(client.closedCount).toBe(0);
    const dialling = world.run(a.world.network.connect({ host: b.address, port }, { timeoutMs: 1000 }));
    await expect(dialling).rejects.toMatchObject({ code: "ETIMEDOUT" });
    b.restart();
    await world.runUntil(() => client.closedCount === 1);
    expect(systemErrorCode(client.error)).toBe("ECONNRESET");
  });

  it("does not run what its crashed process had planned, nor let it do anything", async () => {
    const world = SimWorld.create("zombie");
    const host = world.host("10.0.0.1");
    const old = host.world;
    const ran: string[] = [];
    old.clock.after(10, () => ran.push("after"));
    old.clock.every(10, () => ran.push("every"));
    void sleep(old.clock, 10).then(() => ran.push("sleep"));
    const file = old.disk.open("/a", "create");
    host.crash("process");
    const { clock, disk } = host.restart();
    clock.after(50, () => ran.push("new process"));
    await world.runFor(100);
    expect(ran).toEqual(["new process"]);
    expect(() => file.write(Buffer.from("x"), 0, 1, 0)).toThrow(HostCrashed);
    expect(() => old.disk.unlink("/a")).toThrow(HostCrashed);
    await expect(old.network.listen({ host: "", port }, () => undefined)).rejects.toThrow(HostCrashed);
    expect(disk.stat("/a")?.sizeBytes).toBe(0);
  });

  it("may have a wall clock that is wrong or jumps, and a monotonic one that does not", async () => {
    const world = SimWorld.create("clock");
    const [right, wrong] = [world.host("10.0.0.1"), world.host("10.0.0.2")];
    wrong.wallClock.startMs += 3_600_000;
    expect(wrong.world.clock.now() - right.world.clock.now()).toBe(3_600_000);
    expect(wrong.world.clock.monotonic()).toBe(right.world.clock.monotonic());
    await world.runFor(5);
    expect(right.world.clock.monotonic()).toBe(5);
  });
});
