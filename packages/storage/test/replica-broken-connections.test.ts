// Peers whose connections break, and peers that send nonsense: nothing happens by halves, nothing is left behind, and the
// honest client beside them is served.
import { frame, frameStatus, HEADER_BYTES } from "@fastdfs-ts/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseBinlogRecord } from "../src/binlog/binlog-record.ts";
import { inParallel } from "./in-parallel.ts";
import { RawClient } from "./raw-client.ts";
import { emptyStatus, push } from "./replica-pusher.ts";
import { type ServedStore, serveStore } from "./served-store.ts";
import { binlogLines, visibleFiles, Watcher } from "./unharmed.ts";
import { readFile } from "./every-request.ts";

const bytes = (count: number, letter = "x") => Buffer.alloc(count, letter);
const OLD = bytes(100, "a");
// Names of slaves: they may be given again after a deletion.
const nameOf = (n: number) => `M00/00/01/CmAAC2sCaA-ACKP8AAAAKnl8CjM577_${n}.txt`;
const FILE = nameOf(1);
const NEW = nameOf(2);
const MIXED = Buffer.from("111114441122");
const RENAMED = nameOf(4);
const LARGE = 2_000_000;

/** One of each, all of which would succeed. */
const requests = {
  9: push.reportId("10.0.0.1"),
  122: push.hello("10.0.0.1"),
  16: push.create(NEW, bytes(20)),
  "16 without content": push.create(NEW, bytes(20), { flags: 17 }),
  18: push.update(FILE, bytes(100, "u")),
  25: push.append(FILE, OLD.length, bytes(20)),
  35: push.modify(FILE, 10, bytes(20, "m")),
  37: push.truncate(FILE, OLD.length, 10),
  19: push.link(NEW, FILE),
  40: push.rename(NEW, FILE),
  17: push.delete(FILE),
};

let served: ServedStore;
let watcher: Watcher;
const dial = () => RawClient.dial(served.port);

async function exchange(request: Buffer): Promise<Buffer> {
  const client = await dial();
  const answer = await client.exchange(request);
  await client.end();
  return answer;
}

/** FILE as it was, NEW gone. */
async function reset(): Promise<void> {
  for (const name of [NEW, FILE]) await exchange(push.delete(name));
  expect(emptyStatus(await exchange(push.create(FILE, OLD)))).toBe(0);
}

const contentOf = async (name: string) => {
  const client = await dial();
  const answer = await readFile(client, "group1", name);
  await client.end();
  return answer.subarray(HEADER_BYTES);
};

beforeAll(async () => {
  served = await serveStore({ maxConnections: 200 });
  watcher = await Watcher.connect(served);
  await reset();
});
afterAll(async () => {
  await watcher.close();
  await served.remove();
});

describe("a connection that is cut", () => {
  it.each(Object.entries(requests))("after any byte of %s: nothing has happened", async (_, request) => {
    const before = { files: visibleFiles(served), log: binlogLines(served) };
    const cuts = Array.from({ length: request.length - 1 }, (_, index) => index + 1);
    await inParallel(cuts, 16, async (count) => {
      const client = await dial();
      await client.flush(request.subarray(0, count));
      await (count % 2 === 0 ? client.cut() : client.end());
    });
    await watcher.expectUnharmed();
    expect(visibleFiles(served)).toEqual(before.files);
    // The watcher's own file came and went.
    const since = binlogLines(served).slice(before.log.length);
    expect(since.map((line) => line[0])).toEqual(["C", "D"]);
    expect(await contentOf(FILE)).toEqual(OLD);
  });

  const large: Record<string, Buffer> = {
    16: push.create(NEW, bytes(LARGE)),
    "16 of a file that is here": push.create(FILE, bytes(OLD.length)),
    18: push.update(FILE, bytes(LARGE)),
    25: push.append(FILE, OLD.length, bytes(LARGE)),
    "25 that is not wanted": push.append(FILE, 5000, bytes(LARGE)),
    35: push.modify(FILE, 10, bytes(LARGE)),
  };
  it.each(Object.entries(large))("in the middle of a large %s: nothing is left of it", async (_, request) => {
    const before = visibleFiles(served);
    for (const part of [0.001, 0.1, 0.5, 0.99]) {
      const client = await dial();
      await client.flush(request.subarray(0, Math.ceil(request.length * part)));
      await client.cut();
    }
    await watcher.expectUnharmed();
    expect(visibleFiles(served)).toEqual(before);
    expect(await contentOf(FILE)).toEqual(OLD);
  });
});

describe("bytes in other pieces than requests", () => {
  it("one byte at a time is as good as all at once", async () => {
    const client = await dial();
    for (const [title, request] of Object.entries(requests)) {
      await reset();
      for (const byte of request) await client.flush(Buffer.of(byte));
      const answer = await client.readAnswer();
      expect([title, frameStatus(answer)]).toEqual([title, title === "16 without content" ? 17 : 0]);
    }
    await client.end();
    await reset();
    await watcher.expectUnharmed();
  });

  it("many requests in one write are done and answered in order, each seeing what the one before has made", async () => {
    const client = await dial();
    const third = nameOf(3);
    client.send(
      Buffer.concat([
        requests[122],
        push.create(NEW, bytes(10, "1")),
        push.append(NEW, 10, bytes(LARGE, "2")),
        push.create(third, bytes(LARGE, "3")),
        push.append(NEW, 10, bytes(LARGE, "2")),
        push.modify(NEW, 5, bytes(3, "4")),
        push.truncate(NEW, LARGE + 10, 12),
        push.create(third, bytes(LARGE, "5")),
        push.rename(RENAMED, NEW),
        push.truncate(NEW, 12, 2),
        push.delete(third),
        push.delete(third),
      ]),
    );
    expect(frameStatus(await client.readAnswer())).toBe(0);
    const statuses: number[] = [];
    while (statuses.length < 11) statuses.push(emptyStatus(await client.readAnswer()));
    expect(statuses).toEqual([0, 0, 0, 17, 0, 0, 17, 0, 2, 0, 2]);
    expect(await contentOf(RENAMED)).toEqual(MIXED);
    await client.end();
    await exchange(push.delete(RENAMED));
    await watcher.expectUnharmed();
  });
});

/** Spoilt requests: bytes changed, another length, garbage behind a code. */
function spoilt(): fc.Arbitrary<Buffer> {
  const valid = Object.values(requests);
  const changed = fc
    .tuple(fc.constantFrom(...valid), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 4 }))
    .map(([request, changes]) => {
      const out = Buffer.from(request);
      for (const [at, value] of changes) out[at % out.length] = value;
      return out;
    });
  const relabelled = fc
    .tuple(fc.constantFrom(...valid), fc.constantFrom(...valid))
    .map(([request, other]) => frame(other[8]!, request.subarray(HEADER_BYTES)));
  const garbage = fc
    .tuple(fc.constantFrom(...valid), fc.uint8Array({ maxLength: 200 }), fc.nat(255))
    .map(([request, body, flags]) => frame(request[8]!, Buffer.from(body), flags));
  return fc.oneof(changed, relabelled, garbage);
}

describe("five thousand spoilt pushes", () => {
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() & 0x7fff_ffff);

  it(`harm nobody, and the log stays readable (FUZZ_SEED=${seed})`, async () => {
    // A spoilt truncation may make a file of terabytes, whose checksum takes hours.
    const frames = fc.sample(spoilt(), { numRuns: 5000, seed }).filter((each) => each[8] !== requests[37][8]);
    await inParallel(frames, 50, async (each, index) => {
      const client = await dial();
      if (index % 3 === 0) {
        client.send(each);
        await client.end();
        return;
      }
      await client.flush(each);
      await client.cut();
    });
    await watcher.expectUnharmed();
    for (const line of binlogLines(served)) parseBinlogRecord(`1 ${line}`);
  });
});
