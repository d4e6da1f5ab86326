// The log for other members (26, 123): recorded answers byte for byte, what is left out and what is corrected, and a long
// log that holds up nobody.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import {
  type Command,
  composeName,
  emptyAnswer,
  frame,
  HEADER_BYTES,
  printTrunkSlice,
  readI64,
  storageCommands,
  UNMEASURED_LOG_BYTES,
} from "@fastdfs-ts/protocol";
import { RpcConnection } from "@fastdfs-ts/rpc";
import { Deadlines, type Disk } from "@fastdfs-ts/runtime";
import { SimWorld } from "@fastdfs-ts/simulation";
import { afterEach, describe, expect, it } from "vitest";
import { PeerClient } from "../src/recovery/peer-client.ts";
import { RawClient } from "./raw-client.ts";
import { recordedAnswer, recordedExchanges, recordedRequest } from "./recorded-exchange.ts";
import { type ServedStore, type ServeStoreOptions, serveStore } from "./served-store.ts";

let served: ServedStore;
let remove: (() => Promise<void>) | undefined;

afterEach(() => remove?.());

async function serve(log: string, options: ServeStoreOptions = {}): Promise<void> {
  served = await serveStore(options);
  remove = () => served.remove();
  // As if all of it had been appended since the start.
  for (const line of log.split("\n").slice(0, -1)) {
    const [seconds, op, name, ...extra] = line.split(" ");
    served.store.binlog.append(Number(seconds), op as "C", name!, extra.length === 0 ? undefined : extra.join(" "));
  }
}

function pathOf(logicalName: string): string {
  const path = `${served.directory}/path${Number(logicalName.slice(1, 3))}/data/${logicalName.slice(4)}`;
  mkdirSync(dirname(path), { recursive: true });
  return path;
}

const store = (logicalName: string, content: string | Buffer = "x") => writeFileSync(pathOf(logicalName), content);

/** The lines of a whole answer, whose end says how long they are. */
function linesOf(answer: Buffer): string {
  expect(answer.subarray(0, HEADER_BYTES).toString("hex")).toBe("04000000000000006400");
  const lines = answer.subarray(HEADER_BYTES, -8);
  expect(readI64(answer, answer.length - 8)).toBe(lines.length);
  return lines.toString("latin1");
}

async function ask<Request>({ code, request }: Command<Request>, value: Request): Promise<string> {
  const client = await RawClient.dial(served.port);
  const answer = await client.exchange(frame(code, request.encode(value)));
  await client.closed;
  return linesOf(answer);
}

const fetchPath = (storePathIndex: number) => ask(storageCommands.fetchBinlog, { groupName: "group1", storePathIndex });

const NAMES = ["a", "b", "c", "d", "e"].map((letter) => `M00/00/01/${letter.repeat(27)}123.bin`);
const [A, B, C, D, E] = NAMES as [string, string, string, string, string];

describe("the log of a store path (26)", () => {
  it("is what C answers, byte for byte, and so are refusals", async () => {
    const recorded = recordedExchanges("storage-storage");
    const whole = recorded.find(({ name }) => name === "fetch_one_path_binlog")!;
    const lines = linesOf(recordedAnswer(whole));
    await serve(lines);
    for (const line of lines.split("\n").slice(0, -1)) store(line.split(" ")[2]!);
    for (const exchange of recorded.filter(({ name }) => name.startsWith("fetch_one_path_binlog"))) {
      const client = await RawClient.dial(served.port);
      expect(await client.exchange(recordedRequest(exchange)), exchange.name).toEqual(recordedAnswer(exchange));
      await client.closed;
    }
  });

  it("names files that are here, as what they are now", async () => {
    const log = [
      `100 C ${A}`,
      `101 c ${B}`,
      `102 C M01/00/01/${"z".repeat(27)}123.bin`,
      `103 C ${C}`, // gone
      `104 A ${A} 1 2`,
      `105 D ${C}`,
      `106 U ${B}-m`,
      `107 r ${D} ${E}`,
      `108 C ${E}`, // a link by now
      `109 l ${B} ${A}`, // a file by now
    ];
    await serve(`${log.join("\n")}\n`, { storePathCount: 2 });
    for (const name of [A, B, D, `${B}-m`]) store(name);
    store(`M01/00/01/${"z".repeat(27)}123.bin`);
    symlinkSync(pathOf(A), pathOf(E));
    expect(await fetchPath(0)).toBe(`100 C ${A}\n101 c ${B}\n107 c ${D}\n108 L ${E} ${A}\n109 c ${B}\n`);
    expect(await fetchPath(1)).toBe(`102 C M01/00/01/${"z".repeat(27)}123.bin\n`);
  });

  it("leaves out links that lead nowhere or out of the store paths", async () => {
    await serve(`1 L ${A} ${B}\n2 L ${C} ${D}\n`);
    symlinkSync(pathOf(B), pathOf(A));
    symlinkSync("/etc/hostname", pathOf(C));
    expect(await fetchPath(0)).toBe("");
  });

  it("names files in trunk files whose slot is theirs", async () => {
    const slice = { trunkFileId: 7, offset: 256, slotBytes: 128 };
    const facts = { kind: "trunk", source: 1, createdSeconds: 99, fileBytes: 5, crc32: 3, extension: "txt" } as const;
    const head = composeName({ ...facts, kind: "normal" }, 0, "").slice(0, 27);
    // The flags of the size word: masked and in a trunk file.
    const sized = Buffer.from(head, "base64url");
    sized.writeUInt32BE(0x88000000, 8);
    const base64 = sized.toString("base64url").slice(0, 27);
    const name = `M00/00/02/${base64}${printTrunkSlice(slice)}123.txt`;
    const freed = `M00/00/02/${base64}${printTrunkSlice({ ...slice, offset: 512 })}123.txt`;
    await serve(`5 C ${name}\n6 C ${freed}\n`);
    const trunk = Buffer.alloc(1024);
    trunk.write("F", 256);
    trunk.writeUInt32BE(slice.slotBytes, 257);
    trunk.writeUInt32BE(5, 261);
    trunk.writeUInt32BE(3, 265);
    trunk.writeUInt32BE(99, 269);
    trunk.write("123.txthello", 273);
    store("M00/00/02/000007", trunk);
    expect(await fetchPath(0)).toBe(`5 C ${name}\n`);
  });
});

describe("the log since a time (123)", () => {
  it("has all records from then on, of all store paths, as they are", async () => {
    const kept = [`200 D ${A}`, `201 a ${B} 0 5`, `200 R ${C} ${D}`, `300 l M01/00/00/${"q".repeat(34)} ${A}`];
    await serve(`100 C ${A}\n${kept[0]}\n199 C ${B}\n${kept.slice(1).join("\n")}\n`, { storePathCount: 2 });
    const lines = await ask(storageCommands.binlogSince, { groupName: "group1", sinceSeconds: 200 });
    expect(lines).toBe(`${kept.join("\n")}\n`);
    const client = await RawClient.dial(served.port);
    const { code, request } = storageCommands.binlogSince;
    const other = request.encode({ groupName: "group2", sinceSeconds: 0 });
    expect(await client.exchange(frame(code, other))).toEqual(emptyAnswer(22));
    await client.closed;
  });
});

describe("a long log", () => {
  it("of a million lines is sent while others are served", async () => {
    await serve("");
    store(A);
    store(B);
    const block = `1700000000 C ${A}\n1700000001 c ${B}\n`.repeat(5000);
    const path = `${served.directory}/data/sync/binlog.000`;
    const { directory } = served;
    await served.stop();
    for (let at = 0; at < 100; at++) writeFileSync(path, block, { flag: "a" });
    served = await serveStore({ directory });
    const client = await RawClient.dial(served.port);
    const { code, request } = storageCommands.fetchBinlog;
    const fetching = client.exchange(frame(code, request.encode({ groupName: "group1", storePathIndex: 0 })));
    let isDone = false;
    void fetching.then(() => (isDone = true));
    const other = await RawClient.dial(served.port);
    let answered = 0;
    while (!isDone) {
      expect(await other.exchange(frame(storageCommands.activeTest.code))).toEqual(emptyAnswer(0));
      answered++;
    }
    expect(answered).toBeGreaterThan(20);
    const answer = await fetching;
    expect(answer.length).toBe(HEADER_BYTES + 100 * block.length + 8);
    expect(readI64(answer, answer.length - 8)).toBe(100 * block.length);
    expect(readFileSync(path).length).toBe(100 * block.length);
    await other.cut();
  });

  it("is read no further than the peer takes it", async () => {
    remove = undefined;
    const sim = SimWorld.create("slow reader");
    const host = sim.host("192.0.2.1");
    const { disk, count } = countingReads(host.world.disk);
    const world = { ...host.world, disk };
    served = await sim.run(
      serveStore({ directory: "/store", world, listenHost: "192.0.2.1", networkTimeoutMs: 3_600_000 }),
    );
    const name = `M00/00/00/${"k".repeat(27)}123.bin`;
    for (let at = 0; at < 60_000; at++) served.store.binlog.append(1_700_000_000, "C", name);
    const { clock, network } = sim.host("192.0.2.2").world;
    const deadlines = Deadlines.open(clock, 100);
    const endpoint = { host: "192.0.2.1", port: served.port };
    const connection = await sim.run(RpcConnection.dial(network, endpoint, { connectTimeoutMs: 1000, deadlines }));
    const request = { groupName: "group1", sinceSeconds: 0 };
    const incoming = await sim.run(connection.fetch(storageCommands.binlogSince, request, { timeoutMs: 7_200_000 }));
    expect(incoming.bodyBytes).toBe(UNMEASURED_LOG_BYTES);
    // Nothing is taken for a minute.
    await sim.runFor(60_000);
    const whole = served.store.binlog.position.offset;
    expect(count.bytes).toBeLessThan(whole / 2);
    connection.destroy();
    await sim.runFor(1000);

    let fetched = 0;
    const dialing = {
      network,
      deadlines,
      connectTimeoutMs: 1000,
      networkTimeoutMs: 5000,
      groupName: "group1",
      ownId: "x",
    };
    const peer = new PeerClient(dialing, endpoint);
    const bytes = await sim.run(peer.fetchLogSince(0, (piece) => void (fetched += piece.length)));
    expect([bytes, fetched]).toEqual([whole, whole]);
    deadlines.close();
    await sim.run(served.stop());
  });
});

/** A disk that counts what is read of the log. */
function countingReads(disk: Disk): { disk: Disk; count: { bytes: number } } {
  const count = { bytes: 0 };
  const open: Disk["open"] = (path, mode) => {
    const file = disk.open(path, mode);
    if (!path.includes("/sync/binlog.")) return file;
    const read = file.read.bind(file);
    file.read = (...args) => {
      const bytes = read(...args);
      count.bytes += bytes;
      return bytes;
    };
    return file;
  };
  const counting = new Proxy(disk, {
    get: (target, name: keyof Disk) => (name === "open" ? open : target[name].bind(target)),
  });
  return { disk: counting, count };
}
