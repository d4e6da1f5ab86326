// Several new files that one of ours pushes as one request (125): whole requests of 16, one behind the other. All contents
// are written, then all records are logged with one write, then the files get their names: for each of them the order is
// that of a single one.
import {
  FdfsError,
  frameBodyBytes,
  frameCommand,
  frameStatus,
  HEADER_BYTES,
  storageCommands,
  SyncFileRequest,
  TOGETHER_REQUESTS_MAX,
} from "@fastdfs-ts/protocol";
import type { ContentReader } from "@fastdfs-ts/rpc";

import type { FileStore } from "../files/file-store.ts";
import { all, after, type Awaitable, rescue } from "../store/awaitable.ts";
import { publishTogether, stageFile, type StagedFile } from "./apply-files.ts";
import type { ApplyOutcome } from "./apply-outcome.ts";
import type { Pusher } from "./pusher.ts";

/** One of the requests. */
export interface NewFile {
  readonly request: SyncFileRequest;
  /** Lent until the turn ends. */
  readonly content: Buffer;
}

/** Throws FdfsError BAD_REQUEST for what is not a row of whole requests. */
export function readNewFiles(body: Buffer): NewFile[] {
  const files: NewFile[] = [];
  for (let at = 0; at < body.length;) {
    if (files.length === TOGETHER_REQUESTS_MAX) throw malformed(`more than ${TOGETHER_REQUESTS_MAX} requests`);
    const end = at + HEADER_BYTES + requestBytes(body, at);
    files.push(readNewFile(body.subarray(at + HEADER_BYTES, end)));
    at = end;
  }
  return files;
}

/**
 * What became of each, in order; an error stands for a file of which nothing is left here. `check` may refuse one before
 * anything is done.
 */
export function applyTogether(
  store: FileStore,
  files: readonly NewFile[],
  check: (request: SyncFileRequest) => void,
  pusher: Pusher,
): Awaitable<(ApplyOutcome | FdfsError)[]> {
  const contents = files.map(({ content }) => new HereContent(content));
  const staging = files.map(({ request }, index) =>
    caught(() => {
      check(request);
      return stageFile(store, "c", request, contents[index]!, 0, pusher);
    }),
  );
  for (const content of contents) content.keep();
  return after(all(staging), (staged) => {
    const outcomes = publishTogether(store, staged.filter(isStaged)).values();
    return all(staged.map((one) => (isStaged(one) ? caught(() => outcomes.next().value!) : one)));
  });
}

function isStaged(one: StagedFile | ApplyOutcome | FdfsError): one is StagedFile {
  return typeof one === "object" && "received" in one;
}

/** The error as a value. */
function caught<T>(work: () => Awaitable<T>): Awaitable<T | FdfsError> {
  return rescue<T | FdfsError>(work, (error) => FdfsError.fromUnknown(error));
}

function requestBytes(body: Buffer, at: number): number {
  if (body.length < at + HEADER_BYTES) throw malformed("the last request is cut short");
  const isNewFile = frameCommand(body, at) === storageCommands.syncCreateFile.code && frameStatus(body, at) === 0;
  if (!isNewFile) throw malformed("only new files with their content come together");
  const bytes = frameBodyBytes(body, at);
  if (bytes < SyncFileRequest.minSize || body.length < at + HEADER_BYTES + bytes) {
    throw malformed(`a request of ${bytes} bytes does not fit`);
  }
  return bytes;
}

function readNewFile(body: Buffer): NewFile {
  const headBytes = SyncFileRequest.headSize(body);
  if (headBytes > body.length) throw malformed("a name is longer than its request");
  return { request: SyncFileRequest.decode(body.subarray(0, headBytes)), content: body.subarray(headBytes) };
}

function malformed(reason: string): FdfsError {
  return new FdfsError("BAD_REQUEST", { reason });
}

/** Content that is here. */
class HereContent implements ContentReader {
  readonly totalBytes: number;
  private content: Buffer | undefined;

  constructor(content: Buffer) {
    this.totalBytes = content.length;
    this.content = content;
  }

  get remainingBytes(): number {
    return this.content?.length ?? 0;
  }

  takeWhole(): Buffer {
    const { content } = this;
    this.content = undefined;
    return content ?? Buffer.alloc(0);
  }

  async consume(take: (piece: Buffer) => void | Promise<void>): Promise<void> {
    await take(this.takeWhole());
  }

  /** The turn ends: what was not taken yet needs memory of its own. */
  keep(): void {
    if (this.content !== undefined) this.content = Buffer.from(this.content);
  }
}
