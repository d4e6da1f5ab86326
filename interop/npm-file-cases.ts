// What the npm packages do with the content of files: upload, download, append, modify.
import { createReadStream, createWriteStream, readFileSync } from "node:fs";
import { Readable } from "node:stream";

import { parseFileId } from "@fastdfs-ts/client";
import { crc32 } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import { bytesOf, expectSame, largeBytes, missing, type NpmClientTrial, refused } from "./npm-client-trial.ts";

type Trial = () => NpmClientTrial;

export function describeUpload(trial: Trial): void {
  describe("upload", () => {
    it.each([1, 5 * 1024, 700_000])("stores %i bytes of a buffer", async (bytes) => {
      const content = bytesOf(bytes);
      const fileId = await trial().client.upload(content, { ext: "bin" });
      expect(parseFileId(fileId)).toMatchObject({ kind: "normal" });
      expect(fileId).toMatch(/^group[12]\/M0[01]\/.*\.bin$/);
      expectSame(await trial().read(fileId), content);
      expectSame(await trial().readWithOurs(fileId), content);
    });

    it("stores a file of the disk, with its extension", async () => {
      const content = bytesOf(300_000);
      const fileId = await trial().client.upload(trial().localFile(content, ".jpeg"));
      expect(fileId).toMatch(/\.jpeg$/);
      expectSame(await trial().read(fileId), content);
    });

    it("stores an extension that is too long as its first six characters", async () => {
      expect(await trial().client.upload(trial().localFile(bytesOf(10), ".jpeg2000"))).toMatch(/\.jpeg20$/);
    });

    it("stores a file without extension", async () => {
      const fileId = await trial().client.upload(bytesOf(10));
      expect(fileId).not.toContain(".");
      expectSame(await trial().read(fileId), bytesOf(10));
    });

    it("stores a stream that comes in small pieces", async () => {
      const content = bytesOf(100_000);
      const pieces = Array.from({ length: 100 }, (_, at) => content.subarray(at * 1000, (at + 1) * 1000));
      const fileId = await trial().client.upload(Readable.from(pieces), { size: content.length, ext: "txt" });
      expectSame(await trial().read(fileId), content);
    });

    it("stores a file of zero bytes", async () => {
      for (const source of [Buffer.alloc(0), trial().localFile(Buffer.alloc(0))]) {
        const fileId = await trial().client.upload(source, { ext: "txt" });
        expect(await trial().client.getFileInfo(fileId)).toMatchObject({ size: 0, crc32: 0 });
        expectSame(await trial().readWithOurs(fileId), Buffer.alloc(0));
      }
    });

    it("goes to the group that is named, and to the store path that the tracker chose", async () => {
      const uploads = Array.from({ length: 4 }, () => trial().client.upload(bytesOf(10), { group: "group1" }));
      const places = (await Promise.all(uploads)).map((fileId) => fileId.slice(0, "group1/M00".length));
      expect(places.sort()).toEqual(["group1/M00", "group1/M00", "group1/M01", "group1/M01"]);
      expect(await trial().client.upload(bytesOf(10), { group: "group2" })).toMatch(/^group2\/M00\//);
    });

    it("takes turns between groups when none is named", async () => {
      const uploads = Array.from({ length: 4 }, () => trial().client.upload(bytesOf(10)));
      const names = (await Promise.all(uploads)).map((fileId) => fileId.slice(0, "group1".length));
      expect(names.sort()).toEqual(["group1", "group1", "group2", "group2"]);
    });

    it("is refused for an unknown group", async () => {
      await expect(trial().client.upload(bytesOf(10), { group: "group9" })).rejects.toMatchObject(missing);
    });

    it.each([10, largeBytes])("is refused for a bad extension before %i bytes have come", async (bytes) => {
      await expect(trial().client.upload(bytesOf(bytes), { ext: "a/b" })).rejects.toMatchObject(refused);
    });
  });
}

export function describeDownload(trial: Trial): void {
  describe("download", () => {
    it("writes into a path and into a stream", async () => {
      const content = bytesOf(200_000);
      const fileId = await trial().client.upload(content);
      const [first, second] = [trial().localFile(), trial().localFile()];
      await trial().client.download(fileId, first);
      await trial().client.download(fileId, createWriteStream(second));
      expectSame(readFileSync(first), content);
      expectSame(readFileSync(second), content);
    });

    it.each([
      { range: { offset: 100, bytes: 5 }, from: 100, to: 105 },
      { range: { offset: 999 }, from: 999, to: 1000 },
      { range: { offset: 400 }, from: 400, to: 1000 },
      { range: { bytes: 7 }, from: 0, to: 7 },
      { range: { offset: 990, bytes: 100 }, from: 990, to: 1000 },
      { range: { offset: 0, bytes: 5000 }, from: 0, to: 1000 },
    ])("gives $range of 1000 bytes", async ({ range, from, to }) => {
      const content = bytesOf(1000);
      const fileId = await trial().client.upload(content);
      expectSame(await trial().read(fileId, range), content.subarray(from, to));
    });

    it.each([1000, 1001, 2 ** 40])("is refused from offset %i of 1000 bytes", async (offset) => {
      const fileId = await trial().client.upload(bytesOf(1000));
      await expect(trial().read(fileId, { offset })).rejects.toMatchObject(refused);
    });

    it("gives a range of a large file", async () => {
      const content = bytesOf(3_000_000);
      const fileId = await trial().client.upload(content);
      const range = await trial().read(fileId, { offset: 1_234_567, bytes: 1_111_111 });
      expectSame(range, content.subarray(1_234_567, 1_234_567 + 1_111_111));
    });

    it("streams a large file in both directions", async () => {
      const content = bytesOf(largeBytes);
      const source = trial().localFile(content, ".iso");
      const fileIds = [
        await trial().client.upload(source),
        await trial().client.upload(createReadStream(source), { size: largeBytes, ext: "iso" }),
      ];
      for (const fileId of fileIds) {
        const target = trial().localFile();
        await trial().client.download(fileId, target);
        expectSame(readFileSync(target), content);
        expect(await trial().client.getFileInfo(fileId)).toMatchObject({
          size: largeBytes,
          crc32: crc32(0, content) | 0,
        });
      }
    });

    // As C does (vector download_empty_file). Zero bytes with status 0 would be friendlier (wire-protocol.md §12, 6), but
    // the package would wait for their end for ever.
    it("of zero bytes is refused", async () => {
      const fileId = await trial().client.upload(Buffer.alloc(0));
      await expect(trial().read(fileId)).rejects.toMatchObject(refused);
      expectSame(await trial().readWithOurs(fileId), Buffer.alloc(0));
    });

    it("reads what our own client has stored", async () => {
      const { fileId } = await trial().ours.upload(bytesOf(5000), { extension: "txt" });
      expectSame(await trial().read(fileId), bytesOf(5000));
    });
  });
}

export function describeAppenderFiles(trial: Trial): void {
  describe("appender files", () => {
    it("grow by buffers, files and streams", async () => {
      const content = bytesOf(500_000);
      const parts = [0, 1, 2, 3].map((at) => content.subarray(at * 125_000, (at + 1) * 125_000));
      const fileId = await trial().client.upload(parts[0]!, { method: "uploadAppender", ext: "log" });
      expect(parseFileId(fileId)).toMatchObject({ kind: "appender" });
      const method = "append";
      await trial().client.upload(parts[1]!, { method, fileId });
      await trial().client.upload(trial().localFile(parts[2]), { method, fileId });
      const stream = Readable.from([parts[3]!.subarray(0, 60_000), parts[3]!.subarray(60_000)]);
      await trial().client.upload(stream, { method, fileId, size: 125_000 });
      expectSame(await trial().read(fileId), content);
      expect(await trial().client.getFileInfo(fileId)).toMatchObject({ size: 500_000, crc32: crc32(0, content) | 0 });
    });

    it("begin with zero bytes", async () => {
      const fileId = await trial().client.upload(Buffer.alloc(0), { method: "uploadAppender" });
      await trial().client.upload(Buffer.from("first"), { method: "append", fileId });
      expect((await trial().read(fileId)).toString()).toBe("first");
    });

    it("are changed in the middle, over the end and at the end", async () => {
      const fileId = await trial().client.upload(Buffer.from("0123456789"), { method: "uploadAppender" });
      const modify = (text: string, offset: number) =>
        trial().client.upload(Buffer.from(text), { method: "modify", fileId, offset });
      await modify("ABC", 0);
      expect((await trial().read(fileId)).toString()).toBe("ABC3456789");
      await modify("xyz!", 8);
      expect((await trial().read(fileId)).toString()).toBe("ABC34567xyz!");
      await modify("tail", 12);
      expect((await trial().read(fileId)).toString()).toBe("ABC34567xyz!tail");
      await expect(modify("gap", 17)).rejects.toMatchObject(refused);
      expect((await trial().read(fileId)).toString()).toBe("ABC34567xyz!tail");
    });

    it("take zero bytes without a word (C sends the request back, which the package refuses)", async () => {
      const fileId = await trial().client.upload(Buffer.from("some"), { method: "uploadAppender" });
      await trial().client.upload(Buffer.alloc(0), { method: "append", fileId });
      await trial().client.upload(Buffer.alloc(0), { method: "modify", fileId, offset: 2 });
      expect((await trial().read(fileId)).toString()).toBe("some");
    });

    it.each([10, largeBytes])("are told from other files before %i bytes have come", async (bytes) => {
      const fileId = await trial().client.upload(bytesOf(10));
      const content = bytesOf(bytes);
      await expect(trial().client.upload(content, { method: "append", fileId })).rejects.toMatchObject(refused);
      await expect(trial().client.upload(content, { method: "modify", fileId, offset: 0 })).rejects.toMatchObject(
        refused,
      );
      expectSame(await trial().read(fileId), bytesOf(10));
    });

    it.each([10, largeBytes])("are missed when they are gone, before %i bytes have come", async (bytes) => {
      const fileId = await trial().client.upload(bytesOf(10), { method: "uploadAppender" });
      await trial().client.del(fileId);
      const content = bytesOf(bytes);
      await expect(trial().client.upload(content, { method: "append", fileId })).rejects.toMatchObject(missing);
      await expect(trial().client.upload(content, { method: "modify", fileId, offset: 0 })).rejects.toMatchObject(
        missing,
      );
    });
  });
}
