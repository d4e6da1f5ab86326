// What the npm packages do with stored files by name: metadata, file info, delete; and many of them at once.
import { statSync } from "node:fs";

import { parseFileId } from "@fastdfs-ts/client";
import { crc32 } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import { bytesOf, expectSame, missing, type NpmClientTrial, refused } from "./npm-client-trial.ts";
import { withAnswer } from "./recorded-answers.ts";

type Trial = () => NpmClientTrial;

export function describeMetadata(trial: Trial): void {
  describe("metadata", () => {
    it("comes back as it was set, in any script, in the order of the names", async () => {
      const fileId = await trial().client.upload(bytesOf(10));
      const items = { 名前: "北京 naïve 🎉", width: 1024, empty: "", "a b": "c=d&e" };
      await trial().client.setMetaData(fileId, items);
      const found = await trial().client.getMetaData(fileId);
      expect(found).toEqual({ ...items, width: "1024" });
      expect(Object.keys(found)).toEqual(["a b", "empty", "width", "名前"]);
      expect(Object.fromEntries(Object.entries(await trial().ours.getMetadata(fileId)))).toEqual(found);
    });

    it("is overwritten, merged and removed", async () => {
      const fileId = await trial().client.upload(bytesOf(10));
      await trial().client.setMetaData(fileId, { a: "1", b: "2" }, "O");
      await trial().client.setMetaData(fileId, { b: "3", c: "4" }, "M");
      expect(await trial().client.getMetaData(fileId)).toEqual({ a: "1", b: "3", c: "4" });
      await trial().client.setMetaData(fileId, { d: "5" }, "O");
      expect(await trial().client.getMetaData(fileId)).toEqual({ d: "5" });
      await trial().client.setMetaData(fileId, {}, "O");
      await expect(trial().client.getMetaData(fileId)).rejects.toMatchObject(missing);
    });

    it("may have many items", async () => {
      const fileId = await trial().client.upload(bytesOf(10));
      const items = Object.fromEntries(
        Array.from({ length: 200 }, (_, at) => [`key${at}`, "x".repeat(200 + (at % 50))]),
      );
      await trial().client.setMetaData(fileId, items);
      expect(await trial().client.getMetaData(fileId)).toEqual(items);
    });

    it("is missed on a file that has none, or is gone", async () => {
      const fileId = await trial().client.upload(bytesOf(10));
      await expect(trial().client.getMetaData(fileId)).rejects.toMatchObject(missing);
      await trial().client.setMetaData(fileId, { a: "1" });
      await trial().client.del(fileId);
      await expect(trial().client.getMetaData(fileId)).rejects.toMatchObject(missing);
      await expect(trial().client.setMetaData(fileId, { a: "1" })).rejects.toMatchObject(missing);
    });

    it("is refused with an unknown flag", async () => {
      const fileId = await trial().client.upload(bytesOf(10));
      await expect(trial().client.setMetaData(fileId, { a: "1" }, "X")).rejects.toMatchObject(refused);
    });
  });
}

export function describeNames(trial: Trial): void {
  describe("file info", () => {
    it("tells size, time, checksum and source", async () => {
      const content = bytesOf(12_345);
      const fileId = await trial().client.upload(content);
      const { facts } = parseFileId(fileId);
      expect(await trial().client.getFileInfo(fileId)).toEqual({
        size: content.length,
        timestamp: facts?.createdSeconds,
        crc32: crc32(0, content) | 0,
        addr: "127.0.0.1",
      });
    });
  });

  describe("delete", () => {
    it.each(["del", "remove"] as const)("by %s makes the file missing for every command", async (method) => {
      const fileId = await trial().client.upload(bytesOf(1000));
      await trial().client[method](fileId);
      await expect(trial().read(fileId)).rejects.toMatchObject(missing);
      await expect(trial().client.getFileInfo(fileId)).rejects.toMatchObject(missing);
      await expect(trial().client[method](fileId)).rejects.toMatchObject(missing);
    });

    it("leaves nothing on the local disk of a download that failed", async () => {
      const fileId = await trial().client.upload(bytesOf(1000));
      await trial().client.del(fileId);
      const target = trial().localFile();
      await expect(trial().client.download(fileId, target)).rejects.toMatchObject(missing);
      // The package opens its target before it asks.
      expect(statSync(target, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
    });
  });

  describe("names that no storage gave out", () => {
    it.each([
      "group1/M00/../../../../etc/passwd",
      "group1/M00/00/00/../../../../../../etc/passwd",
      "group1/M0F/00/00/fwAAAWMAAAAAAAAAAAAAAAAAAAA0000.txt",
      "group1/X00/00/00/fwAAAWMAAAAAAAAAAAAAAAAAAAA0000.txt",
    ])("are refused: %s", async (fileId) => {
      await expect(trial().read(fileId)).rejects.toMatchObject(refused);
      await expect(trial().client.getFileInfo(fileId)).rejects.toMatchObject(refused);
      await expect(trial().client.del(fileId)).rejects.toMatchObject(refused);
      await expect(trial().client.getMetaData(fileId)).rejects.toMatchObject(refused);
    });

    it("are missed in an unknown group", async () => {
      const fileId = (await trial().client.upload(bytesOf(10))).replace(/^group\d/, "group9");
      await expect(trial().read(fileId)).rejects.toMatchObject(missing);
      await expect(trial().client.del(fileId)).rejects.toMatchObject(missing);
    });
  });
}

export function describeManyAtOnce(trial: Trial): void {
  it("runs 100 life stories at once", async () => {
    const story = async (at: number): Promise<void> => {
      const content = bytesOf(1 + at * 997, at);
      const fileId = await trial().client.upload(content, { ext: "bin" });
      await trial().client.setMetaData(fileId, { number: at });
      const [bytes, info, metadata] = await Promise.all([
        trial().read(fileId),
        trial().client.getFileInfo(fileId),
        trial().client.getMetaData(fileId),
      ]);
      expectSame(bytes, content);
      expect(info).toMatchObject({ size: content.length, crc32: crc32(0, content) | 0 });
      expect(metadata).toEqual({ number: String(at) });
      await trial().client.del(fileId);
      await expect(trial().client.getFileInfo(fileId)).rejects.toMatchObject(missing);
    };
    await Promise.all(Array.from({ length: 100 }, (_, at) => story(at)));
  });

  it("goes on with the next tracker when one does not answer", async () => {
    const closedPort = await withAnswer(Buffer.alloc(0), async (port) => port);
    const two = trial().clientOf([closedPort, trial().cluster.trackerPort]);
    const fileId = await two.upload(bytesOf(10));
    expectSame(await trial().read(fileId), bytesOf(10));
    await expect(trial().clientOf([closedPort]).upload(bytesOf(10))).rejects.toThrow("all trackers connect fail");
  });
}
