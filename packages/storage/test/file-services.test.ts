// What a client can do with one storage, over real sockets on a real disk.
import { readdirSync, readFileSync } from "node:fs";
import { FdfsError, parseFileId, storageCommands } from "@fastdfs-ts/protocol";
import { RpcConnection } from "@fastdfs-ts/rpc";
import { Deadlines } from "@fastdfs-ts/runtime";
import { nodeWorld } from "@fastdfs-ts/runtime/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ServedStore, serveStore } from "./served-store.ts";

const world = nodeWorld();
const deadlines = Deadlines.open(world.clock, 50);
const within = { timeoutMs: 10_000 };

describe("a storage serving files", () => {
  let served: ServedStore;
  let connection: RpcConnection;

  const dial = () =>
    RpcConnection.dial(world.network, { host: "127.0.0.1", port: served.port }, { connectTimeoutMs: 5000, deadlines });

  beforeEach(async () => {
    served = await serveStore({ storePathCount: 2 });
    connection = await dial();
  });

  afterEach(async () => {
    connection.destroy();
    await served.remove();
    expect(served.troubles).toEqual([]);
  });

  async function upload(content: Buffer, extension = "txt", command = storageCommands.uploadFile): Promise<string> {
    const request = { storePathIndex: 0, contentBytes: content.length, extension };
    const { logicalName } = await connection.send(
      command,
      request,
      { bytes: content.length, chunks: [content] },
      within,
    );
    return logicalName;
  }

  async function download(logicalName: string, offset = 0, countBytes = 0): Promise<Buffer> {
    const incoming = await connection.fetch(
      storageCommands.downloadFile,
      { groupName: "group1", logicalName, offset, countBytes },
      within,
    );
    const pieces: Buffer[] = [];
    for (let piece = await incoming.next(); piece !== undefined; piece = await incoming.next()) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  const statusOf = async (work: Promise<unknown>): Promise<number> => {
    try {
      await work;
      return 0;
    } catch (error) {
      return (error as FdfsError).wireStatus;
    }
  };

  it.each([1, 5, 5120, 65_536, 65_537, 3_000_000])("stores and returns a file of %i bytes", async (bytes) => {
    const content = Buffer.alloc(bytes, "0123456789abcdef");
    const name = await upload(content);
    expect((await download(name)).equals(content)).toBe(true);
    const facts = parseFileId(`group1/${name}`);
    expect(facts.fileBytes).toBe(bytes);
    const info = await connection.call(
      storageCommands.queryFileInfo,
      { groupName: "group1", logicalName: name },
      within,
    );
    expect(info).toMatchObject({ fileBytes: bytes, crc32: facts.crc32, sourceIp: "127.0.0.1" });
  });

  it("stores a file of 0 bytes, and refuses to send it, as C does", async () => {
    const name = await upload(Buffer.alloc(0));
    const request = { groupName: "group1", logicalName: name };
    const info = await connection.call(storageCommands.queryFileInfo, request, within);
    expect(info).toMatchObject({ fileBytes: 0, crc32: 0 });
    expect(await statusOf(download(name))).toBe(22);
  });

  it("leaves no file in the incoming folder", async () => {
    await upload(Buffer.from("hello"));
    expect(readdirSync(`${served.directory}/path0/data/.incoming`)).toEqual([]);
  });

  it("writes the binlog line before it answers", async () => {
    const name = await upload(Buffer.from("hello"));
    expect(readFileSync(`${served.directory}/data/sync/binlog.000`, "latin1")).toMatch(
      new RegExp(`^\\d+ C ${name}\n$`),
    );
  });

  it("appends, modifies, truncates and regenerates an appender", async () => {
    const name = await upload(Buffer.from("one"), "log", storageCommands.uploadAppender);
    const more = Buffer.from("-two");
    await connection.send(
      storageCommands.appendFile,
      { logicalName: name, contentBytes: 4 },
      { bytes: 4, chunks: [more] },
      within,
    );
    expect((await download(name)).toString()).toBe("one-two");
    const change = Buffer.from("ONE");
    await connection.send(
      storageCommands.modifyFile,
      { logicalName: name, offset: 0, contentBytes: 3 },
      { bytes: 3, chunks: [change] },
      within,
    );
    expect((await download(name)).toString()).toBe("ONE-two");
    await connection.call(storageCommands.truncateFile, { logicalName: name, newBytes: 3 }, within);
    const { logicalName: newName } = await connection.call(
      storageCommands.regenerateName,
      { logicalName: name },
      within,
    );
    expect((await download(newName)).toString()).toBe("ONE");
    expect(await statusOf(download(name))).toBe(2);
    const lines = readFileSync(`${served.directory}/data/sync/binlog.000`, "latin1").trim().split("\n");
    expect(lines.map((line) => line.replace(/^\d+ /, ""))).toEqual([
      `C ${name}`,
      `A ${name} 3 4`,
      `M ${name} 0 3`,
      `T ${name} 7 3`,
      `R ${newName} ${name}`,
    ]);
    expect(readdirSync(`${served.directory}/path0/data/.incoming`)).toEqual([]);
  });

  it("stores slaves beside their master, once", async () => {
    const master = await upload(Buffer.from("master"), "jpg");
    const request = { masterName: master, contentBytes: 5, slavePrefix: "_80x80", extension: "jpg" };
    const content = { bytes: 5, chunks: [Buffer.from("small")] };
    const { logicalName } = await connection.send(storageCommands.uploadSlave, request, content, within);
    expect(logicalName).toBe(master.replace(".jpg", "_80x80.jpg"));
    expect((await download(logicalName)).toString()).toBe("small");
    expect(await statusOf(connection.send(storageCommands.uploadSlave, request, content, within))).toBe(17);
  });

  it("keeps metadata sorted, merges it and deletes it with its file", async () => {
    const name = await upload(Buffer.from("x"));
    const set = (operation: string, metadata: string) =>
      connection.call(
        storageCommands.setMetadata,
        { operation, groupName: "group1", logicalName: name, metadata: Buffer.from(metadata) },
        within,
      );
    const get = async () =>
      (
        await connection.call(storageCommands.getMetadata, { groupName: "group1", logicalName: name }, within)
      ).metadata.toString();
    await set("O", "width\x021024\x01height\x02768");
    expect(await get()).toBe("height\x02768\x01width\x021024");
    await set("M", "width\x02640\x01color\x02red");
    expect(await get()).toBe("color\x02red\x01height\x02768\x01width\x02640");
    await connection.call(storageCommands.deleteFile, { groupName: "group1", logicalName: name }, within);
    expect(await statusOf(download(name))).toBe(2);
    const lines = readFileSync(`${served.directory}/data/sync/binlog.000`, "latin1").trim().split("\n");
    expect(lines.map((line) => line.split(" ")[1])).toEqual(["C", "C", "U", "D", "D"]);
  });

  it("makes links that are read through and deleted alone", async () => {
    const source = await upload(Buffer.from("pointed at"));
    const request = {
      groupName: "group1",
      slavePrefix: "",
      extension: "lnk",
      masterName: "",
      sourceName: source,
      signature: Buffer.alloc(20, 1),
    };
    const { logicalName } = await connection.call(storageCommands.createLink, request, within);
    expect((await download(logicalName)).toString()).toBe("pointed at");
    await connection.call(storageCommands.deleteFile, { groupName: "group1", logicalName }, within);
    expect((await download(source)).toString()).toBe("pointed at");
  });

  it("removes what a client sent that vanished in the middle", async () => {
    const head = storageCommands.uploadFile.request.encode({
      storePathIndex: 1,
      contentBytes: 1_000_000,
      extension: "",
    });
    const socket = await world.network.connect({ host: "127.0.0.1", port: served.port }, { timeoutMs: 5000 });
    const gone = new Promise<void>((resolve) => {
      socket.attach({ data() {}, drained() {}, closed: () => resolve() });
    });
    const header = Buffer.alloc(10);
    header.writeBigInt64BE(BigInt(head.length + 1_000_000));
    header[8] = storageCommands.uploadFile.code;
    socket.write(Buffer.concat([header, head, Buffer.alloc(300_000)]));
    const incoming = `${served.directory}/path1/data/.incoming`;
    await expect.poll(() => readdirSync(incoming).length).toBe(1);
    socket.destroy();
    await gone;
    await expect.poll(() => readdirSync(incoming)).toEqual([]);
  });

  it("tells its operator which path had no room for which upload", async () => {
    await served.remove();
    served = await serveStore({ reserveBytes: 2 ** 60 });
    connection.destroy();
    connection = await dial();
    expect(await statusOf(upload(Buffer.from("x")))).toBe(28);
    expect(served.failures).toMatchObject([
      {
        kind: "request-failed",
        error: { kind: "NO_SPACE", message: expect.stringContaining(`${served.directory}/path0 has `) as string },
      },
    ]);
  });
});
