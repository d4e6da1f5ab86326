// One download: its size is known, its bytes come when they are asked for, and if the server goes away in the middle,
// another one continues where it stopped.
import { Readable } from "node:stream";

import { FdfsError, type FileIdFacts, printFileId } from "@fastdfs-ts/protocol";

import type { Operation } from "./operations.ts";
import { isKind, kindOf, nextStep } from "./retry-policy.ts";
import { about, type Session } from "./session.ts";
import { saveDownload } from "./save-file.ts";
import type { OnProgress } from "./upload-source.ts";

/** The rest of a file as one storage sends it. */
export interface Part {
  readonly bodyBytes: number;
  next(): Promise<Buffer | undefined>;
  /** Gives the connection back; cuts it if the part was not read to its end. May be called twice. */
  close(): void;
}

/** Opens a part at another storage than those that failed. */
type Reopen = (offset: number, length: number, signal: AbortSignal) => Promise<Part>;

export interface SaveOptions {
  /** Wait until the bytes are on the disk before the file gets its name. Default true. */
  readonly sync?: boolean | undefined;
}

export interface DownloadInit {
  readonly session: Session;
  readonly file: FileIdFacts;
  readonly offset: number;
  readonly part: Part;
  readonly reopen: Reopen;
  readonly operation: Operation;
  readonly onProgress: OnProgress | undefined;
}

/** More interruptions than this in one download are not a coincidence. */
const RESUMES_MAX = 5;

/**
 * An open download. It holds a connection until it was read to its end, failed, or was cancelled: read it with exactly
 * one of `bytes`, `stream`, `saveTo` or `for await`, or call `cancel`.
 *
 * Every way of reading fails with FdfsError: CONNECTION_LOST, TIMED_OUT and other troubles of servers when no other
 * server could continue, ABORTED when the signal fired.
 */
export class Download implements AsyncIterable<Buffer>, AsyncDisposable {
  readonly fileId: string;
  /** First byte of the file that is part of this download. */
  readonly offset: number;
  /** Bytes of this download. */
  readonly size: number;
  private readonly init: DownloadInit;
  private part: Part;
  private doneBytes = 0;
  private resumes = 0;
  private state: "untouched" | "reading" | "done" = "untouched";

  constructor(init: DownloadInit) {
    this.init = init;
    this.part = init.part;
    this.fileId = printFileId(init.file);
    this.offset = init.offset;
    this.size = init.part.bodyBytes;
    // A download that nobody reads on must not keep its connection when it is called off.
    init.operation.signal.addEventListener("abort", this.onAbort, { once: true });
    if (this.size === 0) this.finish();
  }

  /** Everything in one buffer. Throws BAD_REQUEST if that is more than a buffer can hold: use `stream` or `saveTo`. */
  async bytes(): Promise<Buffer> {
    this.claim();
    let whole: Buffer;
    try {
      whole = Buffer.allocUnsafeSlow(this.size);
    } catch (error) {
      this.cancel();
      const reason = `${this.size} bytes do not fit into one buffer: use stream() or saveTo()`;
      throw new FdfsError("BAD_REQUEST", { fileName: this.fileId, reason }, { cause: error });
    }
    let at = 0;
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) at += chunk.copy(whole, at);
    return whole;
  }

  /** A Node Readable. Destroying it cancels the download. */
  stream(): Readable {
    return Readable.from(this, { objectMode: false });
  }

  /**
   * Writes to a local file. The bytes go into a temporary file beside it, which gets the name when it is complete:
   * whatever happens, `path` is either what it was before or the whole download. Throws the disk's trouble (NO_SPACE,
   * ACCESS_DENIED …) with the path.
   */
  async saveTo(path: string, options: SaveOptions = {}): Promise<void> {
    this.claim();
    try {
      await saveDownload(this.init.session.world, path, () => this.next(), options.sync ?? true);
    } finally {
      this.cancel();
    }
  }

  /** Gives up what was not read yet. May be called at any time, more than once. */
  cancel(): void {
    this.finish();
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    this.claim();
    return {
      next: async () => {
        const chunk = await this.next();
        return chunk === undefined ? { done: true, value: undefined } : { done: false, value: chunk };
      },
      return: () => {
        this.cancel();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    return Promise.resolve();
  }

  private claim(): void {
    if (this.state === "reading") throw new TypeError(`${this.fileId}: this download is already being read`);
    if (this.state === "done" && (this.size > 0 || this.doneBytes > 0)) {
      throw new TypeError(`${this.fileId}: this download is over; start another one`);
    }
    if (this.state === "untouched") this.state = "reading";
  }

  private async next(): Promise<Buffer | undefined> {
    const { operation, file, onProgress } = this.init;
    for (;;) {
      if (operation.signal.aborted) throw this.fail(new FdfsError("ABORTED", {}, { cause: operation.signal.reason }));
      if (this.state === "done") {
        if (this.doneBytes === this.size) return undefined;
        throw about(file, new FdfsError("ABORTED", { reason: "the download was cancelled" }));
      }
      try {
        const chunk = await this.part.next();
        if (chunk === undefined) throw new FdfsError("CONNECTION_LOST", { reason: "the file ended too early" });
        this.doneBytes += chunk.length;
        onProgress?.({ doneBytes: this.doneBytes, totalBytes: this.size });
        if (this.doneBytes === this.size) this.finish();
        return chunk;
      } catch (error) {
        await this.resume(error);
      }
    }
  }

  /** Continues at another storage, or throws what went wrong. */
  private async resume(error: unknown): Promise<void> {
    const { file, offset, reopen, operation } = this.init;
    const step = nextStep("any-holder", "sent-on-fresh", kindOf(error));
    // The members of a group may have different versions of a file that is being changed: never mix them.
    const isImmutable = file.kind !== "appender" && file.kind !== "unknown";
    if (step !== "other-server" || !isImmutable || this.resumes >= RESUMES_MAX) throw this.fail(error);
    this.resumes++;
    this.part.close();
    const left = this.size - this.doneBytes;
    let part: Part;
    try {
      part = await reopen(offset + this.doneBytes, left, operation.signal);
    } catch (other) {
      throw this.fail(isKind(other, "ABORTED") ? other : error);
    }
    this.part = part;
    // Not the same file, or not all of it.
    if (part.bodyBytes !== left) throw this.fail(error);
  }

  private fail(error: unknown): unknown {
    this.finish();
    return about(this.init.file, error);
  }

  private finish(): void {
    this.part.close();
    if (this.state === "done") return;
    this.state = "done";
    this.init.operation.signal.removeEventListener("abort", this.onAbort);
    this.init.operation.end();
  }

  private readonly onAbort = (): void => {
    // Somebody who is reading learns it from the connection, and ends it then.
    if (this.state === "untouched") this.finish();
    else this.part.close();
  };
}
