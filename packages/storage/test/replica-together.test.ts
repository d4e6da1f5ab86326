// Several new files as one request (125): each is treated as if it had come alone, and the answer says what became of each.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import {
  composeName,
  crc32,
  frame,
  HEADER_BYTES,
  mintTail,
  storageCommands,
  TOGETHER_BYTES_MAX,
  TOGETHER_REQUESTS_MAX,
} from "@fastdfs-ts/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RawClient } from "./raw-client.ts";
import { emptyStatus, push, RECORD_SECONDS } from "./replica-pusher.ts";
import { type ServedStore, serveStore } from "./served-store.ts";
import { binlogLines } from "./unharmed.ts";

let served: ServedStore;
let client: RawClient;

beforeAll(async () => {
  served = await serveStore();
  client = await RawClient.dial(served.port);
});
afterAll(async () => {
  await client.end();
  await served.remove();
});

const pathOf = (name: string) => served.store.paths.all[0]!.fileAt(name.slice(4));
const nowSeconds = () => Math.floor(Date.now() / 1000);
let issued = 0;

/** A name that states this content. */
function nameOf(content: Buffer, createdSeconds: number): string {
  const facts = { source: 1, createdSeconds, fileBytes: content.length, crc32: crc32(0, content), extension: "txt" };
  return `M00/00/01/${composeName({ kind: "normal", ...facts }, issued++, mintTail("txt", 1))}`;
}

function together(...requests: Buffer[]): Buffer {
  const content = Buffer.concat(requests);
  const head = storageCommands.syncTogether.request.encode({ contentBytes: content.length });
  return frame(storageCommands.syncTogether.code, Buffer.concat([head, content]));
}

async function statusesOf(request: Buffer): Promise<number[]> {
  const answer = await client.exchange(request);
  return [...storageCommands.syncTogether.answer.decode(answer.subarray(HEADER_BYTES)).statuses];
}

describe("new files that come together", () => {
  it("are stored in order, each with its time", async () => {
    const contents = [Buffer.from("one"), Buffer.alloc(0), Buffer.alloc(5000, "x")];
    const names = contents.map((content) => nameOf(content, RECORD_SECONDS));
    const request = together(...names.map((name, index) => push.create(name, contents[index]!)));
    expect(await statusesOf(request)).toEqual([0, 0, 0]);
    for (const [index, name] of names.entries()) {
      expect(readFileSync(pathOf(name))).toEqual(contents[index]);
      expect(Math.floor(statSync(pathOf(name)).mtimeMs / 1000)).toBe(RECORD_SECONDS);
    }
    expect(binlogLines(served).slice(-3)).toEqual(names.map((name) => `c ${name}`));
    // Again, after the connection was lost perhaps: they are here.
    expect(await statusesOf(request)).toEqual([17, 17, 17]);
  });

  it("do not spoil each other", async () => {
    const [good, other] = [Buffer.from("good"), Buffer.from("other")];
    const [first, last] = [nameOf(good, RECORD_SECONDS), nameOf(other, RECORD_SECONDS)];
    const refused = [
      push.create(nameOf(good, RECORD_SECONDS), good, { groupName: "group2" }),
      push.create(nameOf(good, RECORD_SECONDS), good, { seconds: -1 }),
      push.create("M77/00/01/CmAAC2sCaA-ACKP8AAAAKnl8CjM577.txt", good),
      push.create(nameOf(good, RECORD_SECONDS), good, { announcedBytes: 3 }),
    ];
    const request = together(push.create(first, good), ...refused, push.create(last, other));
    expect(await statusesOf(request)).toEqual([0, 22, 22, 22, 22, 0]);
    expect(readFileSync(pathOf(first))).toEqual(good);
    expect(readFileSync(pathOf(last))).toEqual(other);
  });

  it("take the place of young ones only if they are the files of their names", async () => {
    const content = Buffer.from("the same");
    const seconds = nowSeconds();
    const name = nameOf(content, seconds);
    const create = (bytes: Buffer) => together(push.create(name, bytes, { seconds }));
    expect(await statusesOf(create(content))).toEqual([0]);
    expect(await statusesOf(create(content))).toEqual([0]);
    writeFileSync(pathOf(name), "as long.");
    expect(await statusesOf(create(Buffer.from("not this")))).toEqual([17]);
    expect(readFileSync(pathOf(name)).toString()).toBe("as long.");
    expect(await statusesOf(create(Buffer.from("of another size")))).toEqual([0]);
  });

  const one = push.create(nameOf(Buffer.from("a"), RECORD_SECONDS), Buffer.from("a"));
  it.each<[string, Buffer]>([
    ["one of them is cut short", together(one, one.subarray(0, -1))],
    ["a header is cut short", together(one, one.subarray(0, 5))],
    ["one is no new file", together(one, push.delete(nameOf(Buffer.from("b"), RECORD_SECONDS)))],
    ["one has flags", together(push.create(nameOf(Buffer.from("c"), 1), Buffer.from("c"), { flags: 17 }))],
    ["there are too many", together(...Array.from({ length: TOGETHER_REQUESTS_MAX + 1 }, () => one))],
    ["there are too many bytes", together(push.create(nameOf(one, 1), Buffer.alloc(TOGETHER_BYTES_MAX)))],
  ])("are refused as a whole if %s", async (_, request) => {
    const lines = binlogLines(served).length;
    const bad = await RawClient.dial(served.port);
    expect(emptyStatus(await bad.exchange(request))).toBe(22);
    await bad.end();
    expect(binlogLines(served)).toHaveLength(lines);
  });
});
