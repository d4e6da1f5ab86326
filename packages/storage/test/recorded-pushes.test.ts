// What C storages pushed to each other, produced byte for byte: for every recorded push the file is put where it lay, and the
// request that our sender makes of the record must be the recorded one. C leaves rubbish behind the NUL of a group name.
import { readFileSync } from "node:fs";
import { frameCommand, HEADER_BYTES, storageCommands } from "@fastdfs-ts/protocol";
import { SimWorld } from "@fastdfs-ts/simulation";
import { describe, expect, it } from "vitest";
import type { BinlogOp, BinlogRecord } from "../src/binlog/binlog-record.ts";
import type { FileStore } from "../src/files/file-store.ts";
import { resolveName } from "../src/files/resolve-name.ts";
import { FrameBatch } from "../src/replication/frame-batch.ts";
import { PushRequests } from "../src/replication/push-request.ts";
import { pushTask } from "../src/replication/push-task.ts";
import { serveStore } from "./served-store.ts";

interface Exchange {
  readonly name: string;
  readonly cmd: number;
  readonly request: { readonly length: number; readonly hex?: string };
  readonly response: { readonly status: number };
}

const exchanges = JSON.parse(
  readFileSync(new URL("../../protocol/vectors/wire/storage-storage.json", import.meta.url), "utf8"),
) as Exchange[];

interface Push {
  readonly record: BinlogRecord;
  /** What the file holds when it is pushed; undefined: it is gone. */
  readonly content?: Buffer;
  readonly linkTo?: string;
  readonly groupAt: number;
}

const { syncCreateFile, syncUpdateFile, syncDeleteFile, syncAppendFile, syncModifyFile, syncTruncateFile } =
  storageCommands;
const { syncCreateLink, syncRenameFile } = storageCommands;

/** The record and the file that a recorded request tells of. */
const readers: Readonly<Record<number, (body: Buffer) => Push>> = {
  [syncCreateFile.code]: (body) => wholeFile("C", body),
  [syncUpdateFile.code]: (body) => wholeFile("U", body),
  [syncDeleteFile.code]: (body) => {
    const { timestampSeconds, logicalName } = syncDeleteFile.request.decode(body);
    return { record: recordOf(timestampSeconds, "D", logicalName), groupAt: 4 };
  },
  [syncAppendFile.code]: (body) => range("A", body),
  [syncModifyFile.code]: (body) => range("M", body),
  [syncTruncateFile.code]: (body) => {
    const { timestampSeconds, logicalName, oldBytes, newBytes } = syncTruncateFile.request.decode(body);
    const record = recordOf(timestampSeconds, "T", logicalName, `${oldBytes} ${newBytes}`);
    return { record, content: Buffer.alloc(newBytes), groupAt: 28 };
  },
  [syncCreateLink.code]: (body) => {
    const { timestampSeconds, linkName, targetName } = syncCreateLink.request.decode(body);
    return { record: recordOf(timestampSeconds, "L", linkName, targetName), linkTo: targetName, groupAt: 20 };
  },
  [syncRenameFile.code]: (body) => {
    const { timestampSeconds, newName, oldName } = syncRenameFile.request.decode(body);
    return { record: recordOf(timestampSeconds, "R", newName, oldName), content: Buffer.of(1), groupAt: 20 };
  },
};

function wholeFile(op: BinlogOp, body: Buffer): Push {
  const headBytes = syncCreateFile.request.headSize(body);
  const { timestampSeconds, logicalName } = syncCreateFile.request.decode(body.subarray(0, headBytes));
  return { record: recordOf(timestampSeconds, op, logicalName), content: body.subarray(headBytes), groupAt: 20 };
}

function range(op: BinlogOp, body: Buffer): Push {
  const headBytes = syncAppendFile.request.headSize(body);
  const { timestampSeconds, logicalName, offset, contentBytes } = syncAppendFile.request.decode(
    body.subarray(0, headBytes),
  );
  const record = recordOf(timestampSeconds, op, logicalName, `${offset} ${contentBytes}`);
  return { record, content: Buffer.concat([Buffer.alloc(offset), body.subarray(headBytes)]), groupAt: 28 };
}

function recordOf(seconds: number, op: BinlogOp, logicalName: string, extra?: string): BinlogRecord {
  return { seconds, op, logicalName, extra };
}

/** The request as C would have sent it without the rubbish. */
function clean(request: Buffer, groupAt: number): Buffer {
  const copy = Buffer.from(request);
  const field = copy.subarray(HEADER_BYTES + groupAt, HEADER_BYTES + groupAt + 16);
  field.fill(0, field.indexOf(0));
  return copy;
}

async function openStore() {
  const world = SimWorld.create(1);
  const host = world.host("192.0.2.1");
  const served = await world.run(serveStore({ directory: "/store", world: host.world, listenHost: "192.0.2.1" }));
  return { disk: host.world.disk, store: served.store };
}

function put(disk: Awaited<ReturnType<typeof openStore>>["disk"], store: FileStore, push: Push): void {
  const { path } = resolveName(store, push.record.logicalName);
  if (disk.linkStat(path) !== undefined) disk.unlink(path);
  disk.makeDirectory(path.slice(0, path.lastIndexOf("/")));
  if (push.linkTo !== undefined) disk.symlink(resolveName(store, push.linkTo).path, path);
  if (push.content === undefined) return;
  const file = disk.open(path, "create");
  file.write(push.content, 0, push.content.length, 0);
  file.close();
}

/** Byte 9: the content was left out. */
const hasNoContent = (request: Buffer): boolean => request[9] !== 0;

// Those that were refused with 22 were made up by whoever recorded them: no sender makes them.
const pushes = exchanges.filter(
  ({ cmd, request, response }) =>
    cmd in readers && request.hex?.length === 2 * request.length && response.status !== 22,
);

describe("a push as C sends it", () => {
  it("was recorded in every form", () => {
    expect(new Set(pushes.map(({ cmd }) => cmd))).toEqual(new Set(Object.keys(readers).map(Number)));
  });

  it.each(pushes.map((exchange, at) => [`${at} ${exchange.name}`, exchange] as const))("%s", async (_, { request }) => {
    const bytes = Buffer.from(request.hex!, "hex");
    const push = readers[frameCommand(bytes)]!(bytes.subarray(HEADER_BYTES));
    const { disk, store } = await openStore();
    put(disk, store, push);
    const requests = new PushRequests(store, true, () => false);
    const at = { after: { part: 0, offset: 0 }, mayFollowLeftOut: false, mayBeTornThere: false, content: undefined };
    const task = pushTask(push.record, at);
    if (hasNoContent(bytes)) {
      const { contentBytes } = syncCreateFile.request.decode(bytes.subarray(HEADER_BYTES));
      expect(requests.withoutContent(task, contentBytes)).toEqual(clean(bytes, push.groupAt));
      return;
    }
    const batch = new FrameBatch();
    expect(await requests.prepare(task, batch, false)).toEqual({ kind: "frame" });
    expect(batch.bytes).toEqual(clean(bytes, push.groupAt));
  });
});
