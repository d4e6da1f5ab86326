// Connections that behave badly: cut anywhere, one byte at a time, several requests in one write, random bytes. Whatever
// comes, the honest client beside them is served, and no file, descriptor or memory stays behind.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { connectionCommands, emptyAnswer, frame, HEADER_BYTES, storageCommands } from "@fastdfs-ts/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Fixtures,
  makeFixtures,
  readFile,
  type RequestName,
  storeFile,
  type ValidRequest,
  validRequests,
} from "./every-request.ts";
import { inParallel } from "./in-parallel.ts";
import { RawClient } from "./raw-client.ts";
import { type ServedStore, serveStore } from "./served-store.ts";
import { binlogLines, visibleFiles, Watcher } from "./unharmed.ts";

let served: ServedStore;
let watcher: Watcher;
let fixtures: Fixtures;
let requests: Record<RequestName, ValidRequest>;

const anyName = `M00/00/00/${"a".repeat(34)}`;
const names = Object.keys(
  validRequests({ groupName: "", file: anyName, appender: anyName, truncated: anyName, content: Buffer.alloc(0) }),
) as RequestName[];

const dial = () => RawClient.dial(served.port);

async function renewFixtures(): Promise<void> {
  const client = await dial();
  fixtures = await makeFixtures(client);
  requests = validRequests(fixtures);
  await client.end();
}

beforeAll(async () => {
  served = await serveStore({ networkTimeoutMs: 30_000, maxConnections: 200 });
  await renewFixtures();
  watcher = await Watcher.connect(served);
});

afterAll(async () => {
  await watcher.close();
  await served.remove();
});

const content = async (name: string) => {
  const client = await dial();
  const answer = await readFile(client, "group1", name);
  await client.end();
  return answer.subarray(HEADER_BYTES);
};

describe("a connection that is cut", () => {
  it.each(names)("after any byte of %s: nothing has happened", async (name) => {
    const before = { files: visibleFiles(served), log: binlogLines(served) };
    const { bytes } = requests[name];
    const cuts = Array.from({ length: bytes.length - 1 }, (_, index) => index + 1);
    await inParallel(cuts, 16, async (count) => {
      const client = await dial();
      await client.flush(bytes.subarray(0, count));
      await (count % 2 === 0 ? client.cut() : client.end());
      expect(client.unread).toBe(0);
    });
    await watcher.expectUnharmed();
    expect(visibleFiles(served)).toEqual(before.files);
    // The watcher's own file came and went.
    expect(
      binlogLines(served)
        .slice(before.log.length)
        .map((line) => line[0]),
    ).toEqual(["C", "D"]);
    expect(await content(fixtures.appender)).toEqual(fixtures.content);
    expect(await content(fixtures.truncated)).toEqual(fixtures.content);
  });

  it("while a large download is on its way: the file is closed", async () => {
    const client = await dial();
    const name = await storeFile(client, Buffer.alloc(20_000_000, "large"));
    for (const after of [1, 10, 300_000, 5_000_000]) {
      const reader = await dial();
      const { code, request } = storageCommands.downloadFile;
      const body = request.encode({ groupName: "group1", logicalName: name, offset: 0, countBytes: 0 });
      reader.send(frame(code, body));
      await reader.read(after);
      await reader.cut();
    }
    await client.end();
    await watcher.expectUnharmed();
  });

  it("in the middle of a large upload, append, modification and slave: nothing is left of it", async () => {
    const large = 3_000_000;
    const { uploadFile, appendFile, modifyFile, uploadSlave } = storageCommands;
    const heads = [
      [uploadFile.code, uploadFile.request.encode({ storePathIndex: 0, contentBytes: large, extension: "" })],
      [appendFile.code, appendFile.request.encode({ logicalName: fixtures.appender, contentBytes: large })],
      [modifyFile.code, modifyFile.request.encode({ logicalName: fixtures.appender, offset: 1, contentBytes: large })],
      [
        uploadSlave.code,
        uploadSlave.request.encode({
          masterName: fixtures.file,
          contentBytes: large,
          slavePrefix: "_cut",
          extension: "",
        }),
      ],
    ] as const;
    const before = visibleFiles(served);
    for (const [code, head] of heads) {
      for (const sent of [0, 1, 65_536, 1_000_000, large - 1]) {
        const client = await dial();
        await client.flush(
          frame(code, Buffer.concat([head, Buffer.alloc(large)])).subarray(0, HEADER_BYTES + head.length + sent),
        );
        await client.cut();
      }
    }
    await watcher.expectUnharmed();
    expect(visibleFiles(served)).toEqual(before);
    expect(await content(fixtures.appender)).toEqual(fixtures.content);
  });
});

describe("bytes in other pieces than requests", () => {
  it("one byte at a time is as good as all at once", async () => {
    const client = await dial();
    const order: RequestName[] = [
      ...names.filter((name) => name !== "deleteFile" && name !== "regenerateName"),
      "regenerateName",
      "deleteFile",
    ];
    for (const name of order) {
      for (const byte of requests[name].bytes) await client.flush(Buffer.of(byte));
      // The metadata is read before it was set or after, depending on the order of the table: both are answers.
      expect([name, (await client.readAnswer())[9]]).toEqual([
        name,
        name === "getMetadata" ? expect.toBeOneOf([0, 2]) : 0,
      ]);
    }
    await client.end();
    await renewFixtures();
    await watcher.expectUnharmed();
  });

  it("many requests in one write are answered in order", async () => {
    const client = await dial();
    const big = Buffer.alloc(1_000_000, "big file ");
    const bigName = await storeFile(client, big);
    const { downloadFile, getMetadata, uploadFile } = storageCommands;
    const readAll = (logicalName: string) =>
      frame(
        downloadFile.code,
        downloadFile.request.encode({ groupName: "group1", logicalName, offset: 0, countBytes: 0 }),
      );
    const upload = uploadFile.request.encode({ storePathIndex: 0, contentBytes: big.length, extension: "" });
    const missing = frame(
      getMetadata.code,
      getMetadata.request.encode({ groupName: "group1", logicalName: fixtures.appender }),
    );
    const appended = Buffer.concat([fixtures.content, Buffer.from("some bytes of content")]);
    client.send(
      Buffer.concat([
        requests.activeTest.bytes,
        readAll(fixtures.file),
        requests.appendFile.bytes,
        readAll(fixtures.appender),
        readAll(bigName),
        missing,
        requests.setMetadata.bytes,
        requests.getMetadata.bytes,
        frame(uploadFile.code, Buffer.concat([upload, big])),
        requests.truncateFile.bytes,
        readAll(fixtures.truncated),
        readAll(bigName),
        requests.activeTest.bytes,
      ]),
    );
    expect(await client.readAnswer()).toEqual(emptyAnswer(0));
    expect(await client.readAnswer()).toEqual(frame(100, fixtures.content));
    expect(await client.readAnswer()).toEqual(emptyAnswer(0));
    expect(await client.readAnswer()).toEqual(frame(100, appended));
    expect((await client.readAnswer()).subarray(HEADER_BYTES).equals(big)).toBe(true);
    expect(await client.readAnswer()).toEqual(emptyAnswer(2));
    expect(await client.readAnswer()).toEqual(emptyAnswer(0));
    expect(await client.readAnswer()).toEqual(frame(100, Buffer.from("height\x02480\x01width\x02640")));
    const stored = (await client.readAnswer()).toString("latin1", HEADER_BYTES + 16);
    expect(await client.readAnswer()).toEqual(emptyAnswer(0));
    expect(await client.readAnswer()).toEqual(frame(100, fixtures.content.subarray(0, 5)));
    expect((await client.readAnswer()).subarray(HEADER_BYTES).equals(big)).toBe(true);
    expect(await client.readAnswer()).toEqual(emptyAnswer(0));
    expect((await content(stored)).equals(big)).toBe(true);
    await client.end();
    await renewFixtures();
    await watcher.expectUnharmed();
  });

  it("a request behind a refused one is not answered any more", async () => {
    const client = await dial();
    client.send(Buffer.concat([frame(250, Buffer.from("??")), requests.activeTest.bytes, requests.uploadFile.bytes]));
    expect(await client.readAnswer()).toEqual(emptyAnswer(22));
    await client.closed;
    expect(client.unread).toBe(0);
    await watcher.expectUnharmed();
  });

  it("a refused upload in full flow gets its status, not a reset", async () => {
    const bytes = 8_000_000;
    const { code, request } = storageCommands.uploadFile;
    const head = request.encode({ storePathIndex: 100, contentBytes: bytes, extension: "" });
    for (let i = 0; i < 10; i++) {
      const client = await dial();
      await client.flush(frame(code, Buffer.concat([head, Buffer.alloc(bytes)])));
      expect(await client.readAnswer()).toEqual(emptyAnswer(22));
      await client.closed;
    }
    await watcher.expectUnharmed();
  });

  it("an answered error leaves the connection in step, whatever was left unread of the content", async () => {
    const { code, request } = storageCommands.appendFile;
    const missing = `M00/00/00/CmAAC2sCaB2EJyJVAAAAADgIp_w062.txt`;
    for (const bytes of [0, 1, 1000, 70_000, 1_000_000]) {
      const client = await dial();
      const head = request.encode({ logicalName: missing, contentBytes: bytes });
      client.send(frame(code, Buffer.concat([head, Buffer.alloc(bytes, 255)])));
      client.send(requests.activeTest.bytes);
      expect(await client.readAnswer()).toEqual(emptyAnswer(2));
      expect(await client.readAnswer()).toEqual(emptyAnswer(0));
      await client.end();
    }
    // Far more than is worth reading: the connection ends after the status.
    const client = await dial();
    const head = request.encode({ logicalName: missing, contentBytes: 50_000_000 });
    client.send(frame(code, Buffer.concat([head, Buffer.alloc(50_000_000)])));
    expect(await client.readAnswer()).toEqual(emptyAnswer(2));
    await client.closed;
    await watcher.expectUnharmed();
  });
});

const codes = [
  ...new Set([...Object.values(storageCommands), ...Object.values(connectionCommands)].map(({ code }) => code)),
];

/** Frames of every sort: garbage behind a valid header, spoilt valid requests, pure noise. */
const randomFrame = (valid: readonly Buffer[]): fc.Arbitrary<Buffer> => {
  const body = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  const code = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...codes) }, fc.nat(255));
  const garbageBody = fc.tuple(code, body, fc.nat(255)).map(([command, bytes, flags]) => frame(command, bytes, flags));
  const spoilt = fc
    .tuple(fc.constantFrom(...valid), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 4 }))
    .map(([bytes, changes]) => {
      const out = Buffer.from(bytes);
      for (const [at, value] of changes) out[at % out.length] = value;
      return out;
    });
  const wrongLength = fc
    .tuple(
      fc.constantFrom(...valid),
      fc.oneof(fc.integer({ min: -5, max: 300 }).map(BigInt), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    )
    .map(([bytes, length]) => {
      const out = Buffer.from(bytes);
      out.writeBigInt64BE(length);
      return out;
    });
  return fc.oneof(garbageBody, spoilt, wrongLength, body);
};

describe("ten thousand random frames", () => {
  const FRAMES = 10_000;
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() & 0x7fff_ffff);

  it(`harm nobody (FUZZ_SEED=${seed})`, async () => {
    // Truncations are left out here: a spoilt one may make a file of terabytes, whose checksum takes hours.
    const valid = names.filter((name) => name !== "truncateFile").map((name) => requests[name].bytes);
    const frames = fc.sample(randomFrame(valid), { numRuns: FRAMES, seed });
    await inParallel(frames, 50, async (bytes, index) => {
      const client = await dial();
      if (index % 3 === 0) {
        client.send(bytes);
        await client.end();
        return;
      }
      // Some wait for more bytes than they will get, so the end of the stream must do.
      await client.flush(bytes);
      await client.cut();
    });
    await watcher.expectUnharmed();
  });

  it(`on connections that go on, neither (FUZZ_SEED=${seed})`, async () => {
    const valid = names.filter((name) => name !== "truncateFile").map((name) => requests[name].bytes);
    const frames = fc.sample(randomFrame(valid), { numRuns: 2000, seed: seed + 1 });
    const runs: Buffer[] = [];
    for (let at = 0; at < frames.length; at += 10) runs.push(Buffer.concat(frames.slice(at, at + 10)));
    await inParallel(runs, 20, async (bytes) => {
      const client = await dial();
      await client.flush(bytes);
      await client.end();
    });
    await watcher.expectUnharmed();
  });
});

describe("memory", () => {
  it("does not grow with bad requests", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const used = () => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const bad = fc.sample(
      randomFrame(
        Object.values(requests)
          .map(({ bytes }) => bytes)
          .filter((bytes) => bytes[8] !== storageCommands.truncateFile.code),
      ),
      { numRuns: 1500, seed: 1 },
    );
    const round = async () => {
      await inParallel(bad, 50, async (bytes) => {
        const client = await dial();
        await client.flush(bytes);
        await client.cut();
      });
      await watcher.expectUnharmed();
      return used();
    };
    const first = await round();
    await round();
    const third = await round();
    // One kilobyte for each request of two rounds would be 3 MB.
    expect(third - first).toBeLessThan(3_000_000);
  });
});
