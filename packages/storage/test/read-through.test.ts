// Files that have not come to the member that is asked: it gets them from the one that took them, where that can help, and
// says that they are not there where it cannot.
import {
  emptyAnswer,
  FdfsError,
  fileInfoFlags,
  frame,
  HEADER_BYTES,
  printNameFacts,
  READ_THROUGH_FLAG,
  sourceOfIp,
  storageCommands,
  type StorageStatus,
} from "@fastdfs-ts/protocol";
import { answer, answerRaw, RpcServer } from "@fastdfs-ts/rpc";
import { Deadlines } from "@fastdfs-ts/runtime";
import { nodeWorld } from "@fastdfs-ts/runtime/node";
import { SimWorld } from "@fastdfs-ts/simulation";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RawClient } from "./raw-client.ts";
import { emptyStatus, push } from "./replica-pusher.ts";
import { type ServedStore, serveStore } from "./served-store.ts";
import { StoreClient } from "./store-client.ts";

const SOURCE = "127.0.0.1";
const GROUP = "group1";
const CREATED = 1_700_000_000;
const PIECE = Buffer.alloc(64 * 1024, "piece of the source ");
const SMALL = Buffer.from("what the source has");

const factsOf = (source: string, createdSeconds: number) => ({
  source: sourceOfIp(source),
  createdSeconds,
  sizeHigh: 0x8000_0000,
  sizeLow: SMALL.length,
  crc32: 7,
});
const nameOf = (source: string, tail = "0000001", createdSeconds = CREATED) =>
  `M00/00/01/${printNameFacts(factsOf(source, createdSeconds))}${tail}.txt`;

/** What the source was asked, and what it says. */
class ScriptedSource {
  readonly asked: { command: number; flags: number; name: string }[] = [];
  refusal: FdfsError | undefined;
  /** Pieces of a large answer; undefined: the small one. */
  pieces: number | undefined;
  pulled = 0;
  server!: RpcServer;

  async listen(): Promise<void> {
    const { network, clock } = nodeWorld();
    this.server = await RpcServer.listen({
      network,
      clock,
      listen: { hosts: ["127.0.0.1"], port: 0 },
      maxConnections: 200,
      networkTimeoutMs: 30_000,
      closeOnBadRequest: true,
      onTrouble: () => undefined,
      routes: [
        answerRaw(storageCommands.downloadFile, ({ logicalName: name, offset, countBytes }, _session, flags) => {
          this.note(storageCommands.downloadFile.code, flags, name);
          const { pieces } = this;
          if (pieces === undefined) return SMALL.subarray(offset, countBytes === 0 ? undefined : offset + countBytes);
          let left = pieces;
          const next = () => {
            this.pulled++;
            return left-- > 0 ? PIECE : undefined;
          };
          return { bodyBytes: pieces * PIECE.length, next, close: () => undefined };
        }),
        answerRaw(storageCommands.getMetadata, ({ logicalName: name }, _session, flags) => {
          this.note(storageCommands.getMetadata.code, flags, name);
          return Buffer.from("width\x02640");
        }),
        answer(storageCommands.queryFileInfo, ({ logicalName: name }, _session, flags) => {
          this.note(storageCommands.queryFileInfo.code, flags, name);
          return { fileBytes: 19, modifiedSeconds: CREATED, crc32: 7, sourceIp: SOURCE };
        }),
        answer(storageCommands.activeTest, () => ({})),
      ],
    });
  }

  private note(command: number, flags: number, name: string): void {
    this.asked.push({ command, flags, name });
    if (this.refusal !== undefined) throw this.refusal;
  }
}

const source = new ScriptedSource();
let status: StorageStatus = "ACTIVE";
let sourcePort = 0;
let served: ServedStore;

beforeAll(async () => {
  await source.listen();
  served = await serveStore({
    address: "10.0.0.2",
    peers: () => [{ storageId: SOURCE, address: SOURCE, port: sourcePort, status }],
  });
});
afterAll(async () => {
  await served.remove();
  await source.server.stop(0);
});
beforeEach(() => {
  source.asked.length = 0;
  source.refusal = source.pieces = undefined;
  source.pulled = 0;
  status = "ACTIVE";
  sourcePort = source.server.local.port;
});

const { downloadFile, getMetadata, queryFileInfo, deleteFile } = storageCommands;

const get = (name: string, { offset = 0, countBytes = 0, flags = 0 } = {}) =>
  frame(
    downloadFile.code,
    downloadFile.request.encode({ groupName: GROUP, logicalName: name, offset, countBytes }),
    flags,
  );
const about = (command: typeof getMetadata | typeof queryFileInfo, name: string, flags = 0) =>
  frame(command.code, command.request.encode({ groupName: GROUP, logicalName: name }), flags);

/** One request on a connection of its own, after others. */
async function ask(request: Buffer, ...before: Buffer[]): Promise<Buffer> {
  const client = await RawClient.dial(served.port);
  for (const each of before) await client.exchange(each);
  const answered = await client.exchange(request);
  await client.cut();
  return answered;
}

const MISSING = emptyAnswer(2);
const name = nameOf(SOURCE);

describe("a file that is still at its source", () => {
  it("is downloaded from there, all of it or a part", async () => {
    expect(await ask(get(name))).toEqual(frame(100, SMALL));
    expect(await ask(get(name, { offset: 5, countBytes: 3 }))).toEqual(frame(100, SMALL.subarray(5, 8)));
    expect(source.asked).toEqual([1, 2].map(() => ({ command: downloadFile.code, flags: READ_THROUGH_FLAG, name })));
  });

  it("is downloaded piece by piece if it is large", async () => {
    source.pieces = 100;
    const { totalDownloadBytes } = served.store.statistics;
    const answered = await ask(get(name));
    expect(answered.length).toBe(HEADER_BYTES + 100 * PIECE.length);
    expect(answered.subarray(HEADER_BYTES).equals(Buffer.concat(Array<Buffer>(100).fill(PIECE)))).toBe(true);
    expect(served.store.statistics.totalDownloadBytes - totalDownloadBytes).toBe(100 * PIECE.length);
  });

  it("is not read faster than the client takes it", async () => {
    source.pieces = 2000;
    const client = await RawClient.dial(served.port);
    client.send(get(name));
    await client.read(1000);
    client.pause();
    // Whoever reads ahead without a bound has time for it here.
    for (let i = 0; i < 300; i++) await ask(get(nameOf("10.9.9.9")));
    expect(source.pulled).toBeLessThan(1000);
    client.resume();
    const rest = await client.read(HEADER_BYTES + 2000 * PIECE.length - 1000);
    expect(rest.length).toBe(HEADER_BYTES + 2000 * PIECE.length - 1000);
    await client.end();
  });

  it("frees its place when the client gives up, however many do", async () => {
    source.pieces = 1000;
    for (let i = 0; i < 100; i++) {
      const client = await RawClient.dial(served.port);
      client.send(get(name));
      await client.read(100);
      await client.cut();
    }
    source.pieces = undefined;
    await expect.poll(() => ask(get(name)), { timeout: 20_000, interval: 5 }).toEqual(frame(100, SMALL));
  });

  it("has its metadata and its facts told", async () => {
    expect(await ask(about(getMetadata, name))).toEqual(frame(100, Buffer.from("width\x02640")));
    const info = await ask(about(queryFileInfo, name, fileInfoFlags.silent));
    expect(queryFileInfo.answer.decode(info.subarray(HEADER_BYTES))).toEqual({
      fileBytes: 19,
      modifiedSeconds: CREATED,
      crc32: 7,
      sourceIp: SOURCE,
    });
    expect(source.asked.map(({ flags }) => flags)).toEqual([
      READ_THROUGH_FLAG,
      READ_THROUGH_FLAG | fileInfoFlags.silent,
    ]);
  });

  it("whose content is here already has its metadata told, until it is removed here", async () => {
    const half = nameOf(SOURCE, "0000002");
    expect(emptyStatus(await ask(push.create(half, SMALL)))).toBe(0);
    expect(await ask(about(getMetadata, half))).toEqual(frame(100, Buffer.from("width\x02640")));
    expect(await ask(get(half))).toEqual(frame(100, SMALL));
    expect(source.asked.map(({ command }) => command)).toEqual([getMetadata.code]);
  });
});

describe("nobody is asked", () => {
  const noRequests: [string, () => Promise<Buffer>][] = [
    ["for a file of an unknown member", () => ask(get(nameOf("10.0.0.77")))],
    ["for a file of this member", () => ask(get(nameOf("10.0.0.2")))],
    ["for a name without a source", () => ask(get(`M00/00/01/${"!".repeat(34)}.txt`))],
    ["by a storage that asks for a client", () => ask(get(name, { flags: READ_THROUGH_FLAG }))],
    ["by a C member", () => ask(get(name), push.reportId("10.0.0.3"))],
    ["by a member of ours", () => ask(get(name), push.hello("10.0.0.3"))],
    [
      "whether a file is here, by whoever would push it otherwise",
      () => ask(about(queryFileInfo, name, fileInfoFlags.skipCrc32)),
    ],
    [
      "for a file that was deleted here, by a client",
      async () => {
        const mine = nameOf(SOURCE, "0000003");
        await ask(push.create(mine, SMALL));
        const request = deleteFile.request.encode({ groupName: GROUP, logicalName: mine });
        expect(emptyStatus(await ask(frame(deleteFile.code, request)))).toBe(0);
        return ask(get(mine));
      },
    ],
    [
      "for a file that was deleted here, by a peer",
      async () => {
        const mine = nameOf(SOURCE, "0000004");
        await ask(push.create(mine, SMALL));
        expect(emptyStatus(await ask(push.delete(mine)))).toBe(0);
        return ask(about(getMetadata, mine));
      },
    ],
  ];

  it.each(noRequests)("%s", async (_, request) => {
    expect(await request()).toEqual(MISSING);
    expect(source.asked).toEqual([]);
  });

  const others = ["INIT", "WAIT_SYNC", "SYNCING", "IP_CHANGED", "DELETED", "OFFLINE", "RECOVERY", "NONE"] as const;
  it.each(others)("while the source is %s", async (now) => {
    status = now;
    expect(await ask(get(name))).toEqual(MISSING);
    expect(source.asked).toEqual([]);
  });

  it("when the records of the source have passed the time of the file for long", async () => {
    const pushed = nameOf(SOURCE, "0000005");
    await ask(push.create(pushed, SMALL, { seconds: CREATED + 300 }), push.reportId(SOURCE));
    expect(await ask(get(name))).toEqual(frame(100, SMALL));
    source.asked.length = 0;
    await ask(push.create(pushed, SMALL, { seconds: CREATED + 301 }), push.reportId(SOURCE));
    expect(await ask(get(name))).toEqual(MISSING);
    expect(source.asked).toEqual([]);
  });
});

describe("a source that cannot help", () => {
  /** Later than what the records above have passed. */
  const later = nameOf(SOURCE, "0000001", CREATED + 1000);

  it("and has not got the file either", async () => {
    source.refusal = new FdfsError("NOT_FOUND");
    for (const request of [get(later), about(getMetadata, later), about(queryFileInfo, later)]) {
      expect(await ask(request)).toEqual(MISSING);
    }
    expect(source.asked.length).toBe(3);
  });

  it("because of the request: the client hears what it says", async () => {
    source.refusal = new FdfsError("BAD_REQUEST", { reason: "offset" });
    expect(await ask(get(later, { offset: 100 }))).toEqual(emptyAnswer(22));
  });

  it("because it is not there: it is left alone for a while", async () => {
    sourcePort = 1;
    expect(await ask(get(later))).toEqual(MISSING);
    sourcePort = source.server.local.port;
    expect(await ask(get(later))).toEqual(MISSING);
    expect(source.asked).toEqual([]);
  });
});

describe("two members of ours", () => {
  const hosts = ["192.0.2.1", "192.0.2.2"] as const;

  async function openGroup(seed: string) {
    const world = SimWorld.create(seed);
    const ports = new Map<string, number>();
    const open = async (own: string) => {
      const host = world.host(own);
      const store = await world.run(
        serveStore({
          directory: "/store",
          world: host.world,
          listenHost: own,
          address: own,
          peers: () =>
            [...ports]
              .filter(([other]) => other !== own)
              .map(([address, port]) => ({ storageId: address, address, port, status: "ACTIVE" as const })),
        }),
      );
      ports.set(own, store.port);
      return { host, store };
    };
    const members = [await open(hosts[0]), await open(hosts[1])] as const;
    const { clock, network } = world.host("192.0.2.9").world;
    const deadlines = Deadlines.open(clock, 50);
    const dial = (own: string) => world.run(StoreClient.dial(network, deadlines, { host: own, port: ports.get(own)! }));
    return { world, members, dial };
  }

  it("give each other's files, and say of none that is nowhere that it is there", async () => {
    const { world, dial } = await openGroup("read through");
    const [a, b] = [await dial(hosts[0]), await dial(hosts[1])];
    for (const bytes of [1, 500, 300_000]) {
      const content = Buffer.alloc(bytes, "content of a");
      const stored = await world.run(a.upload(content));
      await world.run(a.setMetadata(stored, "O", Buffer.from("width\x02640")));
      expect((await world.run(b.download(stored))).equals(content)).toBe(true);
      expect((await world.run(b.metadata(stored))).toString()).toBe("width\x02640");
      await world.run(a.delete(stored));
      await expect(world.run(b.download(stored))).rejects.toMatchObject({ kind: "NOT_FOUND" });
    }
  });

  it("break off when the source dies in the middle, and then say that the file is not there", async () => {
    const { world, members, dial } = await openGroup("source dies");
    const [a, b] = [await dial(hosts[0]), await dial(hosts[1])];
    const stored = await world.run(a.upload(Buffer.alloc(600_000, "x")));
    members[0].host.crashAtDiskCall(4, "process");
    await expect(world.run(b.download(stored))).rejects.toThrow();
    expect(members[0].host.isUp).toBe(false);
    const again = await dial(hosts[1]);
    await expect(world.run(again.download(stored))).rejects.toMatchObject({ kind: "NOT_FOUND" });
    expect(members[1].store.troubles).toEqual([]);
  });
});

describe("an empty file", () => {
  it("is refused to clients, and given to a member that copies what it lost: C asks again for ever what it is refused", async () => {
    const empty = nameOf("10.0.0.9", "0000009");
    await ask(push.create(empty, Buffer.alloc(0)));
    expect(await ask(get(empty))).toEqual(emptyAnswer(22));
    status = "RECOVERY";
    expect(await ask(get(empty))).toEqual(emptyAnswer(0));
    expect(await ask(get(empty, { offset: 1 }))).toEqual(emptyAnswer(22));
  });
});
