// Real servers that are told to read their configuration again: fdfs reload, and SIGHUP alone.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { FastDfsClient } from "@fastdfs-ts/client";
import { nodeWorld } from "@fastdfs-ts/runtime/node";
import { freePorts } from "@fastdfs-ts/testkit/free-ports";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { fdfs, type RunningServer, startServer, temporaryFolder } from "./fdfs-process.ts";
import { runHere } from "./run-here.ts";
import { writeStorageConf, writeTrackerConf } from "./server-conf.ts";

const folder = temporaryFolder();
const cwd = folder.path;
const recordPath = join(cwd, "tracker/data/fdfs_trackerd.reload");
const start = "reserved_storage_space = 1MB\n";
let port: number;
let conf: string;
let tracker: RunningServer;
let storage: RunningServer;
let client: FastDfsClient;

const write = (lines: string) => writeTrackerConf(cwd, port, lines);
const reload = (...words: string[]) => runHere(["reload", conf, ...words], cwd);
const upload = () => client.upload(Buffer.from("content"), { extension: "txt" });

beforeAll(async () => {
  port = await freePorts(2);
  conf = write(start);
  tracker = await startServer(["tracker", conf], cwd, "stderr");
  storage = await startServer(
    ["storage", writeStorageConf(cwd, port + 1, port, "heart_beat_interval = 1\n")],
    cwd,
    "stderr",
  );
  client = FastDfsClient.open({ trackers: [`127.0.0.1:${port}`] }, nodeWorld());
  await vi.waitFor(() => client.cluster.queryStore(), { timeout: 60_000, interval: 20 });
});

afterAll(async () => {
  await client.close();
  expect(await storage.stop("SIGTERM")).toMatchObject({ exitCode: 0 });
  expect(await tracker.stop("SIGTERM")).toMatchObject({ exitCode: 0 });
  expect(existsSync(recordPath)).toBe(false);
  folder[Symbol.dispose]();
});

beforeEach(async () => {
  write(start);
  expect(await reload()).toMatchObject({ exitCode: 0 });
});

describe("fdfs reload", () => {
  it("makes the tracker go by the file at once, and says what changed", async () => {
    await upload();
    write("reserved_storage_space = 99.99%\nstore_lookup = 2\n");
    const changed = await fdfs(["reload", conf], cwd);
    expect(changed).toMatchObject({ exitCode: 0, err: "" });
    expect(changed.out.split("\n")).toEqual([
      `${conf} was read again:`,
      "  store_lookup            0 → 2",
      "  reserved_storage_space  1MB → 99.99%",
      "Storages take reserved_storage_space when they start.",
      "",
    ]);
    await expect(upload()).rejects.toMatchObject({ kind: "NO_SPACE" });
    expect(await reload()).toEqual({ exitCode: 0, out: `${conf} was read again: nothing to take over.\n`, err: "" });
    write(start);
    const back = JSON.parse((await reload("--json")).out) as unknown;
    expect(back).toEqual({
      conf,
      kind: "reloaded",
      changed: [
        { key: "store_lookup", from: "2", to: "0" },
        { key: "reserved_storage_space", from: "99.99%", to: "1MB" },
      ],
      needsRestart: [],
      warnings: [],
    });
    await upload();
  });

  it("reaches the tracker although the file names another port, which needs a restart", async () => {
    writeTrackerConf(cwd, port + 1, `${start}store_server = 1\nmax_conections = 5\nallow_hosts = 10.0.0.1\n`);
    const { exitCode, out } = await reload();
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^warning: .*line 6: unknown key "max_conections", did you mean "max_connections"\?\n/);
    expect(out).toContain("  store_server  0 → 1\n");
    expect(out).toContain(
      `Needs a restart of the tracker:\n  port         ${port} → ${port + 1}\n  allow_hosts  not set → 10.0.0.1\n`,
    );
    await upload();
  });

  it("refuses a file with a mistake, and nothing changes", async () => {
    write(`${start}store_lookup = 5\nreserved_storage_space = lots\n`);
    const refused = await reload();
    expect(refused).toMatchObject({ exitCode: 1, out: "" });
    expect(refused.err).toMatch(
      /^fdfs: .*tracker\.conf line 5: store_lookup "5" .*\nfdfs: .*line 6: reserved_storage_space/,
    );
    expect(refused.err).toMatch(/is refused, nothing has changed: the tracker goes on as it was\.\n$/);
    const told = JSON.parse((await reload("--json")).out) as { problems: string[] };
    expect(told).toMatchObject({ conf, kind: "refused" });
    expect(told.problems).toHaveLength(2);
    rmSync(conf);
    expect((await reload()).err).toContain(`fdfs: ${conf}: does not exist. Check the path.\n`);
    await upload();
  });

  it("says which file the tracker was started with", async () => {
    const copy = join(cwd, "copy.conf");
    copyFileSync(conf, copy);
    const { exitCode, err } = await runHere(["reload", copy], cwd);
    expect({ exitCode, err }).toEqual({
      exitCode: 1,
      err: `fdfs: process ${tracker.pid} was started with another file: ${conf}. Change that one, then: fdfs reload ${conf}\n`,
    });
  });

  it("sends nothing to a process that does not say that it listens", async () => {
    const record = readFileSync(recordPath);
    rmSync(recordPath);
    const { exitCode, err } = await reload();
    expect(exitCode).toBe(1);
    expect(err).toContain(`process ${tracker.pid} cannot reload`);
    writeFileSync(recordPath, record);
    await upload();
  });

  it("says when no tracker runs", async () => {
    mkdirSync(join(cwd, "elsewhere/tracker"), { recursive: true });
    const other = writeTrackerConf(join(cwd, "elsewhere"), port);
    const { exitCode, err } = await runHere(["reload", other], cwd);
    expect(exitCode).toBe(1);
    expect(err).toContain(`no tracker runs on base_path ${join(cwd, "elsewhere/tracker")}`);
    expect(err).toContain(`fdfs tracker ${other} start`);
  });

  it("works while clients ask, many times in a row", async () => {
    let isOver = false;
    let answers = 0;
    const asking = [1, 2, 3].map(async () => {
      for (; !isOver; answers++) await client.cluster.queryStore();
    });
    for (let times = 0; times < 20; times++) {
      write(`${start}store_server = ${times % 2 === 0 ? 2 : 0}\n`);
      expect((await reload("--json")).out).toContain('"changed":[{"key":"store_server"');
      const before = answers;
      await vi.waitFor(() => expect(answers).toBeGreaterThan(before), { interval: 1 });
    }
    isOver = true;
    await Promise.all(asking);
  });
});

describe("SIGHUP", () => {
  it("makes a tracker read its file again, twice as well", async () => {
    for (const [reserve, from] of [
      ["99.99%", "1MB"],
      ["2MB", "99.99%"],
    ] as const) {
      write(`reserved_storage_space = ${reserve}\n`);
      const said = tracker.hear(new RegExp(`read again: reserved_storage_space ${from} → ${reserve}\\.$`));
      process.kill(tracker.pid, "SIGHUP");
      expect(await said).toContain(conf);
    }
    await upload();
  });

  it("with a mistake in the file changes nothing, and the log says why", async () => {
    write(`${start}download_server = 1\nstore_lookup = 5\n`);
    const said = tracker.hear(/is refused/);
    const logged = tracker.hear(/config\.refused/);
    process.kill(tracker.pid, "SIGHUP");
    expect(await said).toBe(`${conf} is refused, nothing has changed.`);
    expect(await logged).toMatch(/ERROR - config\.refused problem=".*tracker\.conf line 6: store_lookup/);
    await upload();
  });

  it("does not end a storage, which has nothing to reload", async () => {
    const said = storage.hear(/config\.not-reloaded/);
    process.kill(storage.pid, "SIGHUP");
    expect(await said).toContain("Restart it.");
    await upload();
  });
});

describe("fdfs up", () => {
  it("reloads as a tracker does, with the file that it wrote", async () => {
    using home = temporaryFolder();
    const first = await freePorts(2);
    const words = ["up", "--json", "--storages", "1", "--port", String(first), "--storage-port", String(first + 1)];
    const up = await startServer(words, home.path, "stdout");
    try {
      const upConf = join(home.path, "fastdfs-data/tracker.conf");
      writeFileSync(upConf, readFileSync(upConf, "utf8").replace("\nstore_path = 0", "\nstore_path = 2"));
      const { exitCode, out } = await runHere(["reload", "--json"], home.path);
      expect(exitCode).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ conf: upConf, changed: [{ key: "store_path", from: "0", to: "2" }] });
    } finally {
      expect(await up.stop()).toMatchObject({ exitCode: 0 });
    }
  });
});
