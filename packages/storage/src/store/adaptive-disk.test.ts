// A disk whose calls take as long as the test says, inline and on its worker, on a clock that the test moves.
import {
  type Clock,
  type Disk,
  type DiskCallRunner,
  type DiskFile,
  type DiskSpace,
  type FileStat,
  Logger,
  type LogRecord,
  nullSink,
  QueuedBackgroundDisk,
  SystemError,
} from "@fastdfs-ts/runtime";
import { beforeEach, describe, expect, it } from "vitest";

import { AdaptiveDisk } from "./adaptive-disk.ts";
import { diskHealthLimits as limits } from "./disk-health.ts";

class TestClock implements Clock {
  nowMs = 0;
  timers: (() => void)[] = [];

  now = () => this.nowMs;
  monotonic = () => this.nowMs;
  after = () => ({ cancel() {} });
  every(_intervalMs: number, callback: () => void) {
    this.timers.push(callback);
    return { cancel: () => (this.timers = this.timers.filter((other) => other !== callback)) };
  }

  /** Lets a time pass, tick by tick. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += limits.tickMs) {
      this.nowMs += limits.tickMs;
      for (const timer of this.timers) timer();
      await settle();
    }
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

const stat: FileStat = { kind: "file", sizeBytes: 3, modifiedMs: 0, changedMs: 0, inode: 1 };
const space: DiskSpace = { totalBytes: 1, availableBytes: 1, totalInodes: 0, freeInodes: 0 };

class TestDisk implements Disk {
  /** What was called, and where: "inline stat /a". */
  readonly calls: string[] = [];
  inlineMs = 0;
  workerMs = 0;
  /** Thrown by every call. */
  error: Error | undefined;
  isInWorker = false;
  closedBackground = 0;
  /** The operation of files in which the worker hangs when it hangs; all if not given. */
  hangsIn: string | undefined;
  #hanging: (() => void)[] | undefined;
  readonly #clock: TestClock;

  constructor(clock: TestClock) {
    this.#clock = clock;
  }

  /** Calls on the worker do not return before `goOn`. */
  hang(): void {
    this.#hanging = [];
  }

  async goOn(): Promise<void> {
    const hanging = this.#hanging ?? [];
    this.#hanging = undefined;
    for (const run of hanging) run();
    await settle();
  }

  private call<T>(name: string, result: T): T {
    if (this.isInWorker) this.calls.push(`worker ${name}`);
    else {
      this.calls.push(`inline ${name}`);
      this.#clock.nowMs += this.inlineMs;
    }
    if (this.error !== undefined) throw this.error;
    return result;
  }

  open(path: string): DiskFile {
    return this.call(`open ${path}`, {
      read: () => this.call(`read ${path}`, 3),
      write: () => this.call(`write ${path}`, undefined),
      truncate: () => this.call(`truncate ${path}`, undefined),
      sync: () => this.call(`sync ${path}`, undefined),
      syncInBackground: () => Promise.resolve(),
      stat: () => this.call(`stat ${path}`, stat),
      setTimes: () => this.call(`setTimes ${path}`, undefined),
      close: () => this.call(`close ${path}`, undefined),
    });
  }
  stat = (path: string) => this.call(`stat ${path}`, stat);
  linkStat = (path: string) => this.call(`linkStat ${path}`, stat);
  readFile = (path: string) => this.call(`readFile ${path}`, Buffer.alloc(0));
  rename = (from: string) => this.call(`rename ${from}`, undefined);
  unlink = (path: string) => this.call(`unlink ${path}`, undefined);
  symlink = (_target: string, path: string) => this.call(`symlink ${path}`, undefined);
  readLink = (path: string) => this.call(`readLink ${path}`, "");
  makeDirectory = (path: string) => this.call(`makeDirectory ${path}`, undefined);
  removeDirectory = (path: string) => this.call(`removeDirectory ${path}`, undefined);
  readDirectory = (path: string) => this.call(`readDirectory ${path}`, []);
  syncDirectory = (path: string) => this.call(`syncDirectory ${path}`, undefined);
  space = (path: string) => this.call(`space ${path}`, space);

  background(name: string) {
    const onWorker = async <T>(operation: string, call: () => T): Promise<T> => {
      await new Promise<void>((resolve) => {
        if (this.#hanging === undefined || (this.hangsIn ?? operation) !== operation) resolve();
        else this.#hanging.push(resolve);
      });
      this.isInWorker = true;
      try {
        return call();
      } finally {
        this.isInWorker = false;
      }
    };
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the runner below has a `this` of its own
    const disk = this;
    const runner: DiskCallRunner = {
      run: (operation, args) => onWorker(operation, () => (disk[operation] as (...all: unknown[]) => never)(...args)),
      runOn: (file, operation, args) =>
        onWorker(operation, () => (file[operation] as (...all: unknown[]) => never)(...args)),
      get lastCallMs() {
        return disk.workerMs;
      },
      close() {
        disk.closedBackground++;
      },
    };
    return new QueuedBackgroundDisk(name, runner);
  }
}

const probeCalls = ["open", "write", "read", "close", "stat", "unlink"].map((step) => `worker ${step} /data1/probe`);

describe("AdaptiveDisk", () => {
  let clock: TestClock;
  let disk: TestDisk;
  let adaptive: AdaptiveDisk;
  let logged: Pick<LogRecord, "level" | "message">[];

  beforeEach(async () => {
    clock = new TestClock();
    disk = new TestDisk(clock);
    logged = [];
    const log = Logger.create({
      sink: { write: ({ level, message }) => logged.push({ level, message }), close() {} },
      clock,
      level: "info",
    });
    adaptive = await AdaptiveDisk.open({ disk, clock, log, path: "/data1", probePath: "/data1/probe" });
    expect(disk.calls).toEqual(probeCalls);
    disk.calls.length = 0;
  });

  const events = () => logged.map(({ level, message }) => `${level} ${message}`);
  const callInline = (ms: number) => {
    disk.inlineMs = ms;
    void adaptive.stat("/x");
    disk.inlineMs = 0;
  };
  const makeSlow = () => callInline(limits.slowCallMs + 1);
  const makeHung = async () => {
    disk.hang();
    await clock.pass(limits.probeIntervalMs + limits.hungMs);
    expect(adaptive.health).toBe("hung");
  };
  const untilQuick = () => clock.pass(limits.probeIntervalMs * limits.quickProbes);

  it("calls a quick disk inline and answers at once", () => {
    const file = adaptive.open("/a", "create");
    expect(file).not.toBeInstanceOf(Promise);
    expect(adaptive.stat("/a")).toBe(stat);
    expect(adaptive.space("/data1")).toBe(space);
    expect(adaptive.readLink("/a")).toBe("");
    void adaptive.rename("/a", "/b");
    expect(disk.calls).toEqual(
      ["open /a", "stat /a", "space /data1", "readLink /a", "rename /a"].map((c) => `inline ${c}`),
    );
  });

  it("passes errors on as they are, in each state", async () => {
    disk.error = new SystemError("ENOSPC", "open", "/a");
    expect(() => adaptive.open("/a", "create")).toThrow(disk.error);
    makeSlowWithErrors();
    await expect(adaptive.open("/a", "create")).rejects.toBe(disk.error);

    function makeSlowWithErrors() {
      disk.inlineMs = limits.slowCallMs + 1;
      expect(() => adaptive.stat("/x")).toThrow(disk.error!);
      disk.inlineMs = 0;
    }
  });

  describe("turns slow", () => {
    it("after one very long call", async () => {
      callInline(limits.slowCallMs);
      expect(adaptive.health).toBe("quick");
      makeSlow();
      expect(adaptive.health).toBe("slow");
      disk.calls.length = 0;
      expect(await adaptive.stat("/a")).toBe(stat);
      expect(disk.calls).toEqual(["worker stat /a"]);
    });

    it("after several long calls within the window", () => {
      for (let i = 1; i < limits.strainedCalls; i++) callInline(limits.strainedCallMs + 1);
      expect(adaptive.health).toBe("quick");
      callInline(limits.strainedCallMs + 1);
      expect(adaptive.health).toBe("slow");
      expect(events()).toEqual(["warn store-path.slow"]);
    });

    it("not after long calls now and then", () => {
      for (let i = 0; i < 10; i++) {
        callInline(limits.strainedCallMs + 1);
        clock.nowMs += limits.strainedWindowMs / (limits.strainedCalls - 1);
      }
      expect(adaptive.health).toBe("quick");
    });

    it("not after a few long calls among many quick ones: the machine is busy, not the disk", () => {
      for (let i = 0; i < 10; i++) {
        for (let quick = 0; quick < 2 * limits.callsPerStrainedCall; quick++) callInline(0);
        callInline(limits.strainedCallMs + 1);
      }
      expect(adaptive.health).toBe("quick");
    });

    it("when a probe does not come back, before an inline call would have had to", async () => {
      disk.hang();
      await clock.pass(limits.probeIntervalMs + limits.probeLateMs);
      expect(adaptive.health).toBe("slow");
      expect(disk.calls.filter((call) => call.startsWith("inline"))).toEqual([]);
    });

    it("when all calls of a probe together take too long", async () => {
      disk.workerMs = limits.slowCallMs / 2;
      await clock.pass(limits.probeIntervalMs);
      expect(adaptive.health).toBe("slow");
    });

    it("not because a sync takes its time", async () => {
      await clock.pass(limits.probeIntervalMs * (limits.syncEveryProbes - 2));
      expect(disk.calls).not.toContain("worker sync /data1/probe");
      disk.hangsIn = "sync";
      disk.hang();
      await clock.pass(limits.probeIntervalMs + limits.syncLateMs - limits.tickMs);
      expect(adaptive.health).toBe("quick");
      await disk.goOn();
      await clock.pass(limits.tickMs);
      expect(disk.calls).toContain("worker sync /data1/probe");
      expect(adaptive.health).toBe("quick");
    });

    it("not because this process stood still", async () => {
      disk.hang();
      await clock.pass(limits.probeIntervalMs);
      clock.nowMs += 60_000;
      await clock.pass(limits.tickMs);
      await disk.goOn();
      await clock.pass(limits.tickMs);
      expect(adaptive.health).toBe("quick");
    });
  });

  describe("is quick again", () => {
    it("after several quick probes in a row", async () => {
      makeSlow();
      await clock.pass(limits.probeIntervalMs * (limits.quickProbes - 1));
      expect(adaptive.health).toBe("slow");
      await clock.pass(limits.probeIntervalMs);
      expect(adaptive.health).toBe("quick");
      expect(events()).toEqual(["warn store-path.slow", "notice store-path.quick"]);
      expect(adaptive.stat("/a")).toBe(stat);
    });

    it("not while probes are slow", async () => {
      makeSlow();
      disk.workerMs = limits.quickProbeMs;
      await untilQuick();
      await untilQuick();
      expect(adaptive.health).toBe("slow");
    });

    it("not while requests are slow, even if probes are quick", async () => {
      makeSlow();
      for (let i = 0; i < 2 * limits.quickProbes; i++) {
        disk.workerMs = limits.strainedCallMs + 1;
        await adaptive.stat("/cold");
        disk.workerMs = 0;
        await clock.pass(limits.probeIntervalMs);
      }
      expect(adaptive.health).toBe("slow");
    });

    it("also if one request of very many was slow", async () => {
      makeSlow();
      disk.workerMs = limits.strainedCallMs + 1;
      await adaptive.stat("/cold");
      disk.workerMs = 0;
      for (let i = 0; i < limits.callsPerStrainedCall; i++) await adaptive.stat("/warm");
      await untilQuick();
      expect(adaptive.health).toBe("quick");
    });

    it("also if it is full: an error is an answer", async () => {
      makeSlow();
      disk.error = new SystemError("ENOSPC", "open");
      await untilQuick();
      expect(adaptive.health).toBe("quick");
    });
  });

  describe("that hangs", () => {
    const noAnswer = {
      kind: "TIMED_OUT",
      message: expect.stringMatching(/store path \/data1 does not answer since \d+ s/),
    };

    it("sends away who waits, refuses who comes, and says so once", async () => {
      makeSlow();
      disk.hang();
      const waiting = Promise.allSettled([adaptive.stat("/a"), adaptive.open("/b", "create")]);
      await clock.pass(limits.tickMs + limits.hungMs);
      expect(adaptive.health).toBe("hung");
      for (const { reason } of (await waiting) as PromiseRejectedResult[]) expect(reason).toMatchObject(noAnswer);
      await expect(adaptive.open("/c", "read")).rejects.toMatchObject(noAnswer);
      await clock.pass(60_000);
      await expect(adaptive.stat("/c")).rejects.toThrow(/since 70 s/);
      expect(events()).toEqual(["warn store-path.slow", "error store-path.hung"]);
    });

    it("makes up for changes, not for questions, when it answers again", async () => {
      await makeHung();
      await expect(adaptive.unlink("/half")).rejects.toMatchObject(noAnswer);
      await expect(adaptive.stat("/a")).rejects.toMatchObject(noAnswer);
      disk.calls.length = 0;
      await disk.goOn();
      await clock.pass(limits.tickMs);
      expect(disk.calls).toContain("worker unlink /half");
      expect(disk.calls).not.toContain("worker stat /a");
      expect(adaptive.health).toBe("slow");
      await untilQuick();
      expect(events()).toEqual([
        "warn store-path.slow",
        "error store-path.hung",
        "warn store-path.slow",
        "notice store-path.quick",
      ]);
    });

    it("is closed without waiting, and not looked at any more", async () => {
      await makeHung();
      adaptive.close();
      expect(disk.closedBackground).toBe(1);
      expect(clock.timers).toEqual([]);
    });
  });

  describe("a file", () => {
    it("opened while the disk was quick is used on the worker when it is slow, and the other way round", async () => {
      const old = await adaptive.open("/old", "create");
      makeSlow();
      const young = await adaptive.open("/young", "create");
      disk.calls.length = 0;
      await old.write(Buffer.alloc(3), 0, 3, 0);
      expect(await old.stat()).toBe(stat);
      await old.close();
      expect(disk.calls).toEqual(["worker write /old", "worker stat /old", "worker close /old"]);
      await untilQuick();
      disk.calls.length = 0;
      expect(young.read(Buffer.alloc(3), 0, 3, 0)).toBe(3);
      void young.truncate(1);
      void young.setTimes(1);
      void young.close();
      expect(disk.calls).toEqual(["read", "truncate", "setTimes", "close"].map((name) => `inline ${name} /young`));
    });

    it("is closed at once while the disk hangs, and in truth when it answers", async () => {
      const file = await adaptive.open("/a", "create");
      await makeHung();
      await expect(file.write(Buffer.alloc(3), 0, 3, 0)).rejects.toThrow(/does not answer/);
      await file.close();
      disk.calls.length = 0;
      await disk.goOn();
      expect(disk.calls).toContain("worker close /a");
    });

    it("that was only read never fails to close", async () => {
      const [read, written] = [await adaptive.open("/r", "read"), await adaptive.open("/w", "create")];
      makeSlow();
      disk.error = new SystemError("EIO", "close");
      await read.close();
      await expect(written.close()).rejects.toBe(disk.error);
    });
  });

  it("is there even if the disk hangs from the beginning, and says so", async () => {
    disk.hang();
    const opening = AdaptiveDisk.open({
      disk,
      clock,
      log: Logger.create({ sink: nullSink, clock, level: "info" }),
      path: "/data2",
      probePath: "/data2/probe",
    });
    await clock.pass(limits.hungMs);
    expect((await opening).health).toBe("hung");
  });

  it("probes a disk that nobody uses, and leaves nothing behind", async () => {
    await clock.pass(limits.probeIntervalMs);
    expect(disk.calls).toEqual(probeCalls);
    expect(events()).toEqual([]);
  });
});
