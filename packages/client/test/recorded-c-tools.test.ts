// Byte for byte: for every operation that was recorded between a C client tool and a C server, this client must send
// exactly the recorded request and understand the recorded answer.
import { readFileSync } from "node:fs";

import { frameCommand, frameStatus, HEADER_BYTES, trackerCommands } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import { FastDfsClient } from "../src/index.ts";
import { type ScriptedPeer, startScriptedPeer } from "./scripted-peer.ts";

interface RecordedFrame {
  readonly length: number;
  readonly hex?: string;
  readonly header_hex?: string;
  readonly prefix_hex?: string;
}
interface Exchange {
  readonly name: string;
  readonly cmd: number;
  readonly origin: string;
  readonly request: RecordedFrame;
  readonly response: RecordedFrame | null;
}

const exchanges = new Map<string, Exchange>();
for (const file of ["client-storage", "client-tracker"]) {
  const path = new URL(`../../protocol/vectors/wire/${file}.json`, import.meta.url);
  for (const exchange of JSON.parse(readFileSync(path, "utf8")) as Exchange[]) exchanges.set(exchange.name, exchange);
}

function recorded(name: string): Exchange {
  const exchange = exchanges.get(name);
  if (exchange === undefined) throw new Error(`there is no recorded exchange ${name}`);
  return exchange;
}

/** The frames of an exchange; long ones are recorded only as far as their first 256 bytes. */
const bytesOf = (frame: RecordedFrame | null) => Buffer.from(frame?.hex ?? frame?.prefix_hex ?? "", "hex");
const requestOf = (name: string) => bytesOf(recorded(name).request);
const bodyText = (name: string, from: number, to?: number) => requestOf(name).toString("latin1", from, to);

/** Group and logical name of a request that has them at these offsets. */
const fileAt = (name: string, groupAt: number, nameAt: number, bytes = 44) =>
  `${bodyText(name, groupAt, groupAt + 16).replace(/\0.*$/s, "")}/${bodyText(name, nameAt, nameAt + bytes)}`;

const STORE_ANY = "tool_upload_query";
const HELLO = Buffer.from("Hello FastDFS\n");

/** Runs `work` with a client whose tracker and storage answer as recorded. Returns what each of the two was sent. */
async function replay<T>(
  names: readonly string[],
  work: (client: FastDfsClient) => Promise<T>,
): Promise<{ value: T; sent: Buffer[]; toStorage: Buffer[] }> {
  const answers = names.map((name) => bytesOf(recorded(name).response));
  const sent: Buffer[] = [];
  const react = (request: Buffer) => {
    sent.push(request);
    const next = answers.shift();
    if (next === undefined) throw new Error(`unexpected request ${request.toString("hex")}`);
    return next;
  };
  await using tracker: ScriptedPeer = await startScriptedPeer(react);
  await using storage: ScriptedPeer = await startScriptedPeer(react);
  await using client = FastDfsClient.open({
    trackers: [`127.0.0.1:${tracker.port}`],
    // The recorded answers name the storage of the recording.
    storageAddress: () => ({ host: "127.0.0.1", port: storage.port }),
  });
  const value = await work(client);
  expect(answers, "answers that nobody asked for").toEqual([]);
  return { value, sent, toStorage: storage.requests };
}

/** Routing answer for a change or a download: the same storage for every file of the recording. */
const UPDATE = "tool_append_query";
const FETCH = "tool_download_query";

describe("what the C tools send, this client sends", () => {
  const upload = fileAt("tool_download", HEADER_BYTES + 16, HEADER_BYTES + 32);
  const appender = fileAt("tool_file_info", HEADER_BYTES, HEADER_BYTES + 16);
  const withMeta = fileAt("tool_get_meta", HEADER_BYTES, HEADER_BYTES + 16);
  const group = appender.slice(0, appender.indexOf("/") + 1);
  const nameIn = (name: string, at: number) => `${group}${bodyText(name, HEADER_BYTES + at, HEADER_BYTES + at + 44)}`;

  const cases: [name: string, route: string, work: (client: FastDfsClient) => Promise<unknown>][] = [
    ["tool_upload", STORE_ANY, (c) => c.upload(HELLO, { fileName: "hello.txt" })],
    // That recording was routed to disk 0; the routing answer here says 1.
    [
      "tool_appender_upload",
      STORE_ANY,
      (c) => c.upload(HELLO, { fileName: "/tmp/hello.txt", appender: true, storePathIndex: 0 }),
    ],
    ["tool_download", FETCH, async (c) => (await c.download(upload)).bytes()],
    ["tool_download_range", FETCH, async (c) => (await c.download(upload, { offset: 6, length: 4 })).bytes()],
    ["tool_file_info", FETCH, (c) => c.fileInfo(appender)],
    ["tool_file_info_flags", FETCH, (c) => c.fileInfo(appender, { checksum: false, silent: true })],
    ["tool_regenerate", UPDATE, (c) => c.regenerate(appender)],
    ["tool_delete", UPDATE, (c) => c.delete(upload)],
    ["tool_slave", UPDATE, (c) => c.uploadSlave(nameIn("tool_slave", 38), "_big", HELLO, { extension: "txt" })],
    ["tool_slave_1024", UPDATE, (c) => c.uploadSlave(nameIn("tool_slave_1024", 38), "1024x1024", HELLO)],
    ["tool_slave_small", UPDATE, (c) => c.uploadSlave(nameIn("tool_slave_small", 38), "-small", HELLO)],
    ["tool_get_meta", UPDATE, (c) => c.getMetadata(withMeta)],
    ["tool_set_meta_o", UPDATE, (c) => c.setMetadata(withMeta, { a: "1", b: "2" })],
    ["tool_set_meta_m", UPDATE, (c) => c.setMetadata(withMeta, { c: "3" }, { mode: "merge" })],
    ["tool_get_meta_after", UPDATE, (c) => c.getMetadata(withMeta)],
    ["tool_truncate", UPDATE, (c) => c.truncate(nameIn("tool_truncate", 16), 7)],
    ["tool_modify", UPDATE, (c) => c.modify(nameIn("tool_modify", 24), 21, HELLO)],
    [
      "tool_set_meta_overwrite",
      UPDATE,
      (c) =>
        c.setMetadata(nameIn("tool_set_meta_overwrite", 33), {
          ext_name: "jpg",
          width: "160",
          height: "80",
          file_size: "115120",
        }),
    ],
  ];

  it.each(cases)("%s", async (name, route, work) => {
    const { toStorage } = await replay([route, name], work);
    expect(toStorage.map((frame) => frame.toString("hex"))).toEqual([recorded(name).request.hex]);
  });

  it.each([
    [{}, 0],
    [{ checksum: false }, 1],
    [{ silent: true }, 2],
    [{ checksum: false, silent: true }, 3],
  ])("file info with %j has the flags %i", async (options, flags) => {
    const { toStorage } = await replay([FETCH, "tool_file_info_flags"], (c) =>
      c.fileInfo(fileAt("tool_file_info", HEADER_BYTES, HEADER_BYTES + 16), options),
    );
    expect(frameStatus(toStorage[0]!)).toBe(flags);
  });

  it("an append of 5000 bytes, as far as it is recorded", async () => {
    const name = "tool_append";
    const head = HEADER_BYTES + 16 + 44;
    const content = Buffer.concat([requestOf(name).subarray(head), Buffer.alloc(5000)], 5000);
    const { toStorage } = await replay([UPDATE, name], (c) => c.append(nameIn(name, 16), content));
    expect(toStorage).toHaveLength(1);
    expect(toStorage[0]!.length).toBe(recorded(name).request.length);
    expect(toStorage[0]!.subarray(0, requestOf(name).length)).toEqual(requestOf(name));
  });

  const queries: [name: string, work: (client: FastDfsClient) => Promise<unknown>][] = [
    ["tool_upload_query", (c) => c.cluster.queryStore()],
    ["tool_query_store_list", (c) => c.cluster.queryStoreAll()],
    ["tool_download_query", (c) => c.cluster.queryFetch(upload)],
    ["tool_append_query", (c) => c.cluster.queryUpdate(appender)],
    ["tool_query_servers", (c) => c.cluster.queryFetchAll(withMeta)],
    ["tool_list_groups", (c) => c.cluster.listGroups()],
    ["tool_list_storages", (c) => c.cluster.listStorages("group1")],
    ["tool_get_leader", (c) => c.cluster.leader()],
    ["tool_tracker_stat", (c) => c.cluster.trackerStat()],
    ["tool_storage_stat", (c) => c.cluster.clusterStat()],
    ["tool_volume_stat", (c) => c.cluster.storageVolumeStat()],
    ["ids_tool_parameter_req", (c) => c.cluster.parameters()],
  ];

  it.each(queries)("%s", async (name, work) => {
    const { sent } = await replay([name], work);
    expect(sent.map((frame) => frame.toString("hex"))).toEqual([recorded(name).request.hex]);
  });

  it.each([
    ["tool_set_trunk_server", (c: FastDfsClient) => c.cluster.setTrunkServer("group1", "10.96.0.11"), "NOT_SUPPORTED"],
    ["tool_delete_group", (c: FastDfsClient) => c.cluster.deleteGroup("group9"), "NOT_FOUND"],
    ["tool_delete_storage_unknown", (c: FastDfsClient) => c.cluster.storage("group1", "10.96.0.99"), "NOT_FOUND"],
  ])("%s is refused, and the refusal is understood", async (name, work, kind) => {
    const { value, sent } = await replay([name], (client) => work(client).catch((error: unknown) => error));
    expect(value).toMatchObject({ kind });
    expect(sent.map((frame) => frame.toString("hex"))).toEqual([recorded(name).request.hex]);
  });

  it("a storage is looked up before it is deleted", async () => {
    const names = ["tool_delete_storage_lookup", "tool_delete_storage"];
    const { sent, value } = await replay(names, (c) => c.cluster.deleteStorage("group1", "10.96.0.12"));
    expect(sent.map((frame) => frame.toString("hex"))).toEqual(names.map((name) => recorded(name).request.hex));
    expect(value).toMatchObject([{ error: undefined }]);
  });

  it("the id list", async () => {
    const { value, sent } = await replay(["ids_tool_fetch_storage_ids"], (c) => c.cluster.storageIds());
    // The C client does without an answer when ids are off; this one would rather be told.
    const request = requestOf("ids_tool_fetch_storage_ids");
    request.writeUInt8(1, HEADER_BYTES + 4);
    expect(sent).toEqual([request]);
    expect(value).toHaveLength(5);
    expect(value[0]).toMatchObject({ storageId: "100001", groupName: "group1", hosts: ["10.96.0.11"], port: 23000 });
  });

  it("every operation that was recorded from a C tool is in this file", () => {
    const here = readFileSync(new URL(import.meta.url), "utf8");
    const tools = [...exchanges.values()].filter(({ origin }) => origin.startsWith("fdfs_"));
    const missing = tools.filter(
      ({ name, cmd }) => cmd !== trackerCommands.activeTest.code && !here.includes(`"${name}"`),
    );
    expect(missing.map(({ name }) => name)).toEqual([]);
    expect(tools.length).toBeGreaterThan(30);
  });
});

describe("what the C servers answer, this client understands", () => {
  const fileId = fileAt("tool_file_info", HEADER_BYTES, HEADER_BYTES + 16);

  it("an upload: id and facts", async () => {
    const { value } = await replay([STORE_ANY, "tool_upload"], (c) => c.upload(HELLO, { extension: "txt" }));
    expect(value.fileId).toBe(fileAt("tool_download", HEADER_BYTES + 16, HEADER_BYTES + 32));
    expect(value.facts).toMatchObject({
      kind: "normal",
      fileBytes: 14,
      crc32: 939_093_423,
      source: { type: "ip", ip: "10.96.0.13" },
      extension: "txt",
    });
  });

  it("file info of an appender file, computed by the server", async () => {
    const { value } = await replay([FETCH, "tool_file_info"], (c) => c.fileInfo(fileId));
    expect(value).toMatchObject({
      kind: "appender",
      fileBytes: 5014,
      crc32: 0x790a5a22,
      sourceIp: "10.96.0.13",
      origin: "server",
    });
    expect(value.modifiedAt?.toISOString()).toBe(new Date(0x6b02690c * 1000).toISOString());
  });

  it("downloads, whole and in part", async () => {
    const id = fileAt("tool_download", HEADER_BYTES + 16, HEADER_BYTES + 32);
    const whole = await replay([FETCH, "tool_download"], async (c) => (await c.download(id)).bytes());
    expect(whole.value).toEqual(HELLO);
    const part = await replay([FETCH, "tool_download_range"], async (c) =>
      (await c.download(id, { offset: 6, length: 4 })).bytes(),
    );
    expect(part.value.toString()).toBe("Fast");
  });

  it("metadata", async () => {
    const id = fileAt("tool_get_meta", HEADER_BYTES, HEADER_BYTES + 16);
    const { value } = await replay([UPDATE, "tool_get_meta"], (c) => c.getMetadata(id));
    expect(value).toEqual({ ext_name: "jpg", file_size: "115120", height: "80", width: "160" });
  });

  it("groups, storages, trackers, volumes", async () => {
    const groups = await replay(["tool_list_groups"], (c) => c.cluster.listGroups());
    expect(groups.value.map(({ groupName }) => groupName)).toEqual(["group1", "group2"]);
    const storages = await replay(["tool_list_storages"], (c) => c.cluster.listStorages("group1"));
    expect(storages.value).toMatchObject([{ storageId: "10.96.0.11", storageIp: "10.96.0.11", version: "6.16.1" }]);
    const trackers = await replay(["tool_tracker_stat"], (c) => c.cluster.trackerStat());
    expect(trackers.value).toMatchObject([{ address: "10.96.0.1:22122", isLeader: true }]);
    const volumes = await replay(["tool_volume_stat"], (c) => c.cluster.storageVolumeStat());
    expect(volumes.value.groups.map(({ groupName }) => groupName)).toEqual(["group1", "group2"]);
    const leader = await replay(["tool_get_leader"], (c) => c.cluster.leader());
    expect(leader.value).toBe("10.96.0.1:22122");
  });

  it("the body that C sends back where nothing had to be done", async () => {
    // wire-protocol.md §12 no. 2: status 0, and the request's own body.
    const request = requestOf("tool_truncate");
    const echo = Buffer.from(request);
    echo.writeUInt8(100, 8);
    expect(frameCommand(echo)).toBe(100);
    const route = bytesOf(recorded(UPDATE).response);
    await using tracker = await startScriptedPeer(() => route);
    await using storage = await startScriptedPeer(() => echo);
    await using client = FastDfsClient.open({
      trackers: [`127.0.0.1:${tracker.port}`],
      storageAddress: () => ({ host: "127.0.0.1", port: storage.port }),
    });
    await expect(client.truncate(`group2/${bodyText("tool_truncate", 26)}`, 7)).resolves.toBeUndefined();
  });
});
