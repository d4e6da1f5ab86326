// What can be uploaded, and how its bytes are handed to the connection: without copies, and only as fast as the
// connection takes them. The protocol wants the size before the first byte.
import { FdfsError } from "@fastdfs-ts/protocol";
import type { Disk, DiskFile } from "@fastdfs-ts/runtime";

import { checkedChunks, type Chunks, counted, interruptible } from "./chunk-stream.ts";

/** Bytes, a Blob, or a stream of chunks: a Node Readable, a web ReadableStream, any (async) iterable. */
export type UploadSource = Uint8Array | Blob | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

export interface Progress {
  /** Bytes handed over so far. */
  readonly doneBytes: number;
  /** Undefined while the size is unknown. */
  readonly totalBytes: number | undefined;
}

export type OnProgress = (progress: Progress) => void;

export interface SizeOptions {
  /** Size of a stream, in bytes. The stream must hold exactly that many. */
  readonly size?: number | undefined;
  /** Read a stream of unknown size into memory first, up to this many bytes. */
  readonly buffer?: { readonly maxBytes: number } | undefined;
}

/** File content of a known size. */
export interface Content {
  readonly bytes: number;
  /** Whether `open` may be called again: true for memory and files, false for streams. */
  readonly isReplayable: boolean;
  open(): Chunks;
}

const SLICE_BYTES = 256 * 1024;

/**
 * The content of a source. A stream needs `size` or `buffer`. Throws TypeError if neither is given, FdfsError
 * BAD_REQUEST if the source is larger than `buffer.maxBytes`, or what the stream throws.
 */
export async function contentOf(source: UploadSource, options: SizeOptions, signal: AbortSignal): Promise<Content> {
  if (source instanceof Uint8Array) return checkSize(memoryContent([source]), options.size);
  if (source instanceof Blob) {
    return checkSize(
      { bytes: source.size, isReplayable: true, open: () => checkedChunks(source.stream()) },
      options.size,
    );
  }
  if (options.size !== undefined)
    return { bytes: options.size, isReplayable: false, open: () => checkedChunks(source) };
  if (options.buffer !== undefined) return memoryContent(await collect(source, options.buffer.maxBytes, signal));
  throw new TypeError(
    "the size of a stream must be known before its first byte is sent: give `size`, or `buffer: { maxBytes }` to read " +
      "it into memory first, or use uploadStream, which appends piece by piece",
  );
}

/** Content that lies in memory. */
export function memoryContent(pieces: readonly Uint8Array[]): Content {
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return { bytes, isReplayable: true, open: () => slices(pieces) };
}

/**
 * A local file, read as it is sent. Throws FdfsError with the path: NOT_FOUND, NOT_A_FILE, ACCESS_DENIED … Reading is
 * synchronous, in pieces of 256 KiB (docs/decisions: small file operations inline).
 */
export function fileContent(disk: Disk, path: string): Content {
  const stat = onDisk(path, () => disk.stat(path));
  if (stat === undefined) throw new FdfsError("NOT_FOUND", { path, reason: "there is no such file here" });
  if (stat.kind !== "file") throw new FdfsError("NOT_A_FILE", { path, reason: `this is a ${stat.kind}, not a file` });
  const bytes = stat.sizeBytes;
  return { bytes, isReplayable: true, open: () => fileSlices(disk, path, bytes) };
}

/** Content that reports how much of it was handed over. */
export function withProgress(content: Content, onProgress: OnProgress | undefined): Content {
  if (onProgress === undefined) return content;
  const totalBytes = content.bytes;
  const report = (doneBytes: number) => onProgress({ doneBytes, totalBytes });
  return { ...content, open: () => counted(content.open(), report) };
}

/**
 * Pieces of `pieceBytes` each (the last may be shorter), as lists of chunks: an endless source never takes more memory
 * than one piece and one chunk.
 */
export async function* inPieces(
  source: UploadSource,
  pieceBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array[], void> {
  let piece: Uint8Array[] = [];
  let room = pieceBytes;
  const chunks = source instanceof Uint8Array ? [source] : source instanceof Blob ? source.stream() : source;
  for await (let chunk of interruptible(checkedChunks(chunks), signal)) {
    while (chunk.length >= room) {
      piece.push(chunk.subarray(0, room));
      chunk = chunk.subarray(room);
      yield piece;
      piece = [];
      room = pieceBytes;
    }
    if (chunk.length > 0) piece.push(chunk);
    room -= chunk.length;
  }
  if (piece.length > 0) yield piece;
}

function checkSize(content: Content, size: number | undefined): Content {
  if (size === undefined || size === content.bytes) return content;
  throw new FdfsError("BAD_REQUEST", { reason: `the source has ${content.bytes} bytes, but size says ${size}` });
}

async function collect(source: Chunks, maxBytes: number, signal: AbortSignal): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of interruptible(checkedChunks(source), signal)) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new FdfsError("BAD_REQUEST", { reason: `the source has more than buffer.maxBytes = ${maxBytes} bytes` });
    }
    pieces.push(chunk);
  }
  return pieces;
}

function* slices(pieces: readonly Uint8Array[]): Generator<Uint8Array, void> {
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += SLICE_BYTES) yield piece.subarray(at, at + SLICE_BYTES);
  }
}

function* fileSlices(disk: Disk, path: string, bytes: number): Generator<Uint8Array, void> {
  const file = onDisk(path, () => disk.open(path, "read"));
  try {
    for (let at = 0; at < bytes;) {
      const want = Math.min(SLICE_BYTES, bytes - at);
      // A fresh buffer each time: the socket may still hold the one before.
      const buffer = Buffer.allocUnsafeSlow(want);
      const got = onDisk(path, () => readSome(file, buffer, at));
      if (got === 0) return; // the file was cut meanwhile; the connection tells the caller how much was missing
      at += got;
      yield buffer.subarray(0, got);
    }
  } finally {
    file.close();
  }
}

function readSome(file: DiskFile, into: Buffer, position: number): number {
  return file.read(into, 0, into.length, position);
}

/** Runs a call to the disk port; its system errors become FdfsErrors with the path. */
export function onDisk<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw FdfsError.fromUnknown(error, { path });
  }
}
