// Every row of the tables in wire-protocol.md §9.3 to §9.9: what a pushed record is answered, what the file is afterwards,
// what the log says.
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connectionCommands, frame, HEADER_BYTES, storageCommands } from "@fastdfs-ts/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RawClient } from "./raw-client.ts";
import { emptyStatus, nameStating, push, RECORD_SECONDS, type RecordOptions } from "./replica-pusher.ts";
import { type ServedStore, serveStore } from "./served-store.ts";

let served: ServedStore;
let client: RawClient;

// A store for each row: what was deleted in one must not matter in the next.
beforeEach(async () => {
  served = await serveStore();
  client = await RawClient.dial(served.port);
});
afterEach(async () => {
  await client.end();
  await served.remove();
});

const NAME = "M00/00/01/CmAAC2sCaA-ACKP8AAAAKnl8CjM577.txt";
const bytes = (count: number, letter = "x") => Buffer.alloc(count, letter);
const OTHER = nameStating(bytes(5), "005");
const pathOf = (name: string) => served.store.paths.all[0]!.fileAt(name.slice(4));
const METADATA = `${OTHER}-m`;
const LARGE = 3_000_000;

/** What is there before: content, or a link or directory. */
type Before = Buffer | "link" | "directory" | undefined;
/** What is there afterwards; undefined: nothing. */
type After = Before;

interface Row {
  readonly title: string;
  readonly before?: Before;
  /** Where NAME is the old name: what lies under the other one. */
  readonly otherBefore?: Before;
  /** Default OTHER. */
  readonly otherName?: string;
  readonly request: () => Buffer;
  readonly status: number;
  readonly after?: After;
  readonly otherAfter?: After;
  /** Without its time, which is always that of the record. */
  readonly logged?: string;
  readonly closes?: true;
}

const create = (content: Buffer, options?: RecordOptions) => () => push.create(NAME, content, options);
const update = (content: Buffer, options?: RecordOptions) => () => push.update(NAME, content, options);
const append = (offset: number, content: Buffer) => () => push.append(NAME, offset, content);
const modify = (offset: number, content: Buffer) => () => push.modify(NAME, offset, content);
const c = `c ${NAME}`;
const u = `u ${NAME}`;

const wholeFiles: Row[] = [
  { title: "16, missing", request: create(bytes(5)), status: 0, after: bytes(5), logged: c },
  { title: "16, missing, empty", request: create(bytes(0)), status: 0, after: bytes(0), logged: c },
  { title: "16, missing, large", request: create(bytes(LARGE)), status: 0, after: bytes(LARGE), logged: c },
  {
    title: "16, same size: kept",
    before: bytes(5, "o"),
    request: create(bytes(5)),
    status: 17,
    after: bytes(5, "o"),
    logged: c,
  },
  {
    title: "16, same size, large: all of the content is read",
    before: bytes(LARGE, "o"),
    request: create(bytes(LARGE)),
    status: 17,
    after: bytes(LARGE, "o"),
    logged: c,
  },
  {
    title: "16, other size: replaced",
    before: bytes(6, "o"),
    request: create(bytes(5)),
    status: 0,
    after: bytes(5),
    logged: c,
  },
  {
    title: "16, other size, large: replaced",
    before: bytes(6, "o"),
    request: create(bytes(LARGE)),
    status: 0,
    after: bytes(LARGE),
    logged: c,
  },
  { title: "16, a link: replaced", before: "link", request: create(bytes(5)), status: 0, after: bytes(5), logged: c },
  {
    title: "16 without content",
    before: bytes(5, "o"),
    request: create(bytes(5), { flags: 17 }),
    status: 17,
    after: bytes(5, "o"),
    logged: c,
  },
  { title: "16 without content, missing", request: create(bytes(5), { flags: 17 }), status: 17, logged: c },
  {
    title: "16 without content, another byte 9",
    request: create(bytes(5), { flags: 1 }),
    status: 17,
    logged: c,
  },
  { title: "16, another group", request: create(bytes(5), { groupName: "group2" }), status: 22, closes: true },
  { title: "16, content too short", request: create(bytes(5), { announcedBytes: 6 }), status: 22, closes: true },
  { title: "16, content too long", request: create(bytes(5), { announcedBytes: 4 }), status: 22, closes: true },
  { title: "16, a time before 1970", request: create(bytes(5), { seconds: -1 }), status: 22, closes: true },
  {
    title: "16, a directory",
    before: "directory",
    request: create(bytes(5)),
    status: 21,
    after: "directory",
    logged: c,
  },
  { title: "18, missing", request: update(bytes(5)), status: 0, after: bytes(5), logged: u },
  {
    title: "18, same size: replaced",
    before: bytes(5, "o"),
    request: update(bytes(5)),
    status: 0,
    after: bytes(5),
    logged: u,
  },
  {
    title: "18, other size, large",
    before: bytes(6, "o"),
    request: update(bytes(LARGE)),
    status: 0,
    after: bytes(LARGE),
    logged: u,
  },
  { title: "18, a link: replaced", before: "link", request: update(bytes(5)), status: 0, after: bytes(5), logged: u },
  { title: "18 without content", request: update(bytes(5), { flags: 17 }), status: 17, logged: u },
  { title: "18, another group", request: update(bytes(5), { groupName: "" }), status: 22, closes: true },
];

const deletions: Row[] = [
  {
    title: "17, there",
    before: bytes(5),
    request: () => push.delete(NAME),
    status: 0,
    logged: `d ${NAME}`,
  },
  { title: "17, a link", before: "link", request: () => push.delete(NAME), status: 0, logged: `d ${NAME}` },
  { title: "17, missing: it must not come later", request: () => push.delete(NAME), status: 2, logged: `d ${NAME}` },
  {
    title: "17, a directory",
    before: "directory",
    request: () => push.delete(NAME),
    status: 22,
    after: "directory",
    closes: true,
  },
  { title: "17, another group", request: () => push.delete(NAME, { groupName: "g" }), status: 22, closes: true },
];

const ab = Buffer.concat([bytes(10, "a"), bytes(5, "b")]);
const appends: Row[] = [
  {
    title: "25, size is the start",
    before: bytes(10, "a"),
    request: append(10, bytes(5, "b")),
    status: 0,
    after: ab,
    logged: `a ${NAME} 10 5`,
  },
  {
    title: "25, size is the start, large",
    before: bytes(10, "a"),
    request: append(10, bytes(LARGE, "b")),
    status: 0,
    after: Buffer.concat([bytes(10, "a"), bytes(LARGE, "b")]),
    logged: `a ${NAME} 10 ${LARGE}`,
  },
  {
    title: "25, just there already",
    before: ab,
    request: append(10, bytes(5, "b")),
    status: 17,
    after: ab,
    logged: `a ${NAME} 10 5`,
  },
  {
    title: "25, more there already",
    before: bytes(99),
    request: append(10, bytes(5)),
    status: 17,
    after: bytes(99),
    logged: `a ${NAME} 10 5`,
  },
  {
    title: "25, large, there already: all of the content is read",
    before: bytes(LARGE + 10),
    request: append(10, bytes(LARGE)),
    status: 17,
    after: bytes(LARGE + 10),
    logged: `a ${NAME} 10 ${LARGE}`,
  },
  { title: "25, partly there", before: bytes(12), request: append(10, bytes(5)), status: 2, after: bytes(12) },
  { title: "25, a gap", before: bytes(9), request: append(10, bytes(5)), status: 2, after: bytes(9) },
  { title: "25, missing", request: append(10, bytes(5)), status: 2 },
  { title: "25, missing, from the start", request: append(0, bytes(5)), status: 2 },
  { title: "25, missing, large", request: append(10, bytes(LARGE)), status: 2 },
  { title: "25, a link", before: "link", request: append(10, bytes(5)), status: 17, after: "link" },
  {
    title: "25, content too short",
    before: bytes(10),
    request: () => push.append(NAME, 10, bytes(5), { announcedBytes: 6 }),
    status: 22,
    after: bytes(10),
    closes: true,
  },
];

const modifications: Row[] = [
  {
    title: "35, inside",
    before: bytes(10, "a"),
    request: modify(3, bytes(4, "b")),
    status: 0,
    after: Buffer.from("aaabbbbaaa"),
    logged: `m ${NAME} 3 4`,
  },
  {
    title: "35, over the end",
    before: bytes(10, "a"),
    request: modify(8, bytes(4, "b")),
    status: 0,
    after: Buffer.from("aaaaaaaabbbb"),
    logged: `m ${NAME} 8 4`,
  },
  {
    title: "35, at the end, large",
    before: bytes(10, "a"),
    request: modify(10, bytes(LARGE, "b")),
    status: 0,
    after: Buffer.concat([bytes(10, "a"), bytes(LARGE, "b")]),
    logged: `m ${NAME} 10 ${LARGE}`,
  },
  { title: "35, behind the end", before: bytes(10), request: modify(11, bytes(4)), status: 2, after: bytes(10) },
  { title: "35, missing", request: modify(0, bytes(4)), status: 2 },
  { title: "35, a link", before: "link", request: modify(0, bytes(4)), status: 17, after: "link" },
];

const truncations: Row[] = [
  {
    title: "37, to less",
    before: bytes(10),
    request: () => push.truncate(NAME, 10, 4),
    status: 0,
    after: bytes(4),
    logged: `t ${NAME} 10 4`,
  },
  {
    title: "37, to more",
    before: bytes(10),
    request: () => push.truncate(NAME, 10, 14),
    status: 0,
    after: Buffer.concat([bytes(10), Buffer.alloc(4)]),
    logged: `t ${NAME} 10 14`,
  },
  {
    title: "37, the new size already",
    before: bytes(4),
    request: () => push.truncate(NAME, 10, 4),
    status: 17,
    after: bytes(4),
    logged: `t ${NAME} 10 4`,
  },
  {
    title: "37, another size, from a peer that can push it whole no more",
    before: bytes(7),
    request: () => push.truncate(NAME, 10, 4),
    status: 17,
    after: bytes(7),
  },
  { title: "37, a link", before: "link", request: () => push.truncate(NAME, 5, 4), status: 17, after: "link" },
];

const links: Row[] = [
  {
    title: "19, target there",
    otherBefore: bytes(7),
    request: () => push.link(NAME, OTHER),
    status: 0,
    after: "link",
    otherAfter: bytes(7),
    logged: `l ${NAME} ${OTHER}`,
  },
  {
    title: "19, there already",
    before: bytes(5),
    otherBefore: bytes(7),
    request: () => push.link(NAME, OTHER),
    status: 0,
    after: bytes(5),
    otherAfter: bytes(7),
    logged: `l ${NAME} ${OTHER}`,
  },
  { title: "19, no target", request: () => push.link(NAME, OTHER), status: 0, logged: `l ${NAME} ${OTHER}` },
  {
    title: "19, another group",
    request: () => push.link(NAME, OTHER, { groupName: "group11" }),
    status: 22,
    closes: true,
  },
];

const staleOld = (before: Buffer) => ({
  before,
  request: () => push.rename(OTHER, NAME),
  status: 2,
  logged: `r ${OTHER} ${NAME}`,
});
const renamings: Row[] = [
  {
    title: "40, old name there",
    before: bytes(5),
    request: () => push.rename(OTHER, NAME),
    status: 0,
    otherAfter: bytes(5),
    logged: `r ${OTHER} ${NAME}`,
  },
  // The sender left out a change; it sends the whole file after a 2.
  { title: "40, less there than the new name states", ...staleOld(bytes(4)) },
  { title: "40, other bytes there than the new name states", ...staleOld(bytes(5, "o")) },
  {
    title: "40, a link there",
    before: "link",
    request: () => push.rename(OTHER, NAME),
    status: 0,
    otherAfter: "link",
    logged: `r ${OTHER} ${NAME}`,
  },
  {
    title: "40, to a name that states nothing",
    before: bytes(4),
    request: () => push.rename(METADATA, NAME),
    status: 0,
    logged: `r ${METADATA} ${NAME}`,
  },
  {
    title: "40, both there: the old one goes",
    before: bytes(5),
    otherBefore: bytes(6),
    request: () => push.rename(OTHER, NAME),
    status: 17,
    otherAfter: bytes(6),
    logged: `r ${OTHER} ${NAME}`,
  },
  {
    title: "40, only the new name there",
    otherBefore: bytes(6),
    request: () => push.rename(OTHER, NAME),
    status: 17,
    otherAfter: bytes(6),
    logged: `r ${OTHER} ${NAME}`,
  },
  { title: "40, none there", request: () => push.rename(OTHER, NAME), status: 2, logged: `r ${OTHER} ${NAME}` },
];

function put(name: string, what: Before): void {
  const path = pathOf(name);
  if (what === undefined) return;
  if (what === "directory") mkdirSync(path);
  else if (what === "link") symlinkSync("/nowhere", path);
  else writeFileSync(path, what);
}

function found(name: string): After {
  const path = pathOf(name);
  // Not through the store: its disk answers later when it is slow.
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isSymbolicLink()) return "link";
  return stat.isDirectory() ? "directory" : readFileSync(path);
}

function log(): string[] {
  return readFileSync(`${served.directory}/data/sync/binlog.000`, "latin1").split("\n").slice(0, -1);
}

function expectSame(now: After, wanted: After, what: string): void {
  // Comparing megabytes as values takes seconds.
  if (Buffer.isBuffer(now) && Buffer.isBuffer(wanted) && now.equals(wanted)) return;
  expect(now, what).toEqual(wanted);
}

/** A file that was changed has the time of the record; a renamed one keeps its own. */
function expectTimes(row: Row): void {
  if (row.request()[8] === storageCommands.syncRenameFile.code) return;
  const now = found(NAME);
  if (!Buffer.isBuffer(now) || (Buffer.isBuffer(row.before) && row.before.equals(now))) return;
  expect(Math.floor(statSync(pathOf(NAME)).mtimeMs / 1000)).toBe(RECORD_SECONDS);
}

const withContent = [
  storageCommands.syncCreateFile,
  storageCommands.syncUpdateFile,
  storageCommands.syncAppendFile,
  storageCommands.syncModifyFile,
];

/** How many bytes follow the head of a request. */
function contentBytes(request: Buffer): number {
  const command = withContent.find(({ code }) => code === request[8]);
  const body = request.subarray(HEADER_BYTES);
  return command === undefined ? 0 : body.length - command.request.headSize(body);
}

const activeTest = frame(connectionCommands.activeTest.code, Buffer.alloc(0));

describe.each([
  ["whole files", wholeFiles],
  ["deletions", deletions],
  ["appends", appends],
  ["modifications", modifications],
  ["truncations", truncations],
  ["links", links],
  ["renamings", renamings],
])("%s that a peer pushes", (_, rows) => {
  it.each(rows)("$title → $status", async (row) => {
    const { otherName = OTHER } = row;
    put(NAME, row.before);
    put(otherName, row.otherBefore);
    const before = log().length;
    const { statistics } = served.store;
    statistics.lastSyncUpdateSeconds = statistics.totalSyncInBytes = statistics.successSyncInBytes = 0;

    expect(emptyStatus(await client.exchange(row.request()))).toBe(row.status);
    if (row.closes === true) {
      await client.closed;
      client = await RawClient.dial(served.port);
    }
    // Nothing of the content is left over to be taken for a request.
    expect(emptyStatus(await client.exchange(activeTest))).toBe(0);
    expectSame(found(NAME), row.after, NAME);
    expectSame(found(otherName), row.otherAfter, otherName);
    expect(log().slice(before)).toEqual(row.logged === undefined ? [] : [`${RECORD_SECONDS} ${row.logged}`]);
    expectTimes(row);
    expect(statistics.lastSyncUpdateSeconds > 0).toBe(row.status === 0);
    const storedBytes = row.status === 0 ? contentBytes(row.request()) : 0;
    expect(statistics.successSyncInBytes).toBe(storedBytes);
    const left = readdirSync(served.store.paths.all[0]!.incoming.path);
    expect(left.filter((file) => !file.endsWith(".probe"))).toEqual([]);
    expect(served.troubles).toEqual([]);
  });
});
