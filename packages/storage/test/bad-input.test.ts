// Requests that no honest client sends: each gets a clear status or a closed connection, and leaves nothing behind.
import { emptyAnswer, frame, HEADER_BYTES, storageCommands } from "@fastdfs-ts/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseBinlogRecord } from "../src/binlog/binlog-record.ts";
import {
  type Fixtures,
  makeFixtures,
  readFile,
  type RequestName,
  storeFile,
  type ValidRequest,
  validRequests,
} from "./every-request.ts";
import { RawClient } from "./raw-client.ts";
import { type ServedStore, serveStore } from "./served-store.ts";
import { binlogLines, visibleFiles, Watcher } from "./unharmed.ts";

const GIB = 2 ** 30;
const refused = emptyAnswer(22);

let served: ServedStore;
let watcher: Watcher;
let fixtures: Fixtures;
let requests: Record<RequestName, ValidRequest>;
const anyName = `M00/00/00/${"a".repeat(34)}`;
const shapes: Record<RequestName, ValidRequest> = validRequests({
  groupName: "group1",
  file: anyName,
  appender: anyName,
  truncated: anyName,
  content: Buffer.alloc(0),
});
const names = Object.keys(shapes) as RequestName[];

beforeAll(async () => {
  served = await serveStore({ networkTimeoutMs: 30_000 });
  const client = await RawClient.dial(served.port);
  fixtures = await makeFixtures(client);
  requests = validRequests(fixtures);
  expect(await client.exchange(requests.setMetadata.bytes)).toEqual(emptyAnswer(0));
  await client.end();
  watcher = await Watcher.connect(served);
});

afterAll(async () => {
  await watcher.close();
  await served.remove();
});

let dialled: RawClient[] = [];

async function dial(): Promise<RawClient> {
  const client = await RawClient.dial(served.port);
  dialled.push(client);
  return client;
}

afterEach(async () => {
  await Promise.all(dialled.map((client) => client.cut()));
  dialled = [];
});

/** What the server says to these bytes on a connection of their own; bytes after the answer show that it went on. */
async function answerTo(bytes: Buffer): Promise<{ answer: Buffer; isClosed: boolean }> {
  const client = await dial();
  const answer = await client.exchange(bytes);
  let isClosed = client.isClosed;
  if (answer.length >= HEADER_BYTES) {
    const next = await client.exchange(requests.activeTest.bytes);
    isClosed = next.length === 0;
  }
  await client.cut();
  return { answer, isClosed };
}

function withNumber(bytes: Buffer, at: number, value: bigint): Buffer {
  const out = Buffer.from(bytes);
  out.writeBigInt64BE(value, at);
  return out;
}

const inBody = (offset: number) => HEADER_BYTES + offset;

describe("numbers in requests", () => {
  const huge = [2n ** 40n, 2n ** 53n, 2n ** 62n, 2n ** 63n - 1n];
  const negative = [-1n, -(2n ** 31n), -(2n ** 63n)];

  /** Values that are not refused with 22: what else the server may answer. */
  const fine: Readonly<Record<string, (value: bigint, valid: bigint) => number | undefined>> = {
    // A count beyond the end is cut to the rest; 0 stands for the rest.
    "downloadFile.countBytes": (value) => (value >= 0n ? 0 : undefined),
    "downloadFile.offset": (value) => (value >= 0n && value < 50n ? 0 : undefined),
    "modifyFile.offset": (value) => (value >= 0n && value < 50n ? 0 : undefined),
    // May grow the file, with a hole; beyond what the file system can do it says so (too large, no room, or EIO).
    "truncateFile.newBytes": (value) => (value >= 0n && value < 2n ** 32n ? 0 : undefined),
  };

  it.each(names)("%s: each number negative, 0, off by one and huge", async (name) => {
    const { bytes, numbers } = requests[name];
    for (const [field, offset] of Object.entries(numbers)) {
      const valid = bytes.readBigInt64BE(inBody(offset));
      for (const value of [...negative, 0n, valid - 1n, valid + 1n, ...huge]) {
        if (value === valid) continue;
        const { answer, isClosed } = await answerTo(withNumber(bytes, inBody(offset), value));
        const where = `${name}.${field} = ${value}`;
        const expected = fine[`${name}.${field}`]?.(value, valid);
        if (expected === 0) expect(answer[9], where).toBe(0);
        else if (name === "truncateFile" && field === "newBytes" && value > 0n)
          expect([0, 5, 22, 27, 28], where).toContain(answer[9]);
        else {
          expect(answer, where).toEqual(refused);
          expect(isClosed, where).toBe(true);
        }
      }
    }
    await watcher.expectUnharmed();
  });

  it("a truncation that cannot be done changes neither file nor log", async () => {
    const client = await dial();
    const name = await storeFile(client, fixtures.content, "uploadAppender");
    const { code, request } = storageCommands.truncateFile;
    const answer = await client.exchange(
      frame(code, request.encode({ logicalName: name, newBytes: Number.MAX_SAFE_INTEGER })),
    );
    expect(answer[9]).not.toBe(0);
    const other = await dial();
    expect((await readFile(other, "group1", name)).subarray(HEADER_BYTES)).toEqual(fixtures.content);
    expect(binlogLines(served).filter((line) => line.includes(name))).toEqual([`C ${name}`]);
    await client.cut();
    await other.cut();
    await watcher.expectUnharmed();
  });

  it.each(names)("%s: a negative body length closes without an answer", async (name) => {
    for (const value of negative) {
      const { answer, isClosed } = await answerTo(withNumber(requests[name].bytes, 0, value));
      expect(answer.length).toBe(0);
      expect(isClosed).toBe(true);
    }
    await watcher.expectUnharmed();
  });

  it.each(names)("%s: a body length one or more too small, or 0, is refused", async (name) => {
    const { bytes } = requests[name];
    const valid = BigInt(bytes.length - HEADER_BYTES);
    for (const value of new Set([0n, valid / 2n, valid - 1n])) {
      if (value >= valid || value < 0n) continue;
      const { answer } = await answerTo(withNumber(bytes, 0, value));
      // A name that lost its last character is a name, of no file.
      if (answer[9] !== 2) expect(answer, `body of ${value}`).toEqual(refused);
    }
    await watcher.expectUnharmed();
  });

  it.each(names)(
    "%s: a huge body length is refused at once, or streamed if the content may be that long",
    async (name) => {
      const { bytes } = requests[name];
      for (const value of [BigInt(4 * GIB), ...huge]) {
        const { answer, isClosed } = await answerTo(withNumber(bytes, 0, value));
        if (value > 2n ** 53n && answer.length === 0) expect(isClosed).toBe(true);
        else expect(answer, `body of ${value}`).toEqual(refused);
        expect(isClosed).toBe(true);
      }
      await watcher.expectUnharmed();
    },
  );

  it("a name said to be as long as a large body is refused before it is waited for", async () => {
    const { bytes } = requests.appendFile;
    const long = withNumber(withNumber(bytes, 0, BigInt(GIB)), inBody(0), BigInt(GIB / 2));
    expect(await answerTo(long)).toEqual({ answer: refused, isClosed: true });
    await watcher.expectUnharmed();
  });
});

describe("groups, flags, indexes and names", () => {
  const withGroup = names.filter((name) => name in shapes && shapes[name].groupAt !== undefined);

  it.each(withGroup)("%s: another group is refused", async (name) => {
    const { bytes, groupAt } = requests[name];
    for (const group of [
      "group2",
      "",
      "GROUP1",
      "group1x",
      "group",
      "g".repeat(16),
      "../../group1",
      "\x80\xff\x00\x01",
    ]) {
      const bad = Buffer.from(bytes);
      bad.fill(0, inBody(groupAt!), inBody(groupAt!) + 16);
      bad.write(group, inBody(groupAt!), "latin1");
      expect(await answerTo(bad), group).toEqual({ answer: refused, isClosed: true });
    }
    await watcher.expectUnharmed();
  });

  const readingWithGroup = withGroup.filter((name) => shapes[name].isReading);
  it.each(readingWithGroup)("%s: what stands behind the NUL of the group does not matter", async (name) => {
    const { bytes, groupAt } = requests[name];
    const odd = Buffer.from(bytes);
    odd.write("rubbish", inBody(groupAt!) + "group1".length + 1, "latin1");
    expect((await answerTo(odd)).answer).toEqual((await answerTo(bytes)).answer);
  });

  const reading = names.filter((name) => shapes[name].isReading && name !== "queryFileInfo");
  it.each(reading)("%s: byte 9 of the request does not matter", async (name) => {
    const { bytes } = requests[name];
    const { answer } = await answerTo(bytes);
    for (const flags of [1, 2, 3, 22, 127, 128, 255]) {
      const odd = Buffer.from(bytes);
      odd[9] = flags;
      expect((await answerTo(odd)).answer).toEqual(answer);
    }
  });

  it.each(["uploadFile", "uploadAppender"] as const)("%s: no other store path than ours", async (name) => {
    for (let index = 1; index < 255; index++) {
      const bad = Buffer.from(requests[name].bytes);
      bad[inBody(0)] = index;
      expect(await answerTo(bad), `path ${index}`).toEqual({ answer: refused, isClosed: true });
    }
    await watcher.expectUnharmed();
  });

  const named = names.filter((name) => shapes[name].name !== undefined);
  const tail = "CmAAC2sCaA-ACKP8AAAAKnl8CjM577.txt";
  const badNames = [
    `M01/00/00/${tail}`,
    `MFF/00/00/${tail}`,
    `M-1/00/00/${tail}`,
    `M0/00/00/${tail}`,
    `m00/00/00/${tail}`,
    `M00/0a/0b/${tail}`,
    `M00/../../${tail}`,
    `M00/00/../${tail}`,
    `M00/00/00/../../../../../etc/passwd`,
    `M00/00/00/../../.fastdfs_vars........................`,
    `M00//etc/passwd.........................................`,
    `/etc/passwd`,
    `../../../../../../../../../../../../../../etc/passwd`,
    `M00/00/00/x/${tail}`,
    `M00/00/00/${tail.slice(0, 20)}/${tail.slice(21)}`,
    `M00/00/00/${tail.slice(0, 20)}\0${tail.slice(21)}`,
    `M00/00/00/${tail}\0`,
    `M00\\00\\00\\${tail}`,
    `M00/00/00/`,
    `M00/00/00`,
    `M`,
    `M00/00/00/${tail}${"x".repeat(128 - 44)}`,
    `M00/00/00/${"x".repeat(300)}`,
    `M00/00/00/${"x".repeat(5000)}`,
    `M00/00/00/${"../".repeat(30)}etc/passwd`,
    "\0".repeat(44),
    "\xff".repeat(44),
    " ".repeat(44),
  ];

  it.each(named)("%s: a name that no file here can have is refused", async (name) => {
    const before = visibleFiles(served);
    for (const bad of badNames) {
      const { answer, isClosed } = await answerTo(withName(requests[name], bad));
      expect({ answer, isClosed }, JSON.stringify(bad)).toEqual({ answer: refused, isClosed: true });
    }
    expect(visibleFiles(served)).toEqual(before);
    await watcher.expectUnharmed();
  });

  it.each(named)("%s: the names of directories are those of no file", async (name) => {
    const before = visibleFiles(served);
    for (const directory of ["M00/00/00/.", "M00/00/00/..", "00/00/....", "M00/00/00/..".padEnd(44, "/.")]) {
      const { answer } = await answerTo(withName(requests[name], directory));
      expect([2, 21, 22], `${directory} → ${answer[9]}`).toContain(answer[9]);
    }
    expect(visibleFiles(served)).toEqual(before);
    await watcher.expectUnharmed();
  });

  it("a link whose names fit no log line is refused, so that the log stays readable", async () => {
    const client = await dial();
    const slave = async (masterName: string, slavePrefix: string) => {
      const { code, request } = storageCommands.uploadSlave;
      const body = request.encode({ masterName, slavePrefix, extension: "", contentBytes: 0 });
      return (await client.exchange(frame(code, body))).toString("latin1", HEADER_BYTES + 16);
    };
    let long = fixtures.file;
    while (long.length < 127 - 16) long = await slave(long, "_".padEnd(16, "x"));
    const { code, request } = storageCommands.createLink;
    const body = request.encode({
      groupName: "group1",
      slavePrefix: "_",
      extension: "",
      masterName: long,
      sourceName: long,
      signature: Buffer.of(1),
    });
    await client.end();
    const before = visibleFiles(served);
    expect(await answerTo(frame(code, body))).toEqual({ answer: refused, isClosed: true });
    expect(visibleFiles(served)).toEqual(before);
    for (const line of binlogLines(served)) parseBinlogRecord(`1 ${line}`);
    await watcher.expectUnharmed();
  });

  it("extensions and prefixes of forbidden characters are refused", async () => {
    for (const bad of ["a/b", "..\0/x", "a b", "ä", "a\nb", "a\\b", "%2e", "*", "\x01"]) {
      for (const name of ["uploadFile", "uploadAppender", "uploadSlave", "createLink"] as const) {
        const at = { uploadFile: 9, uploadAppender: 9, uploadSlave: 32, createLink: 56 }[name];
        const bytes = Buffer.from(requests[name].bytes);
        bytes.fill(0, inBody(at), inBody(at) + 6);
        bytes.write(bad.slice(0, 6), inBody(at), "latin1");
        const isCutToNothing = bad.startsWith("..\0");
        if (!isCutToNothing)
          expect(await answerTo(bytes), `${name} ${bad}`).toEqual({ answer: refused, isClosed: true });
      }
      const slave = Buffer.from(requests.uploadSlave.bytes);
      slave.fill(0, inBody(16), inBody(32));
      slave.write(bad.replace("\0", "/"), inBody(16), "latin1");
      expect(await answerTo(slave), `prefix ${bad}`).toEqual({ answer: refused, isClosed: true });
    }
    await watcher.expectUnharmed();
  });
});

function withName({ bytes, name }: ValidRequest, other: string): Buffer {
  const body = bytes.subarray(HEADER_BYTES);
  const oldBytes = name!.lengthAt === undefined ? body.length - name!.at : Number(body.readBigInt64BE(name!.lengthAt));
  const out = Buffer.concat([
    body.subarray(0, name!.at),
    Buffer.from(other, "latin1"),
    body.subarray(name!.at + oldBytes),
  ]);
  if (name!.lengthAt !== undefined) out.writeBigInt64BE(BigInt(other.length), name!.lengthAt);
  return frame(bytes[8]!, out);
}
