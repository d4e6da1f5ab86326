// What runs in a disk's thread: one synchronous file call after the other, as they come. Its text is handed to the thread
// (fs-thread.ts), so that sources, builds and bundles need no second entry file: nothing from outside the function may be
// used in it but types.
import type * as NodeFs from "node:fs";
import type { MessagePort } from "node:worker_threads";

/** The calls, by the names they have in node:fs, with their arguments and results; buffers travel as bytes of their own. */
export interface FsCalls {
  openSync(path: string, flags: number, mode: number): number;
  closeSync(fd: number): void;
  /** The bytes read at `position`. */
  readSync(fd: number, length: number, position: number): Uint8Array<ArrayBuffer>;
  /** Returns how many were written. */
  writeSync(fd: number, bytes: Uint8Array<ArrayBuffer>, position: number | null): number;
  ftruncateSync(fd: number, length: number): void;
  fsyncSync(fd: number): void;
  fdatasyncSync(fd: number): void;
  fstatSync(fd: number): NodeFs.Stats;
  futimesSync(fd: number, accessedSeconds: number, modifiedSeconds: number): void;
  statSync(path: string, options: { throwIfNoEntry: false }): NodeFs.Stats | undefined;
  lstatSync(path: string, options: { throwIfNoEntry: false }): NodeFs.Stats | undefined;
  statfsSync(path: string): NodeFs.StatsFs;
  readFileSync(path: string): Uint8Array<ArrayBuffer>;
  renameSync(from: string, to: string): void;
  unlinkSync(path: string): void;
  symlinkSync(target: string, path: string): void;
  readlinkSync(path: string): string;
  mkdirSync(path: string, options: { recursive: true }): string | undefined;
  rmdirSync(path: string): void;
  readdirSync(path: string): string[];
}

export interface FsRequest {
  readonly name: keyof FsCalls;
  readonly args: readonly unknown[];
}

export interface FsAnswer {
  readonly tookMs: number;
  readonly result?: unknown;
  /** What a clone of an Error would lose. */
  readonly failure?: { message: string; code: unknown; errno: unknown; syscall: unknown; path: unknown };
}

/** `isBusy[0]` was set to 1 by who asked; it is 0 again when the call has ended. */
export function serveFsCalls(fs: typeof NodeFs, port: MessagePort, isBusy: Int32Array): void {
  const bufferCalls: Record<string, (...args: never[]) => unknown> = {
    readSync(fd: number, length: number, position: number) {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, position));
    },
    writeSync: (fd: number, bytes: Uint8Array, position: number | null) =>
      fs.writeSync(fd, bytes, 0, bytes.length, position),
    // A small file comes in a slice of Node's shared pool, which can't be handed over.
    readFileSync: (path: string) => new Uint8Array(fs.readFileSync(path)),
  };

  function answerTo({ name, args }: FsRequest): FsAnswer {
    const startMs = performance.now();
    try {
      const call = (bufferCalls[name] ?? fs[name]) as (...args: readonly unknown[]) => unknown;
      const result = call(...args);
      return { tookMs: performance.now() - startMs, result };
    } catch (error) {
      const { message, code, errno, syscall, path } = error as NodeJS.ErrnoException;
      return { tookMs: performance.now() - startMs, failure: { message, code, errno, syscall, path } };
    }
  }

  port.on("message", (request: FsRequest | "end") => {
    if (request === "end") {
      port.close();
      return;
    }
    const answer = answerTo(request);
    Atomics.store(isBusy, 0, 0);
    Atomics.notify(isBusy, 0);
    port.postMessage(answer, answer.result instanceof Uint8Array ? [answer.result.buffer as ArrayBuffer] : []);
  });
}
