import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { nodeDisk } from "@fastdfs-ts/runtime/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { FastDfsClient, readClientConfig } from "../src/index.ts";
import { openCluster } from "./open-cluster.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fastdfs-conf-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function conf(text: string): string {
  const path = join(folder, "client.conf");
  writeFileSync(path, text);
  return path;
}

describe("client.conf", () => {
  it("gives the options of a client", () => {
    const path = conf(
      "tracker_server = 192.0.2.1\ntracker_server = 10.0.0.2,192.0.2.2:22000\nconnect_timeout = 7\nnetwork_timeout=9\n" +
        "use_connection_pool = true\nconnection_pool_max_idle_time = 60\n",
    );
    expect(readClientConfig(nodeDisk, path).options).toEqual({
      trackers: ["192.0.2.1:22122", "10.0.0.2,192.0.2.2:22000"],
      connectTimeoutMs: 7000,
      networkTimeoutMs: 9000,
      pool: { maxIdleMs: 60_000 },
    });
  });

  it("opens a client that works", async () => {
    await using cluster = await openCluster();
    const path = conf(`tracker_server = 127.0.0.1:${cluster.tracker.port}\n`);
    await using client = FastDfsClient.fromConfigFile(path, { networkTimeoutMs: 5000 });
    await expect(client.upload(Buffer.from("abc"))).resolves.toMatchObject({ groupName: "group1" });
  });

  it("that names no tracker is refused with file and remedy", () => {
    expect(() => FastDfsClient.fromConfigFile(conf("connect_timeout = 7\n"))).toThrow(/client\.conf.*tracker_server/s);
  });
});
