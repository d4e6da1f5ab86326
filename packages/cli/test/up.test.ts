// The newcomer's day: one command, files in and out, Ctrl-C, and again on the same data.
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { freePorts } from "@fastdfs-ts/testkit/free-ports";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  closeServer,
  fdfs,
  listenOn,
  binPath,
  type RunningServer,
  startServer,
  temporaryFolder,
} from "./fdfs-process.ts";

const folder = temporaryFolder();
const cwd = folder.path;
let port: number;
let storagePort: number;
let up: RunningServer;

const startUp = () =>
  startServer(["up", "--json", "--port", String(port), "--storage-port", String(storagePort)], cwd, "stdout");

/** Runs a command that must work; its output without the last line end. */
async function works(...words: string[]): Promise<string> {
  const { exitCode, out, err } = await fdfs(words, cwd);
  expect({ words, exitCode, err }).toMatchObject({ exitCode: 0 });
  return out.replace(/\n$/, "");
}

beforeAll(async () => {
  port = await freePorts(3);
  storagePort = port + 1;
  up = await startUp();
});

afterAll(async () => {
  await up.stop();
  folder[Symbol.dispose]();
});

describe("fdfs up", () => {
  it("says in one line of JSON where everything is", () => {
    expect(JSON.parse(up.firstLine)).toMatchObject({
      ready: true,
      tracker: `127.0.0.1:${port}`,
      storages: [
        { address: `127.0.0.1:${storagePort}`, id: "100001", groupName: "group1" },
        { address: `127.0.0.1:${storagePort + 1}`, id: "100002", groupName: "group1" },
      ],
      directory: join(cwd, "fastdfs-data"),
      pid: up.pid,
    });
  });

  it("takes a file and gives it back, and forgets it when told", async () => {
    writeFileSync(join(cwd, "hello.tar.gz"), "Hello!\n");
    const id = await works("upload", "hello.tar.gz", "--meta", "author=Li", "--meta", "lang=en");
    expect(id).toMatch(/^group1\/M00\/.*\.tar\.gz$/);
    expect(await works("download", id, "-")).toBe("Hello!");
    expect(await works("download", id, "-", "--offset", "1", "--length", "3")).toBe("ell");
    expect(await works("download", id, "copy")).toBe("copy");
    expect(readFileSync(join(cwd, "copy"), "utf8")).toBe("Hello!\n");
    expect(JSON.parse(await works("info", id, "--json"))).toMatchObject({ fileId: id, kind: "normal", bytes: 7 });
    expect(JSON.parse(await works("meta", "get", id, "--json"))).toEqual({ author: "Li", lang: "en" });
    await works("meta", "merge", id, "lang=zh");
    expect(await works("meta", "get", id)).toBe("author  Li\nlang    zh");
    await works("meta", "set", id, "only=this");
    expect(JSON.parse(await works("meta", "get", id, "--json"))).toEqual({ only: "this" });
    await works("delete", id);
    const gone = await fdfs(["download", id], cwd);
    expect(gone.exitCode).toBe(1);
    expect(gone.err).toMatch(/^fdfs: group1\/M00\S+ at 127\.0\.0\.1:\d+: .+\n$/);
  });

  it("explains where an upload, a download and a change would go", async () => {
    expect(await works("explain", "upload")).toMatch(
      /^Choice: the upload goes to 10000[12] at 127\.0\.0\.1:\d+ in group1, /m,
    );
    writeFileSync(join(cwd, "explained.txt"), "text");
    const id = await works("upload", "explained.txt");
    const told = JSON.parse(await works("explain", "change", id, "--json")) as { choice: { storageId: string } };
    const { source } = JSON.parse(await works("info", id, "--json")) as { source: { storageId: number } };
    expect(told.choice.storageId).toBe(String(source.storageId));
    expect(await works("explain", "download", id)).toMatch(/^Choice: the download goes to /m);
    const refused = await fdfs(["explain", "upload", "--group", "nobody"], cwd);
    expect(refused).toMatchObject({ exitCode: 1, err: "" });
    expect(refused.out).toContain("No choice: the client is answered with status 2. Why: nobody: unknown group.\n");
  });

  it("changes appender files and keeps slaves beside masters", async () => {
    writeFileSync(join(cwd, "a.log"), "first ");
    writeFileSync(join(cwd, "b.log"), "second");
    const id = await works("upload", "--appender", "a.log");
    await works("append", id, "b.log");
    expect(await works("download", id, "-")).toBe("first second");
    await works("modify", id, "b.log", "--offset", "0");
    expect(await works("download", id, "-")).toBe("secondsecond");
    await works("truncate", id, "--size", "6");
    const normal = await works("regenerate", id);
    expect(await works("download", normal, "-")).toBe("second");
    const slave = await works("slave", normal, "_small", "a.log");
    expect(slave).toBe(normal.replace(/\.log$/, "_small.log"));
    await works("delete", slave, normal);
  });

  it("takes a whole tree: progress of nothing, byte-identical, deleted again", async () => {
    const tree = join(cwd, "tree");
    mkdirSync(join(tree, "deep", "er"), { recursive: true });
    writeFileSync(join(tree, "empty"), "");
    writeFileSync(join(tree, "deep", "umläut 文件.txt"), "x");
    writeFileSync(join(tree, "deep", "er", "large.bin"), Buffer.alloc(3_000_000, "0123456789"));
    writeFileSync(join(tree, "line\nbreak"), "y");
    symlinkSync("empty", join(tree, "link"));
    const uploaded = await fdfs(["upload", "--recursive", "tree", "--ids-out", "ids.tsv"], cwd);
    expect(uploaded.err).toMatch(/^uploaded 4 files, 2\.9 MB in .+; 1 symbolic link or special file skipped\n$/);
    expect(uploaded).toMatchObject({ exitCode: 0, out: "" });
    expect(readFileSync(join(cwd, "ids.tsv"), "utf8").trimEnd().split("\n")).toHaveLength(4);

    expect(JSON.parse(await works("verify", "--list", "ids.tsv", "--against", "tree", "--json"))).toMatchObject({
      identical: 4,
      failed: [],
    });
    await works("download", "--list", "ids.tsv", "--to", "restored");
    // `toEqual` takes ten seconds for these.
    const [large, restored] = [tree, join(cwd, "restored")].map((top) => readFileSync(join(top, "deep/er/large.bin")));
    expect(restored!.equals(large!)).toBe(true);
    expect(readFileSync(join(cwd, "restored/line\nbreak"), "utf8")).toBe("y");

    writeFileSync(join(cwd, "restored/empty"), "no longer");
    writeFileSync(join(cwd, "restored/line\nbreak"), "z");
    const differs = await fdfs(["verify", "--list", "ids.tsv", "--against", "restored"], cwd);
    expect(differs.exitCode).toBe(1);
    expect(differs.err).toContain("fdfs: empty: the stored file has 0 bytes, the local one 9.");
    expect(differs.err).toContain("the content differs within bytes 0 to 1.");

    expect(JSON.parse(await works("delete", "--list", "ids.tsv", "--json"))).toEqual({ deleted: 4, failed: [] });
    const again = await fdfs(["delete", "--list", "ids.tsv"], cwd);
    expect(again.exitCode).toBe(1);
    expect(again.err).toMatch(/deleted 0 files in .+; 4 failed\n$/);
  });

  it("reads standard input, of a size that nobody knows", async () => {
    const { out } = await fdfs(["config", "init", "--dir", "samples"], cwd);
    expect(out).toContain("written: samples/tracker.conf");
    const id = await works("upload", "-", "--ext", "txt");
    expect(id).toMatch(/\.txt$/);
    expect(await works("download", id, "-")).toBe("");
  });

  it("shows the cluster to people and to scripts", async () => {
    const view = JSON.parse(await works("monitor", "--json")) as {
      groups: object[];
      storages: { statusName: string }[];
    };
    expect(view.groups).toMatchObject([{ groupName: "group1", storageCount: 2, writableStorageCount: 2 }]);
    expect(view.storages.map(({ statusName }) => statusName)).toEqual(["ACTIVE", "ACTIVE"]);
    const listed = JSON.parse(await works("stat", "storages", "--active", "yes", "--json")) as { storageId: string }[];
    expect(listed.map(({ storageId }) => storageId)).toEqual(["100001", "100002"]);
    expect(JSON.parse(await works("stat", "storages", "--active", "no", "--json"))).toEqual([]);
    expect(JSON.parse(await works("stat", "groups", "--space", "yes", "--json"))).toMatchObject([
      { groupName: "group1", isDiskAvailable: true },
    ]);
    expect(await works("stat", "trackers", "--leader", "yes")).toMatch(/ active, leader .*\n\n1 tracker$/s);
    const table = await works("monitor", "--group", "group1", "--storage", "100002");
    expect(table).toMatch(/^ {2}100002 +group1 +127\.0\.0\.1:\d+ +ACTIVE +both/m);
    // The other one only as a column of the matrix.
    expect(table).not.toMatch(/^ {2}100001/m);
    expect(table).toMatch(/^ {2}100002 +ACTIVE .* it is complete and reports$/m);
    expect(table).toMatch(/^ {2}from \\ to +100001$/m);
    expect(await works("why", "100001")).toMatch(/^Storage 100001 of group1 .* is ACTIVE.*\nWhy: /);
    expect((await fdfs(["why", "100077"], cwd)).exitCode).toBe(1);
  });

  it("answers to the names of the C tools, directly and behind fdfs", async () => {
    const conf = join("fastdfs-data", "client.conf");
    const tool = join(cwd, "fdfs_upload_file");
    symlinkSync(binPath, tool);
    const uploaded = await fdfs([conf, "a.log"], cwd, tool);
    expect(uploaded).toMatchObject({ exitCode: 0, err: "" });
    const id = uploaded.out.trim();
    const elsewhere = await works("fdfs_upload_file", conf, "a.log", `127.0.0.1:${storagePort + 1}`, "0");
    expect(JSON.parse(await works("parse", elsewhere, "--json"))).toMatchObject({ source: { storageId: "100002" } });
    await works("fdfs_download_file", conf, id, "c-copy");
    expect(readFileSync(join(cwd, "c-copy"), "utf8")).toBe("first ");
    await works("fdfs_monitor", conf);
    const [group, ...name] = id.split("/");
    await works("fdfs_test", conf, "setmeta", group!, name.join("/"), "o", "a=1,b=2");
    expect(await works("fdfs_test1", conf, "getmeta", id)).toBe("a  1\nb  2");
    expect(await works("fdfs_test1", conf, "query_servers", id)).toMatch(/^127\.0\.0\.1:\d+ {2}takes changes$/m);
    expect(await works("fdfs_storage_stat", "-A", "-c", conf)).toMatch(/2 storages$/);
    expect(await works("fdfs_file_info", "-s", "-n", conf, id)).toContain("file size: 6");
    await works("fdfs_delete_file", conf, id);
    await works("fdfs_delete_file", conf, elsewhere);
  });

  it("measures itself and leaves nothing behind", async () => {
    const result = JSON.parse(
      await works("bench", "--count", "40", "--conns", "4", "--size", "1KB", "--json"),
    ) as object;
    expect(result).toMatchObject({
      failures: 0,
      results: [
        { operation: "upload", count: 20 },
        { operation: "download", count: 20 },
      ],
    });
  });

  it("passes the doctor's examination", async () => {
    const report = JSON.parse(await works("doctor", "--json")) as { errors: number; examinations: { title: string }[] };
    expect(report.errors).toBe(0);
    expect(report.examinations.map(({ title }) => title)).toEqual([
      "This machine",
      join("fastdfs-data", "tracker.conf"),
      join("fastdfs-data", "storage-1.conf"),
      join("fastdfs-data", "storage-2.conf"),
    ]);
  });

  it("does not start twice on the same data", async () => {
    const second = await fdfs(["up"], cwd);
    expect(second.exitCode).toBe(1);
    expect(second.err).toContain(`is in use by another "fdfs up", process ${up.pid}. Stop it (kill ${up.pid})`);
    const storage = await fdfs(["storage", "fastdfs-data/storage-1.conf"], cwd);
    expect(storage.exitCode).toBe(1);
    expect(storage.err).toContain(`is in use by another storage, process ${up.pid}`);
  });

  it("stops at Ctrl-C, and continues with the same files at the next start, even after kill -9", async () => {
    const id = await works("upload", "a.log");
    const stopped = await up.stop("SIGINT");
    expect(stopped).toMatchObject({ exitCode: 0 });
    expect(existsSync(join(cwd, "fastdfs-data", "up.pid"))).toBe(false);
    const nobody = await fdfs(["info", id], cwd);
    expect(nobody.exitCode).toBe(1);
    expect(nobody.err).toMatch(/ECONNREFUSED.*Is the server running there\?/);

    up = await startUp();
    expect(await works("download", id, "-")).toBe("first ");
    await up.stop("SIGKILL");
    expect(existsSync(join(cwd, "fastdfs-data", "up.pid"))).toBe(true);
    up = await startUp();
    expect(await works("download", id, "-")).toBe("first ");
    expect(await up.stop("SIGTERM")).toMatchObject({ exitCode: 0 });
    up = await startUp();
    await works("delete", id);
  });
});

describe("fdfs up that cannot start", () => {
  it("names the port and the option, and leaves nothing behind", async () => {
    using elsewhere = temporaryFolder();
    const first = await freePorts(3);
    const holder = await listenOn(first);
    const words = ["up", "--storage-port", String(first), "--port", String(first + 2)];
    const refused = await fdfs(words, elsewhere.path);
    expect(refused).toMatchObject({
      exitCode: 1,
      err: `fdfs: port ${first} for a storage is used by another program. Stop the other program or choose others: --storage-port N.\n`,
    });
    expect(readdirSync(join(elsewhere.path, "fastdfs-data"))).toEqual([]);
    await closeServer(holder);
  });

  it.each([
    [["--group", "no-group"], 1, 'group name "no-group" is not 1 to 16 letters and digits'],
    [["--port", "23001"], 2, "port 23001 would be both the tracker's and a storage's"],
    [["--storage-port", "65535"], 2, "the last storage would have port 65536"],
  ])("refuses %j before anything is written", async (words, exitCode, message) => {
    using elsewhere = temporaryFolder();
    const refused = await fdfs(["up", ...words], elsewhere.path);
    expect(refused.exitCode).toBe(exitCode);
    expect(refused.err).toContain(message);
    expect(readdirSync(join(elsewhere.path, "fastdfs-data"))).toEqual([]);
  });

  it("refuses options that contradict the data", async () => {
    using elsewhere = temporaryFolder();
    const first = await freePorts(2);
    const words = ["up", "--json", "--storages", "1", "--port", String(first), "--storage-port", String(first + 1)];
    const small = await startServer(words, elsewhere.path, "stdout");
    await small.stop();
    const other = await fdfs(["up", "--storages", "2"], elsewhere.path);
    expect(other.exitCode).toBe(1);
    expect(other.err).toContain("fdfs: --storages 2 contradicts the data directory, where it is 1");
  });
});
