// What C clients and C storages said to each other, replayed: every recorded request goes over a raw socket to our
// storage, in the recorded order, and its answer must be the recorded one. Names belong to the run, so a name of the
// recording is replaced by the one our server gave for the same upload.
import {
  crc32,
  emptyAnswer,
  frame,
  frameStatus,
  HEADER_BYTES,
  parseFileId,
  type FileIdFacts,
  storageCommands,
} from "@fastdfs-ts/protocol";
import { afterAll, describe, expect, it } from "vitest";
import { RawClient } from "./raw-client.ts";
import {
  type Exchange,
  recordedAnswer,
  recordedContent,
  recordedExchanges,
  recordedRequest,
} from "./recorded-exchange.ts";
import { type ServedStore, type ServeStoreOptions, serveStore } from "./served-store.ts";

const exchanges = recordedExchanges("client-storage");

const UPLOADS: number[] = [storageCommands.uploadFile.code, storageCommands.uploadAppender.code];
const MAKES_NAME: number[] = [
  ...UPLOADS,
  storageCommands.uploadSlave.code,
  storageCommands.createLink.code,
  storageCommands.regenerateName.code,
];

/** Records that are not replayed, by the cluster they were recorded in. */
const skipped: Readonly<Record<string, string>> = {
  trunk: "trunk files are a later issue: this server neither packs files nor reads slots",
};

/** The servers of the recording, by cluster and address. */
const servers: Readonly<Record<string, ServeStoreOptions>> = {
  "base 10.96.0.11:23000": { groupName: "group1", address: "10.96.0.11" },
  "base 10.96.0.13:23000": { groupName: "group2", address: "10.96.0.13", storePathCount: 2 },
  "storage ids 10.96.0.11:23000": {
    groupName: "group1",
    address: "10.96.0.11",
    numericId: "100001",
    rules: { addressOfStorageId: (id) => (id === "100001" ? "10.96.0.11" : "") },
  },
  "ipv6 sized answers 10.96.0.11:23000": {
    groupName: "group1",
    address: "10.96.0.11",
    rules: { addressBytes: 46 },
  },
};

const HELLO = Buffer.from("Hello FastDFS\n");
const META = "ext_name\x02jpg\x01file_size\x02115120\x01height\x0280\x01width\x02160";

interface Given {
  readonly server: string;
  readonly name: string;
  readonly command: "uploadFile" | "uploadAppender";
  readonly content: Buffer;
  readonly metadata?: string;
}

/** Files that were there before the recording began, or were made by exchanges that are not in it. */
const given: readonly Given[] = [
  ...[
    ["M00/00/00/CmAADWsCaQyAclnPAAAADjf5ba8701.txt", undefined],
    ["M00/00/00/CmAADWsCaQyAZ27BAAAADjf5ba8836.txt", undefined],
    ["M00/00/00/CmAADWsCaQyAaMe0AAAADjf5ba8075.txt", undefined],
    ["M00/00/00/CmAADWsCaQyAIqKpAAAADjf5ba8153.txt", META],
  ].map(([name, metadata]) => ({
    server: "base 10.96.0.13:23000",
    name: name!,
    command: "uploadFile" as const,
    content: HELLO,
    ...(metadata === undefined ? {} : { metadata }),
  })),
  {
    server: "base 10.96.0.13:23000",
    name: "M01/00/00/CmAADWsCaQyEDIIyAAAAADf5ba8882.txt",
    command: "uploadAppender",
    content: HELLO,
  },
];

/** What was done to a given file before a record, and is not in the recording. */
const before: Readonly<Record<string, { readonly append: string; readonly bytes: number; readonly why: string }>> = {
  tool_modify: {
    append: "M01/00/00/CmAADWsCaQyEDIIyAAAAADf5ba8882.txt",
    bytes: 14,
    why: "the tool appended between truncate and modify; the modification begins at byte 21, the end",
  },
};

interface Exception {
  readonly reason: string;
  /** The answer we give instead, from the recorded one; the connection then stays open unless the status is 22. */
  readonly answer: (recorded: Buffer) => Buffer;
}

const emptyInsteadOfEcho: Exception = {
  reason: "§12 no. 2: C repeats the request body behind status 0; ours is empty",
  answer: () => emptyAnswer(0),
};
const alsoTheSecond: Exception = {
  reason: "§12 no. 9: C leaves a pipelined request lying; ours answers it too",
  answer: (recorded) => Buffer.concat([recorded, emptyAnswer(0)]),
};
/** The append of these bytes was recorded without them. */
const unrecordedContent = Buffer.alloc(5000, "not the recorded bytes, which are not in the recording. ");
const withUnrecordedCrc: Exception = {
  reason: "the 5000 appended bytes were not recorded, so the CRC32 is that of the bytes we sent instead",
  answer: (recorded) => {
    const own = Buffer.from(recorded);
    own.writeBigInt64BE(BigInt(crc32(crc32(0, HELLO), unrecordedContent) | 0), HEADER_BYTES + 16);
    return own;
  },
};

/** Where we answer otherwise than C did, and why. */
const exceptions: Readonly<Record<string, Exception>> = {
  modify_zero_bytes: emptyInsteadOfEcho,
  append_zero_bytes: emptyInsteadOfEcho,
  truncate_same_size: emptyInsteadOfEcho,
  two_frames_one_write: alsoTheSecond,
  download_then_active_test_one_write: alsoTheSecond,
  get_meta_long: {
    reason: "§12 no. 18: C cuts name and value, but keeps the file's length and fills it with old memory; ours is cut",
    answer: () =>
      frame(100, Buffer.from(`${"n".repeat(64)}\x02${"v".repeat(256)}\x01${"n".repeat(64)}\x02${"w".repeat(256)}`)),
  },
  get_meta_merge_long: {
    reason: "C replaces the first of two stored items of one name and keeps the second; ours replaces both",
    answer: () => frame(100, Buffer.from(`${"n".repeat(64)}\x02${"w".repeat(256)}`)),
  },
  get_meta_no_separator: {
    reason: "§12 no. 19: C stores a list without separators as it came; ours stores an empty list",
    answer: () => emptyAnswer(0),
  },
  download_link_target_after_slave_link_delete: {
    reason: "C deletes the file that a slave link points to; ours deletes the link alone",
    answer: () => frame(100, recordedContent("(i*7 + i//256) & 255, i < 20000").subarray(0, 4)),
  },
  tool_file_info: withUnrecordedCrc,
};

/** The names of later records that C would answer the same way but with another CRC32 inside. */
const unrecordedCrcInName = new Map([["tool_regenerate", crc32(crc32(0, HELLO), unrecordedContent)]]);

/** Names of the recording → names of our run: characters that stand for each other, of equal length. */
class Names {
  private readonly pairs: [recorded: string, ours: string][] = [];

  add(recorded: string, ours: string): void {
    expect(ours.length, `${ours} for ${recorded}`).toBe(recorded.length);
    const at = "M00/00/00/".length;
    // Both stand in the first directory; without it, names that were tampered with in front are mapped as well.
    expect(ours.slice(0, at)).toBe(recorded.slice(0, at));
    this.pairs.push([recorded.slice(at).replace(/\..*$/, ""), ours.slice(at).replace(/\..*$/, "")]);
  }

  map(bytes: Buffer): Buffer {
    let text = bytes.toString("latin1");
    for (const [recorded, ours] of this.pairs) text = text.replaceAll(recorded, ours);
    return Buffer.from(text, "latin1");
  }
}

interface Running {
  readonly served: ServedStore;
  readonly names: Names;
  readonly sockets: Map<string, RawClient>;
}

const running = new Map<string, Running>();

async function serverOf(key: string): Promise<Running> {
  let server = running.get(key);
  if (server === undefined) {
    const options = servers[key];
    if (options === undefined) throw new Error(`no server stands for ${key}`);
    server = {
      served: await serveStore({ networkTimeoutMs: 5000, ...options }),
      names: new Names(),
      sockets: new Map(),
    };
    running.set(key, server);
    for (const file of given.filter((each) => each.server === key)) await make(server, file);
  }
  return server;
}

async function make({ served, names }: Running, file: Given): Promise<void> {
  const client = await RawClient.dial(served.port);
  const command = storageCommands[file.command];
  const head = command.request.encode({
    storePathIndex: Number(file.name.slice(1, 3)),
    contentBytes: file.content.length,
    extension: "txt",
  });
  const stored = await client.exchange(frame(command.code, Buffer.concat([head, file.content])));
  const ours = stored.toString("latin1", HEADER_BYTES + 16);
  names.add(file.name, ours);
  if (file.metadata !== undefined) {
    const { code, request } = storageCommands.setMetadata;
    const metadata = Buffer.from(file.metadata);
    const body = request.encode({ operation: "O", groupName: served.store.groupName, logicalName: ours, metadata });
    expect(await client.exchange(frame(code, body))).toEqual(emptyAnswer(0));
  }
  await client.end();
}

async function append({ served, names }: Running, recordedName: string, bytes: number): Promise<void> {
  const client = await RawClient.dial(served.port);
  const logicalName = names.map(Buffer.from(recordedName)).toString();
  const { code, request } = storageCommands.appendFile;
  const body = Buffer.concat([request.encode({ logicalName, contentBytes: bytes }), Buffer.alloc(bytes)]);
  expect(await client.exchange(frame(code, body))).toEqual(emptyAnswer(0));
  await client.end();
}

/** What two names of the same upload must have in common. */
const comparable = ({ facts, fileName, ...rest }: FileIdFacts, crc: number | undefined) => ({
  ...rest,
  logicalName: undefined,
  pathInStore: rest.pathInStore.slice(0, 6),
  fileNameChars: fileName.length,
  source: facts?.source,
  // The 23 random bits are of the run.
  sizeHigh: (facts!.sizeHigh & ~0x7f_ffff) >>> 0,
  sizeLow: facts?.sizeLow,
  crc32: crc,
});

const startedSeconds = Math.floor(Date.now() / 1000);
const expectNow = (seconds: number) => {
  expect(seconds).toBeGreaterThanOrEqual(startedSeconds);
  expect(seconds).toBeLessThanOrEqual(Date.now() / 1000);
};

function compareNames(exchange: Exchange, recorded: Buffer, ours: Buffer): void {
  const nameOf = (answer: Buffer) => answer.toString("latin1", HEADER_BYTES + 16);
  const parse = (answer: Buffer) =>
    parseFileId(
      `${answer.toString("latin1", HEADER_BYTES, HEADER_BYTES + 16).replace(/\0.*$/s, "")}/${nameOf(answer)}`,
    );
  expect(ours.subarray(0, HEADER_BYTES + 16)).toEqual(recorded.subarray(0, HEADER_BYTES + 16));
  const [theirs, mine] = [parse(recorded), parse(ours)];
  // A link's CRC32 is a random number.
  const crc = exchange.cmd === storageCommands.createLink.code ? mine.facts?.crc32 : theirs.facts?.crc32;
  const expectedCrc = unrecordedCrcInName.get(exchange.name) ?? crc;
  expect(comparable(mine, mine.facts?.crc32)).toEqual(comparable(theirs, expectedCrc));
  expectNow(mine.facts!.createdSeconds);
}

function compareFileInfo(exchange: Exchange, expected: Buffer, ours: Buffer, requestedName: string): void {
  expectNow(Number(ours.readBigInt64BE(HEADER_BYTES + 8)));
  const sameTime = Buffer.from(ours);
  expected.copy(sameTime, HEADER_BYTES + 8, HEADER_BYTES + 8, HEADER_BYTES + 16);
  if (exchange.name === "file_info_link") {
    const { crc32: inName } = parseFileId(`group1/${requestedName}`);
    expect(Number(ours.readBigInt64BE(HEADER_BYTES + 16))).toBe(inName! | 0);
    expected.copy(sameTime, HEADER_BYTES + 16, HEADER_BYTES + 16, HEADER_BYTES + 24);
  }
  expect(sameTime).toEqual(expected);
}

/** Replays one record. Returns what became of it. */
async function replay(exchange: Exchange, isLastOnSocket: boolean): Promise<"same" | "excepted"> {
  const { cmd, context, response } = exchange;
  const server = await serverOf(`${context.cluster} ${context.to}`);
  const step = before[exchange.name];
  if (step !== undefined) await append(server, step.append, step.bytes);
  const { served, names, sockets } = server;
  let client = sockets.get(context.from);
  if (client === undefined) {
    client = await RawClient.dial(served.port);
    sockets.set(context.from, client);
  }

  const request = names.map(recordedRequest(exchange, exchange.name === "tool_append" ? unrecordedContent : undefined));
  const exception = exceptions[exchange.name];
  const recorded = recordedAnswer(exchange);
  const expected = exception === undefined ? names.map(recorded) : exception.answer(recorded);
  if (exchange.name === "frame_byte_by_byte") {
    for (const byte of request) await client.flush(Buffer.of(byte));
  } else {
    client.send(request);
  }
  const isUpload = response !== null && MAKES_NAME.includes(cmd) && frameStatus(expected) === 0;
  // Several answers to one write come one after the other.
  const pieces: Buffer[] = [];
  for (let bytes = 0; bytes < expected.length && !client.isClosed; bytes += pieces.at(-1)!.length) {
    pieces.push(await client.readAnswer());
  }
  const ours = Buffer.concat(pieces);

  if (isUpload && !names.map(recorded).equals(ours)) {
    compareNames(exchange, recorded, ours);
    names.add(recorded.toString("latin1", HEADER_BYTES + 16), ours.toString("latin1", HEADER_BYTES + 16));
  } else if (cmd === storageCommands.queryFileInfo.code && frameStatus(expected) === 0) {
    compareFileInfo(exchange, expected, ours, request.toString("latin1", HEADER_BYTES + 16));
  } else if (!ours.equals(expected)) {
    // Only a difference is worth the slow comparison that shows it.
    expect(ours).toEqual(expected);
  }

  const closes = exception === undefined ? context.connection_closed_by_server === true : false;
  if (closes) {
    await client.closed;
  } else if (isLastOnSocket) {
    expect(await client.exchange(frame(storageCommands.activeTest.code, Buffer.alloc(0)))).toEqual(emptyAnswer(0));
    await client.end();
  }
  expect(client.unread, "bytes behind the answer").toBe(0);
  return exception === undefined ? "same" : "excepted";
}

describe("the recorded traffic between clients and storages", () => {
  const outcome = { same: 0, excepted: 0, skipped: 0 };
  const lastOnSocket = new Map(exchanges.map((each, index) => [`${each.context.cluster} ${each.context.from}`, index]));

  afterAll(async () => {
    for (const { served } of running.values()) {
      await served.remove();
      expect(served.troubles).toEqual([]);
    }
  });

  for (const [index, exchange] of exchanges.entries()) {
    const { cluster, from } = exchange.context;
    const reason = skipped[cluster];
    if (reason !== undefined) {
      outcome.skipped++;
      it.skip(`${exchange.name} (${reason})`);
      continue;
    }
    const note = exceptions[exchange.name] === undefined ? "" : ` (otherwise: ${exceptions[exchange.name]!.reason})`;
    it(`${exchange.name}${note}`, async () => {
      outcome[await replay(exchange, lastOnSocket.get(`${cluster} ${from}`) === index)]++;
    });
  }

  it("is replayed whole, and every exception is one", () => {
    const known = new Set(exchanges.map(({ name }) => name));
    const stray = [...Object.keys(exceptions), ...Object.keys(before), ...unrecordedCrcInName.keys()];
    expect(stray.filter((name) => !known.has(name))).toEqual([]);
    expect(outcome).toEqual({ same: 185, excepted: Object.keys(exceptions).length, skipped: 26 });
  });
});
