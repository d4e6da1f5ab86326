import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";

import { storageCommands } from "@fastdfs-ts/protocol";
import { answerRaw } from "@fastdfs-ts/rpc";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Progress, UploadOptions, UploadSource } from "../src/index.ts";
import { type OpenCluster, openCluster } from "./open-cluster.ts";

const bytes = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (i * 31) & 0xff));

let cluster: OpenCluster;
let folder: string;
beforeEach(async () => {
  cluster = await openCluster();
  folder = mkdtempSync(join(tmpdir(), "fastdfs-client-"));
});
afterEach(async () => {
  await cluster[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function inFolder(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** `toEqual` looks at every byte by itself, which takes seconds. */
function expectSame(actual: Buffer, expected: Buffer): void {
  expect(actual.length).toBe(expected.length);
  expect(actual.equals(expected)).toBe(true);
}

async function* chunksOf(content: Buffer, size = 100_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

describe("upload", () => {
  const sources: [string, () => UploadSource, UploadOptions][] = [
    ["a Buffer", () => bytes, {}],
    ["a Uint8Array", () => new Uint8Array(bytes), {}],
    ["a Blob", () => new Blob([bytes]), {}],
    ["an array of chunks", () => [bytes.subarray(0, 10), bytes.subarray(10)], { size: bytes.length }],
    ["an async generator with its size", () => chunksOf(bytes), { size: bytes.length }],
    ["a Node Readable with its size", () => Readable.from(chunksOf(bytes)), { size: bytes.length }],
    ["a web stream with its size", () => new Blob([bytes]).stream(), { size: bytes.length }],
    ["a stream that is read into memory first", () => chunksOf(bytes), { buffer: { maxBytes: 1_000_000 } }],
    ["nothing", () => new Uint8Array(0), {}],
  ];

  it.each(sources)("%s comes out as it went in", async (name, source, options) => {
    const { client } = cluster;
    const expected = name === "nothing" ? Buffer.alloc(0) : bytes;
    const { fileId, groupName, logicalName, facts } = await client.upload(source(), { ...options, extension: "bin" });
    expect(fileId).toBe(`${groupName}/${logicalName}`);
    expect(facts).toMatchObject({ kind: "normal", fileBytes: expected.length, extension: "bin" });
    expectSame(await (await client.download(fileId)).bytes(), expected);
  });

  it("a local file, whose name gives the extension", async () => {
    const { client } = cluster;
    const { fileId } = await client.uploadFile(inFolder("a.tar.gz", bytes));
    expect(fileId).toMatch(/\.tar\.gz$/);
    expectSame(await (await client.download(fileId)).bytes(), bytes);
  });

  it("a file read by Node's own stream", async () => {
    const source = createReadStream(inFolder("x", bytes));
    const { facts } = await cluster.client.upload(source, { size: bytes.length });
    expect(facts.fileBytes).toBe(bytes.length);
  });

  it("refuses a stream of unknown size and says what can be done", async () => {
    await expect(cluster.client.upload(chunksOf(bytes))).rejects.toThrow(/`size`.*`buffer.*uploadStream/);
    expect(cluster.storages[0]!.asked).toEqual([]);
  });

  it("refuses a stream that is larger than it may be in memory", async () => {
    const uploading = cluster.client.upload(chunksOf(bytes), { buffer: { maxBytes: 1000 } });
    await expect(uploading).rejects.toMatchObject({ kind: "BAD_REQUEST" });
  });

  it.each([
    ["less", bytes.length + 1],
    ["more", bytes.length - 1],
  ])("stores nothing when a stream gives %s than it said", async (_, size) => {
    await expect(cluster.client.upload(chunksOf(bytes), { size })).rejects.toMatchObject({ kind: "BAD_REQUEST" });
    expect(cluster.storages[0]!.files.size).toBe(0);
  });

  it("passes on what the source throws", async () => {
    const mine = new Error("the camera fell into the water");
    const source = (async function* () {
      yield Buffer.from("abc");
      throw mine;
    })();
    await expect(cluster.client.upload(source, { size: 1000 })).rejects.toBe(mine);
    expect(cluster.storages[0]!.files.size).toBe(0);
  });

  it("refuses text where bytes belong", async () => {
    const source = createReadStream(inFolder("x", bytes), { encoding: "utf8" });
    const uploading = cluster.client.upload(source, { size: bytes.length });
    await expect(uploading).rejects.toThrow(TypeError);
  });

  it("names the local path when that is the trouble", async () => {
    const path = join(folder, "missing");
    await expect(cluster.client.uploadFile(path)).rejects.toMatchObject({ kind: "NOT_FOUND", facts: { path } });
    await expect(cluster.client.uploadFile(folder)).rejects.toMatchObject({ kind: "NOT_A_FILE" });
  });

  it("reports progress up to the whole", async () => {
    for (const source of [bytes, chunksOf(bytes)]) {
      const seen: Progress[] = [];
      await cluster.client.upload(source, { size: bytes.length, onProgress: (progress) => seen.push(progress) });
      expect(seen.length).toBeGreaterThan(2);
      expect(seen.at(-1)).toEqual({ doneBytes: bytes.length, totalBytes: bytes.length });
    }
  });

  it("with metadata, over the same connection", async () => {
    const { client, storages } = cluster;
    const metadata = { author: "Zoë", width: "640" };
    const { fileId } = await client.upload(bytes, { metadata });
    expect(await client.getMetadata(fileId)).toEqual(metadata);
    expect(storages[0]!.server.connectionCounts.maximum).toBe(1);
  });

  it("refuses metadata that a server would cut, before anything is sent", async () => {
    const tooLong = { note: "x".repeat(257) };
    await expect(cluster.client.upload(bytes, { metadata: tooLong })).rejects.toMatchObject({ kind: "BAD_REQUEST" });
    expect(cluster.storages[0]!.files.size).toBe(0);
  });
});

describe("uploadStream", () => {
  it.each([
    ["several pieces", 100_000, ["uploadAppender", "appendFile", "appendFile", "regenerateName"]],
    ["one piece", 1_000_000, ["uploadAppender", "regenerateName"]],
  ])("%s", async (_, pieceBytes, commands) => {
    const { client, storages } = cluster;
    const content = bytes.subarray(0, 250_000);
    const { fileId, facts } = await client.uploadStream(chunksOf(content, 30_000), {
      pieceBytes,
      metadata: { a: "1" },
    });
    expect(facts).toMatchObject({ kind: "normal", fileBytes: content.length });
    expectSame(await (await client.download(fileId)).bytes(), content);
    expect(await client.getMetadata(fileId)).toEqual({ a: "1" });
    const docs = commands.map((name) => storageCommands[name as "uploadAppender"].doc);
    expect(storages[0]!.asked.slice(0, docs.length)).toEqual(docs);
    expect(storages[0]!.files.size).toBe(1);
  });

  it("an empty stream is an empty file", async () => {
    const { fileId, facts } = await cluster.client.uploadStream([]);
    expect(facts).toMatchObject({ kind: "normal", fileBytes: 0 });
    expect((await cluster.client.download(fileId)).size).toBe(0);
  });

  it("leaves nothing behind when the source fails", async () => {
    const source = (async function* () {
      yield bytes;
      throw new Error("no more");
    })();
    await expect(cluster.client.uploadStream(source, { pieceBytes: 100_000 })).rejects.toThrow("no more");
    expect(cluster.storages[0]!.files.size).toBe(0);
  });
});

describe("download", () => {
  it("a range, with its size known before it is read", async () => {
    const { client } = cluster;
    const { fileId } = await client.upload(bytes);
    const download = await client.download(fileId, { offset: 1000, length: 5000 });
    expect(download.size).toBe(5000);
    expectSame(await download.bytes(), bytes.subarray(1000, 6000));
    const rest = await client.download(fileId, { offset: bytes.length - 10, length: 5000 });
    expect(rest.size).toBe(10);
    rest.cancel();
    const none = await client.download(fileId, { length: 0 });
    expect(await none.bytes()).toEqual(Buffer.alloc(0));
    await expect(client.download(fileId, { offset: bytes.length })).rejects.toMatchObject({ kind: "BAD_REQUEST" });
  });

  it("as a Node stream, as an iterable, into a file", async () => {
    const { client } = cluster;
    const { fileId } = await client.upload(bytes);
    const chunks: Buffer[] = [];
    for await (const chunk of (await client.download(fileId)).stream()) chunks.push(chunk as Buffer);
    expectSame(Buffer.concat(chunks), bytes);
    chunks.length = 0;
    for await (const chunk of await client.download(fileId)) chunks.push(chunk);
    expectSame(Buffer.concat(chunks), bytes);
    const path = join(folder, "out.bin");
    await (await client.download(fileId)).saveTo(path);
    expectSame(readFileSync(path), bytes);
    expect(readdirSync(folder)).toEqual(["out.bin"]);
  });

  it("reports progress up to the whole", async () => {
    const { fileId } = await cluster.client.upload(bytes);
    const seen: Progress[] = [];
    await (await cluster.client.download(fileId, { onProgress: (progress) => seen.push(progress) })).bytes();
    expect(seen.at(-1)).toEqual({ doneBytes: bytes.length, totalBytes: bytes.length });
  });

  it("can be read once, and gives its connection back when it is cancelled", async () => {
    const { client, storages } = cluster;
    const { fileId } = await client.upload(bytes);
    const download = await client.download(fileId);
    const reading = download.bytes();
    await expect(download.bytes()).rejects.toThrow(/already being read/);
    await reading;
    await expect(download.bytes()).rejects.toThrow(/over/);
    const dropped = await client.download(fileId);
    dropped.cancel();
    dropped.cancel();
    await expect(client.exists(fileId)).resolves.toBe(true);
    expect(storages[0]!.files.size).toBe(1);
  });

  it("stops when a loop over it is left", async () => {
    const { client } = cluster;
    const { fileId } = await client.upload(bytes);
    const download = await client.download(fileId);
    for await (const chunk of download) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await expect(download.bytes()).rejects.toThrow(/over/);
  });

  it("that fails leaves the local file as it was, and nothing beside it", async () => {
    const { client, storages } = cluster;
    const { fileId } = await client.upload(bytes, { appender: true });
    const pieces = [bytes.subarray(0, 1000)];
    storages[0]!.override(
      answerRaw(storageCommands.downloadFile, () => ({
        bodyBytes: bytes.length,
        next: () => pieces.shift(),
        close() {},
      })),
    );
    const path = inFolder("kept.bin", Buffer.from("the old content"));
    await expect((await client.download(fileId)).saveTo(path)).rejects.toMatchObject({ kind: "CONNECTION_LOST" });
    expect(readFileSync(path, "utf8")).toBe("the old content");
    expect(readdirSync(folder)).toEqual(["kept.bin"]);
  });

  it("into a file that cannot be written names the path and leaves nothing", async () => {
    const { fileId } = await cluster.client.upload(bytes);
    const path = join(folder, "no", "such", "folder");
    const saving = (await cluster.client.download(fileId)).saveTo(path);
    await expect(saving).rejects.toMatchObject({ kind: "NOT_FOUND" });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("files that change", () => {
  it("append, modify, truncate, regenerate", async () => {
    const { client } = cluster;
    const { fileId, facts } = await client.upload(Buffer.from("one"), { appender: true, extension: "log" });
    expect(facts.kind).toBe("appender");
    await client.append(fileId, Buffer.from(" two"));
    await client.append(fileId, chunksOf(Buffer.from(" three"), 2), { size: 6 });
    await client.modify(fileId, 4, Buffer.from("TWO"));
    await client.truncate(fileId, 9);
    expect((await (await client.download(fileId)).bytes()).toString()).toBe("one TWO t");
    const final = await client.regenerate(fileId);
    expect(final.facts).toMatchObject({ kind: "normal", fileBytes: 9 });
    await expect(client.exists(fileId)).resolves.toBe(false);
    await expect(client.exists(final.fileId)).resolves.toBe(true);
  });

  it("a slave gets its master's extension unless another is given", async () => {
    const { client } = cluster;
    const master = await client.upload(bytes, { extension: "jpg" });
    const stem = master.fileId.slice(0, -4);
    expect((await client.uploadSlave(master.fileId, "_s", Buffer.from("small"))).fileId).toBe(`${stem}_s.jpg`);
    const other = await client.uploadSlave(master.fileId, "_t", Buffer.from("tiny"), { extension: "png" });
    expect(other.fileId).toBe(`${stem}_t.png`);
    const file = await client.uploadSlaveFile(master.fileId, "_f", inFolder("f.gif", bytes), { metadata: { a: "b" } });
    expect(file.fileId).toBe(`${stem}_f.jpg`);
    expect(await client.getMetadata(file.fileId)).toEqual({ a: "b" });
  });

  it("delete, then it is gone", async () => {
    const { client } = cluster;
    const { fileId } = await client.upload(bytes);
    await client.delete(fileId);
    await expect(client.delete(fileId)).rejects.toMatchObject({ kind: "NOT_FOUND", facts: { fileName: fileId } });
    await expect(client.download(fileId)).rejects.toMatchObject({ kind: "NOT_FOUND", facts: { fileName: fileId } });
  });

  it("a link", async () => {
    const { client } = cluster;
    const { fileId } = await client.upload(bytes, { extension: "jpg" });
    const link = await client.createLink(fileId);
    expect(link.fileId).not.toBe(fileId);
    expectSame(await (await client.download(link.fileId)).bytes(), bytes);
  });
});

describe("facts about files", () => {
  it("come from the name when it says everything, and from the server on request", async () => {
    const { client, storages } = cluster;
    const { fileId } = await client.upload(bytes);
    const before = storages[0]!.asked.length;
    const offline = await client.fileInfo(fileId);
    expect(storages[0]!.asked.length).toBe(before);
    expect(offline).toMatchObject({ origin: "name", fileBytes: bytes.length, kind: "normal" });
    const online = await client.fileInfo(fileId, { fromServer: true });
    expect(online).toMatchObject({ origin: "server", fileBytes: bytes.length, crc32: offline.crc32 });
    expect(online.modifiedAt).toBeInstanceOf(Date);
  });

  it("of appender files come from the server", async () => {
    const { fileId } = await cluster.client.upload(bytes, { appender: true });
    expect(await cluster.client.fileInfo(fileId)).toMatchObject({ origin: "server", fileBytes: bytes.length });
    expect((await cluster.client.fileInfo(fileId, { checksum: false })).crc32).toBeUndefined();
  });

  it("metadata: none, overwritten, merged, removed; missing only if the file is", async () => {
    const { client } = cluster;
    const { fileId } = await client.upload(bytes);
    expect(await client.getMetadata(fileId)).toEqual({});
    await client.setMetadata(fileId, { a: "1", b: "2" });
    await client.setMetadata(fileId, { b: "3", c: "4" }, { mode: "merge" });
    expect(await client.getMetadata(fileId)).toEqual({ a: "1", b: "3", c: "4" });
    await client.setMetadata(fileId, {});
    expect(await client.getMetadata(fileId)).toEqual({});
    await client.delete(fileId);
    await expect(client.getMetadata(fileId)).rejects.toMatchObject({ kind: "NOT_FOUND" });
  });

  it("an id that no server can have is refused without asking one", async () => {
    for (const id of [
      "",
      "group1",
      "group1/M00/00/00/short",
      "gro up/M00/00/00/aaaaaaaaaaaaaaaaaaaaaaaa",
      "group1/../../etc/passwd",
    ]) {
      await expect(cluster.client.download(id), id).rejects.toMatchObject({ kind: "BAD_REQUEST" });
    }
    expect(cluster.tracker.asked).toEqual([]);
  });
});
