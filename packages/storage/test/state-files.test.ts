// State files, hash directories and store path marks on a real disk.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { FdfsError } from "@fastdfs-ts/protocol";
import type { Logger } from "@fastdfs-ts/runtime";
import { nodeClock, nodeDisk, nodeRandom } from "@fastdfs-ts/runtime/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { hasBinlogRecords, readBinlogIndex, writeBinlogIndex } from "../src/formats/binlog-index-file.ts";
import { DataInitFile } from "../src/formats/data-init-file.ts";
import { StatFile } from "../src/formats/stat-file.ts";
import { StateFile } from "../src/formats/state-file.ts";
import { readOrCreateStorageUuid } from "../src/identity.ts";
import { encodePathMark, judgeStorePath, readPathMark, writePathMark } from "../src/store/path-mark.ts";
import { prepareEmptyMember } from "../src/store/prepare-empty-member.ts";
import { createSubdirectories, hasSubdirectories } from "../src/store/subdirectories.ts";

let base: string;
let data: string;
let events: string[];

const log = {
  warn: (event: string) => void events.push(event),
} as unknown as Logger;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "fdfs-state-"));
  data = join(base, "data");
  mkdirSync(join(data, "sync"), { recursive: true });
  events = [];
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

describe("StateFile", () => {
  it("is missing, then there, then replaced, and leaves nothing beside it", async () => {
    const file = new StateFile(nodeDisk, join(data, "x.dat"));
    expect(file.read()).toBeUndefined();
    file.replace("one");
    expect(file.read()).toBe("one");
    await file.replaceInBackground("two");
    expect(file.read()).toBe("two");
    expect(readdirSync(data)).toEqual(["sync", "x.dat"]);
  });

  it("keeps the newer text when a slow replacement is overtaken", async () => {
    const file = new StateFile(nodeDisk, join(data, "x.dat"));
    const slow = file.replaceInBackground("old");
    // Let the slow one come as far as its sync.
    await Promise.resolve();
    file.replace("new");
    await slow;
    expect(file.read()).toBe("new");
    expect(readdirSync(data)).toEqual(["sync", "x.dat"]);
  });

  it("does background replacements in order", async () => {
    const file = new StateFile(nodeDisk, join(data, "x.dat"));
    await Promise.all(["a", "b", "c"].map((text) => file.replaceInBackground(text)));
    expect(file.read()).toBe("c");
  });

  it("leaves the old file and no half-written one when it fails", () => {
    const path = join(data, "x.dat");
    new StateFile(nodeDisk, path).replace("kept");
    const fullDisk = {
      ...nodeDisk,
      open: (name: string, mode: Parameters<typeof nodeDisk.open>[1]) => {
        const file = nodeDisk.open(name, mode);
        return Object.assign(Object.create(file) as typeof file, {
          write: () => {
            throw Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" });
          },
          close: () => file.close(),
        });
      },
    };
    const file = new StateFile(fullDisk, path);
    expect(() => file.replace("lost")).toThrow(expect.objectContaining({ kind: "NO_SPACE" }));
    expect(readFileSync(path, "utf8")).toBe("kept");
    expect(readdirSync(data)).toEqual(["sync", "x.dat"]);
  });
});

describe("StatFile", () => {
  it("saves when something changed and reads it back", async () => {
    const file = StatFile.open(nodeDisk, base, log);
    expect(await file.saveIfChanged(), "a missing file is created").toBe(true);
    expect(await file.saveIfChanged()).toBe(false);
    file.statistics.totalUploadCount = 5;
    expect(await file.saveIfChanged()).toBe(true);
    expect(StatFile.open(nodeDisk, base, log).statistics.totalUploadCount).toBe(5);
    expect(events).toEqual([]);
  });

  it("starts on a damaged file, with a warning", () => {
    writeFileSync(join(data, "storage_stat.dat"), "total_upload_count=5\nsuccess_upload_count=4x");
    expect(StatFile.open(nodeDisk, base, log).statistics.totalUploadCount).toBe(5);
    expect(events).toEqual(["statistics.damaged"]);
  });
});

describe("DataInitFile", () => {
  it("is created at the first start and keeps changes", () => {
    const first = DataInitFile.open(nodeDisk, base, 1000);
    expect(first.isFirstStart).toBe(true);
    first.update({ isSyncOldDone: true, syncSourceId: "10.0.0.1" });
    const second = DataInitFile.open(nodeDisk, base, 2000);
    expect(second.isFirstStart).toBe(false);
    expect(second.flag).toMatchObject({ joinTimeSeconds: 1000, isSyncOldDone: true, syncSourceId: "10.0.0.1" });
  });

  it.each(["", "storage_join_time=1\nsync_old_d", "storage_join_time=x\nsync_old_done=1\nsync_src_server=\n"])(
    "refuses %j and says what to do",
    (text) => {
      writeFileSync(join(data, ".data_init_flag"), text);
      expect(() => DataInitFile.open(nodeDisk, base, 1)).toThrow(/\.data_init_flag.*Restore the file/);
    },
  );
});

describe("binlog index", () => {
  it("is written, read, and rebuilt from the parts when damaged", () => {
    const folder = join(data, "sync");
    expect(readBinlogIndex(nodeDisk, folder, log)).toBeUndefined();
    writeBinlogIndex(nodeDisk, folder, { currentWrite: 2, currentCompress: 1 });
    expect(readBinlogIndex(nodeDisk, folder, log)).toEqual({ currentWrite: 2, currentCompress: 1 });
    expect(events).toEqual([]);
    writeFileSync(join(folder, "binlog_index.dat"), "");
    for (const name of ["binlog.000.gz", "binlog.001", "binlog.002"]) writeFileSync(join(folder, name), "");
    expect(readBinlogIndex(nodeDisk, folder, log)).toEqual({ currentWrite: 2, currentCompress: 1 });
    expect(events).toEqual(["binlog.index-rebuilt"]);
  });

  it("reads the old one-number form", () => {
    writeFileSync(join(data, "sync", "binlog.index"), "3\n");
    expect(readBinlogIndex(nodeDisk, join(data, "sync"), log)).toEqual({ currentWrite: 3, currentCompress: 0 });
  });

  it("tells an empty binlog from one with records", () => {
    expect(hasBinlogRecords(nodeDisk, join(base, "nowhere"))).toBe(false);
    writeFileSync(join(data, "sync", "binlog.000"), "");
    expect(hasBinlogRecords(nodeDisk, join(data, "sync"))).toBe(false);
    writeFileSync(join(data, "sync", "binlog.000"), "1 C x\n");
    expect(hasBinlogRecords(nodeDisk, join(data, "sync"))).toBe(true);
  });
});

describe("storage UUID", () => {
  it("is made once and kept", () => {
    const uuid = readOrCreateStorageUuid(nodeDisk, nodeRandom, base);
    expect(uuid).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(readOrCreateStorageUuid(nodeDisk, nodeRandom, base)).toBe(uuid);
  });

  it("is refused when it is something else", () => {
    writeFileSync(join(data, ".storage_uuid"), "hello");
    expect(() => readOrCreateStorageUuid(nodeDisk, nodeRandom, base)).toThrow(FdfsError);
  });
});

describe("hash directories", () => {
  const options = () => ({ disk: nodeDisk, clock: nodeClock, dataPath: data, count: 18 });

  it("are all created, with progress", async () => {
    const progress: number[] = [];
    expect(hasSubdirectories(nodeDisk, data, 18)).toBe(false);
    await createSubdirectories({ ...options(), onProgress: (done) => progress.push(done) });
    expect(hasSubdirectories(nodeDisk, data, 18)).toBe(true);
    expect(readdirSync(data).filter((name) => name !== "sync")).toHaveLength(18);
    expect(readdirSync(join(data, "11"))).toEqual(readdirSync(join(data, "00")));
    expect(progress.at(-1)).toBe(18 * 18);
    expect(progress.slice(0, 2)).toEqual([18, 36]);
  });

  it("are not taken for complete when interrupted, and completed the next time", async () => {
    const stop = new AbortController();
    const interrupted = createSubdirectories({
      ...options(),
      signal: stop.signal,
      onProgress: (done) => {
        if (done > 200) stop.abort(new Error("stopped"));
      },
    });
    await expect(interrupted).rejects.toThrow("stopped");
    expect(hasSubdirectories(nodeDisk, data, 18)).toBe(false);
    await createSubdirectories(options());
    expect(hasSubdirectories(nodeDisk, data, 18)).toBe(true);
  });

  it("let other work run in between", async () => {
    let turns = 0;
    let isDone = false;
    const turn = () => {
      turns++;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    await createSubdirectories(options());
    isDone = true;
    // It gives way after each of the 18 directories of the first level.
    expect(turns).toBeGreaterThanOrEqual(18);
  });
});

describe("judgeStorePath", () => {
  const ours = encodePathMark({ address: "10.0.0.1", port: 23000, storePathIndex: 0, createdSeconds: 1000 });
  const flag = (knownMark?: string, isSyncOldDone = true) => ({
    joinTimeSeconds: 1000,
    isSyncOldDone,
    storePathMarks: knownMark === undefined ? [] : [knownMark],
  });
  const judge = (changes: Partial<Parameters<typeof judgeStorePath>[0]>) =>
    judgeStorePath({
      disk: nodeDisk,
      storePath: base,
      storePathIndex: 0,
      subdirCount: 1,
      flag: flag(),
      hasHistory: false,
      address: "10.0.0.1",
      port: 23000,
      checksMarks: true,
      ...changes,
    });

  it("sees a new path, then one of our own", () => {
    expect(judge({}).action).toBe("initialise");
    mkdirSync(join(data, "00/00"), { recursive: true });
    writePathMark(nodeDisk, base, ours);
    expect(readPathMark(nodeDisk, base)).toBe(ours);
    expect(judge({ flag: flag(ours) }).action).toBe("use");
  });

  it("adopts the mark of an interrupted first start, and refuses an older one and another port's", () => {
    mkdirSync(join(data, "00/00"), { recursive: true });
    writePathMark(nodeDisk, base, ours);
    expect(judge({}).action).toBe("adopt");
    expect(judge({ flag: { ...flag(), joinTimeSeconds: 1001 } }).action).toBe("refuse");
    const other = judge({ port: 23001 });
    expect(other.action).toBe("refuse");
    expect(other.reason).toContain("10.0.0.1:23000");
  });

  it("never takes an empty disk for a new one where files were", () => {
    expect(judge({ flag: flag(ours) })).toMatchObject({ action: "recover" });
    expect(judge({ hasHistory: true, checksMarks: false }).action).toBe("recover");
    expect(judge({ flag: flag(ours) }).reason).toMatch(/not mounted.*Mount it/);
  });

  it("takes a path without a mark beside marked ones for an added one", () => {
    const added = { ...flag(ours), storePathMarks: [ours] };
    expect(judge({ storePathIndex: 1, flag: added, hasHistory: true }).action).toBe("initialise");
  });
});

describe("prepareEmptyMember", () => {
  it("makes a new storage complete, once", () => {
    const fresh = join(base, "fresh");
    mkdirSync(fresh);
    expect(prepareEmptyMember(nodeDisk, fresh, [fresh], 1234)).toBe(true);
    const file = DataInitFile.open(nodeDisk, fresh, 9999);
    expect(file.flag).toMatchObject({ isSyncOldDone: true, syncSourceId: "", joinTimeSeconds: 1234 });
    expect(prepareEmptyMember(nodeDisk, fresh, [fresh], 5678)).toBe(false);
  });

  it("leaves a storage that has run as it is", () => {
    DataInitFile.open(nodeDisk, base, 1);
    expect(prepareEmptyMember(nodeDisk, base, [base], 2)).toBe(false);
    expect(DataInitFile.open(nodeDisk, base, 3).flag.isSyncOldDone).toBe(false);
  });

  it.each(["sync/binlog.000", ".fastdfs_vars", "0A/FF/some-file.txt"])("refuses when there is %s", (name) => {
    const path = join(data, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, name === ".fastdfs_vars" ? "store_path_mark=abc\n" : "x");
    expect(() => prepareEmptyMember(nodeDisk, base, [base], 1)).toThrow(
      expect.objectContaining({ kind: "ALREADY_EXISTS" }),
    );
  });

  it("does not mind empty hash directories", async () => {
    await createSubdirectories({ disk: nodeDisk, clock: nodeClock, dataPath: data, count: 3 });
    expect(prepareEmptyMember(nodeDisk, base, [base], 1)).toBe(true);
  });
});
