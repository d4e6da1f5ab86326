// Background calls of a simulated disk: what a worker thread would do, on virtual time.
import {
  type Disk,
  type DiskCallRunner,
  type DiskCalls,
  type DiskFile,
  type FileCalls,
  invariant,
} from "@fastdfs-ts/runtime";
import type { EventQueue } from "./event-queue.ts";
import type { Life } from "./life.ts";
import type { Prng } from "./prng.ts";
import type { DiskDelays } from "./sim-disk-delays.ts";

/** How long a call of a quick disk takes, the way to the worker and back included, in milliseconds. */
const quickCallMs = { min: 0.02, max: 0.2 };

export interface SimDiskRunnerModules {
  readonly disk: Disk;
  readonly pathOf: (file: DiskFile) => string;
  readonly delays: DiskDelays;
  readonly life: Life;
  readonly queue: EventQueue;
  readonly random: Prng;
}

export class SimDiskRunner implements DiskCallRunner {
  readonly #modules: SimDiskRunnerModules;
  #lastCallMs = 0;

  constructor(modules: SimDiskRunnerModules) {
    this.#modules = modules;
  }

  get lastCallMs(): number {
    return this.#lastCallMs;
  }

  run<Name extends keyof DiskCalls>(name: Name, args: Parameters<DiskCalls[Name]>) {
    const call = this.#modules.disk[name] as (...all: Parameters<DiskCalls[Name]>) => ReturnType<DiskCalls[Name]>;
    return this.#later(args[0], () => call.apply(this.#modules.disk, args));
  }

  runOn<Name extends keyof FileCalls>(
    file: DiskFile,
    name: Name,
    args: Parameters<FileCalls[Name]>,
    isWanted: () => boolean,
  ) {
    const call = file[name] as (...all: Parameters<FileCalls[Name]>) => ReturnType<FileCalls[Name]>;
    return this.#later(this.#modules.pathOf(file), () => {
      // The buffer is somebody else's by now; what was read is wanted by nobody.
      if (name === "read" && !isWanted()) return 0 as ReturnType<FileCalls[Name]>;
      return call.apply(file, args);
    });
  }

  close(): void {
    // There is no thread that could be left over.
  }

  #later<Result>(path: string, call: () => Result): Promise<Result> {
    const { delays, life, queue, random } = this.#modules;
    const startMs = queue.nowMs;
    const ownMs = random.between(quickCallMs.min, quickCallMs.max);
    return new Promise((resolve, reject) => {
      const goOn = life.while(() => {
        this.#lastCallMs = queue.nowMs - startMs;
        try {
          resolve(delays.inBackground(call));
        } catch (error) {
          invariant(error instanceof Error, "a disk throws errors");
          reject(error);
        }
      });
      delays.delay(path, (ms, run) => void queue.after(ownMs + ms, run), goOn);
    });
  }
}
