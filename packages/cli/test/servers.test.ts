// tracker and storage as daemons, and what doctor and config check say of configurations.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { freePorts } from "@fastdfs-ts/testkit/free-ports";
import { describe, expect, it } from "vitest";

import { spawnSync } from "node:child_process";

import { binPath, closeServer, fdfs, listenOn, startServer, temporaryFolder } from "./fdfs-process.ts";
import { runHere } from "./run-here.ts";
import { writeStorageConf, writeTrackerConf } from "./server-conf.ts";

describe("fdfs tracker and fdfs storage", () => {
  it("serve from their configuration files, with pid files and logs as C has them, and stop at SIGTERM", async () => {
    using folder = temporaryFolder();
    const port = await freePorts(2);
    const trackerConf = writeTrackerConf(folder.path, port);
    const storageConf = writeStorageConf(folder.path, port + 1, port);
    const tracker = await startServer(["tracker", trackerConf], folder.path, "stderr");
    const storage = await startServer(["storage", storageConf], folder.path, "stderr");
    expect(tracker.firstLine).toContain(`Tracker on port ${port}`);
    expect(storage.firstLine).toContain(`Storage 127.0.0.1 of group7 on port ${port + 1}`);
    expect(readFileSync(join(folder.path, "tracker/data/fdfs_trackerd.pid"), "utf8")).toBe(String(tracker.pid));
    expect(readFileSync(join(folder.path, "storage/data/fdfs_storaged.pid"), "utf8")).toBe(String(storage.pid));

    const second = await fdfs(["tracker", trackerConf], folder.path);
    expect(second.exitCode).toBe(1);
    expect(second.err).toContain(
      `is in use by another tracker, process ${tracker.pid}. Stop it first: kill ${tracker.pid}`,
    );

    expect(await storage.stop("SIGTERM")).toMatchObject({ exitCode: 0 });
    expect(await tracker.stop("SIGTERM")).toMatchObject({ exitCode: 0 });
    expect(existsSync(join(folder.path, "storage/data/fdfs_storaged.pid"))).toBe(false);
    expect(readFileSync(join(folder.path, "tracker/logs/trackerd.log"), "utf8")).toContain("tracker.started");
    expect(readFileSync(join(folder.path, "storage/logs/storaged.log"), "utf8")).toContain("storage.started");
  });

  it("run in the background by the names of the C daemons", async () => {
    using folder = temporaryFolder();
    const conf = writeTrackerConf(folder.path, await freePorts(1));
    const pidPath = join(folder.path, "tracker/data/fdfs_trackerd.pid");
    const trackerd = (action: string) => fdfs(["fdfs_trackerd", conf, action], folder.path);
    const runningPid = () => Number(readFileSync(pidPath, "utf8"));

    expect(await trackerd("status")).toMatchObject({ exitCode: 2, out: "NOT running\n" });
    expect(await trackerd("stop")).toMatchObject({ exitCode: 2 });
    expect(await trackerd("frob")).toMatchObject({ exitCode: 1 });
    expect(await trackerd("start")).toEqual({ exitCode: 0, out: "", err: "" });
    try {
      const first = runningPid();
      expect(await trackerd("status")).toMatchObject({ exitCode: 0, out: `Running, pid: ${first}\n` });
      const again = await trackerd("start");
      expect(again).toMatchObject({ exitCode: 17 });
      expect(again.err).toContain(`runs already, process ${first}`);
      expect(await trackerd("restart")).toMatchObject({ exitCode: 0 });
      expect(runningPid()).not.toBe(first);
    } finally {
      expect(await trackerd("stop")).toMatchObject({ exitCode: 0 });
    }
    expect(existsSync(pidPath)).toBe(false);
  });

  it("say why they do not start in the background", async () => {
    using folder = temporaryFolder();
    const port = await freePorts(1);
    const occupied = await listenOn(port);
    const conf = writeTrackerConf(folder.path, port);
    const refused = await fdfs(["tracker", conf, "start"], folder.path);
    expect(refused.exitCode).toBe(1);
    expect(refused.err).toContain(String(port));
    await closeServer(occupied);
  });

  it("tell in one line each what is wrong with a configuration", async () => {
    using folder = temporaryFolder();
    const conf = writeTrackerConf(folder.path, 1, "store_lookup = 7\n");
    const refused = await fdfs(["tracker", conf], folder.path);
    expect(refused.exitCode).toBe(1);
    expect(refused.err).toMatch(/^fdfs: .*tracker\.conf line 4: .*\n$/);
  });
});

describe("fdfs doctor", () => {
  it("finds what is missing and says what to do", async () => {
    using folder = temporaryFolder();
    const port = await freePorts(2);
    const storageConf = writeStorageConf(folder.path, port + 1, port);
    const report = await runHere(["doctor", storageConf, "--json"], folder.path);
    expect(report.exitCode).toBe(1);
    const { examinations, errors } = JSON.parse(report.out) as {
      examinations: { findings: object[] }[];
      errors: number;
    };
    expect(errors).toBe(1);
    expect(examinations[1]!.findings).toMatchObject([
      { severity: "ok", subject: "configuration" },
      { severity: "note", subject: `port 127.0.0.1:${port + 1}` },
      { severity: "ok", subject: "base_path" },
      { severity: "note", subject: "store_path0" },
      {
        severity: "error",
        subject: `tracker 127.0.0.1:${port}`,
        remedy: expect.stringContaining("start it") as string,
      },
    ]);
  });

  it("knows a disk that is not mounted from a new one", async () => {
    using folder = temporaryFolder();
    const storageConf = writeStorageConf(folder.path, await freePorts(1), 1);
    mkdirSync(join(folder.path, "storage/data"));
    const flag = ["storage_join_time=1", "sync_old_done=1", "sync_src_server=", `store_path_mark0=${"A".repeat(75)}`];
    writeFileSync(join(folder.path, "storage/data/.data_init_flag"), `${flag.join("\n")}\n`);
    const { out } = await runHere(["doctor", storageConf], folder.path);
    expect(out).toMatch(/✗ store_path0 .*was in use and its hash directories and its mark are gone/);
    expect(out).toContain("→ mount the disk before the storage starts");
  });

  it("points at the line of a mistake", async () => {
    using folder = temporaryFolder();
    const conf = writeTrackerConf(folder.path, 1, "use_storage_id = yes\nmax_conections = 5\n");
    const { out, exitCode } = await runHere(["doctor", conf], folder.path);
    expect(exitCode).toBe(1);
    expect(out).toMatch(/✗ .*storage_ids_filename/);
  });

  it("says when a tracker does not answer", async () => {
    using folder = temporaryFolder();
    const port = await freePorts(1);
    const { out, exitCode } = await runHere(["doctor", "--tracker", `127.0.0.1:${port}`], folder.path);
    expect(exitCode).toBe(1);
    expect(out).toContain(`✗ tracker 127.0.0.1:${port}  does not answer`);
    expect(out).toMatch(/1 problem, 0 warnings\.\n$/);
  });
});

describe("fdfs config", () => {
  it("init writes samples, which check calls good but for the directories that are not there", async () => {
    using folder = temporaryFolder();
    const written = await runHere(["config", "init"], folder.path);
    expect(written).toMatchObject({ exitCode: 0 });
    const files = ["tracker.conf", "storage.conf", "client.conf", "storage_ids.conf"];
    expect(written.out).toBe(files.map((name) => `written: ${name}\n`).join(""));
    const checked = await runHere(["config", "check", ...files, "--json"], folder.path);
    const results = JSON.parse(checked.out) as { kind: string; errors: string[] }[];
    expect(results.map(({ kind }) => kind)).toEqual(["tracker", "storage", "client", "storage-ids"]);
    for (const { errors } of results)
      for (const error of errors) expect(error).toContain('base_path "/var/lib/fastdfs"');
  });

  it("init leaves existing files alone", async () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "client.conf"), "mine");
    const written = await runHere(["config", "init"], folder.path);
    expect(written.exitCode).toBe(1);
    expect(written.err).toContain("client.conf exists and was left alone. Use --force to replace it.");
    expect(readFileSync(join(folder.path, "client.conf"), "utf8")).toBe("mine");
  });

  it("check knows what a file is, also under another name", async () => {
    using folder = temporaryFolder();
    const base = `base_path = ${folder.path}\n`;
    const files = {
      a: base,
      b: `${base}download_server = 1\n`,
      c: "tracker_server = h:1\n",
      d: `${base}group_name = g\n`,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text);
    const { out } = await runHere(["config", "check", ...Object.keys(files), "--json"], folder.path);
    const kinds = (JSON.parse(out) as { kind: string }[]).map(({ kind }) => kind);
    expect(kinds).toEqual(["tracker", "tracker", "client", "storage"]);
  });

  it("check warns of unknown keys with the nearest known one", async () => {
    using folder = temporaryFolder();
    const conf = writeTrackerConf(folder.path, 22122, "max_conections = 5\n");
    const { out, exitCode } = await runHere(["config", "check", conf], folder.path);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/good, with warnings\n {2}warning {2}.*max_connections/);
  });
});

describe("a pipe whose reader has gone", () => {
  it("ends the program without a word", () => {
    const { stderr, stdout } = spawnSync("sh", ["-c", `"${process.execPath}" "${binPath}" upload --help | head -n 1`]);
    expect(stdout.toString()).toContain("Usage: fdfs upload");
    expect(stderr.toString()).toBe("");
  });
});
