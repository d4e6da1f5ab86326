// Who has a base path: what pid files of earlier processes mean, and what happens when several start at the same moment.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { freePorts } from "@fastdfs-ts/testkit/free-ports";
import { describe, expect, it } from "vitest";

import { fdfs, spawnServer, startServer, temporaryFolder } from "./fdfs-process.ts";
import { writeTrackerConf } from "./server-conf.ts";

const dataOf = (folder: string) => join(folder, "tracker/data");
const pidPathOf = (folder: string) => join(dataOf(folder), "fdfs_trackerd.pid");
const pidIn = (folder: string) => Number(readFileSync(pidPathOf(folder), "utf8"));
const claimsIn = (folder: string) =>
  readdirSync(dataOf(folder)).filter((name) => name.startsWith("fdfs_trackerd.pid."));

describe("a base path", () => {
  it("is free when the process that had it is gone, and its number is that of a server of another base path", async () => {
    using mine = temporaryFolder();
    using others = temporaryFolder();
    const port = await freePorts(2);
    const conf = writeTrackerConf(mine.path, port);
    // Killed, it leaves its files.
    const killed = await startServer(["tracker", conf], mine.path, "stderr");
    await killed.stop("SIGKILL");
    const [claim] = claimsIn(mine.path);
    const other = await startServer(["tracker", writeTrackerConf(others.path, port + 1)], others.path, "stderr");
    writeFileSync(pidPathOf(mine.path), String(other.pid));
    writeFileSync(join(dataOf(mine.path), claim!.replace(String(killed.pid), String(other.pid))), "");
    try {
      expect(await fdfs(["tracker", conf, "status"], mine.path)).toMatchObject({ out: "NOT running\n" });
      const again = await startServer(["tracker", conf], mine.path, "stderr");
      expect(pidIn(mine.path)).toBe(again.pid);
      expect(claimsIn(mine.path)).toHaveLength(1);
      await again.stop("SIGTERM");
      expect(existsSync(pidPathOf(mine.path))).toBe(false);
      expect(claimsIn(mine.path)).toEqual([]);
    } finally {
      await other.stop("SIGTERM");
    }
  });

  it("is free when a pid file alone names a process that is no such server of C", async () => {
    using folder = temporaryFolder();
    using others = temporaryFolder();
    const port = await freePorts(2);
    const other = await startServer(["tracker", writeTrackerConf(others.path, port + 1)], others.path, "stderr");
    mkdirSync(dataOf(folder.path), { recursive: true });
    writeFileSync(pidPathOf(folder.path), String(other.pid));
    try {
      const server = await startServer(["tracker", writeTrackerConf(folder.path, port)], folder.path, "stderr");
      expect(pidIn(folder.path)).toBe(server.pid);
      await server.stop("SIGTERM");
    } finally {
      await other.stop("SIGTERM");
    }
  });

  it("goes to one of several that start at the same moment, over the files of one that was killed", async () => {
    using folder = temporaryFolder();
    const port = await freePorts(4);
    const first = await startServer(["tracker", writeTrackerConf(folder.path, port)], folder.path, "stderr");
    await first.stop("SIGKILL");
    const servers = [0, 1, 2, 3].map((at) => {
      // The same base path, and ports that do not keep them apart.
      const conf = join(folder.path, `tracker-${at}.conf`);
      const lines = ["bind_addr = 127.0.0.1", `port = ${port + at}`, `base_path = ${join(folder.path, "tracker")}`];
      writeFileSync(conf, lines.join("\n"));
      return spawnServer(["tracker", conf], folder.path, "stderr");
    });
    const lines = await Promise.all(servers.map(({ firstLine }) => firstLine));
    const serving = servers.filter((_, at) => lines[at]!.includes("Tracker on port"));
    expect(serving.map(({ pid }) => pid)).toEqual([pidIn(folder.path)]);
    const refused = lines.filter((line) => line.includes(`is in use by another tracker, process ${serving[0]!.pid}`));
    expect(refused).toHaveLength(servers.length - 1);
    expect(await serving[0]!.stop("SIGTERM")).toMatchObject({ exitCode: 0 });
    await Promise.all(servers.map((server) => server.stop("SIGTERM")));
    expect(claimsIn(folder.path)).toEqual([]);
  });
});
