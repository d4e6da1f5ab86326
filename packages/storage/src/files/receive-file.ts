// Takes the content of a request into a file of the incoming folder and computes its CRC32 on the way. If anything goes
// wrong (the client vanishes, the disk is full) the file is gone again before the error is reported.
import { crc32, FdfsError } from "@fastdfs-ts/protocol";
import type { ContentReader } from "@fastdfs-ts/rpc";
import type { Clock } from "@fastdfs-ts/runtime";

import type { CountedWrites } from "../pieces.ts";
import { after, type Awaitable, rescue } from "../store/awaitable.ts";
import type { StorePath } from "../store/store-path.ts";
import { discard } from "./discard.ts";

export interface ReceivedFile {
  /** Where it lies until it is published. */
  readonly path: string;
  readonly bytes: number;
  readonly crc32: number;
  /** All of it, if it is here in the turn in which it came: its memory is lent until then. */
  readonly content: Buffer | undefined;
  /** Unix milliseconds before its last write: by the file system it is not older, but for the lag of the kernel's clock. */
  readonly writtenSinceMs: number;
}

export interface ReceiveOptions {
  /** Of the incoming file's name. */
  readonly suffix?: string;
  /** Unix time that the file gets; now if not given. */
  readonly modifiedSeconds?: number;
}

/** Throws FdfsError CONNECTION_LOST, NO_SPACE, IO_FAILED … */
export function receiveFile(
  { clock }: { readonly clock: Clock },
  storePath: StorePath,
  content: ContentReader,
  writes: CountedWrites,
  { suffix, modifiedSeconds }: ReceiveOptions = {},
): Awaitable<ReceivedFile> {
  const path = storePath.incoming.nextPath(suffix);
  return rescue(
    () => {
      // Small content has usually arrived together with the request.
      const whole = content.takeWhole();
      return whole === undefined
        ? keepPieces(clock, storePath, path, content, writes, modifiedSeconds)
        : keepWhole(clock, storePath, path, whole, writes, modifiedSeconds);
    },
    (error) => {
      const failure = FdfsError.fromUnknown(error, { path });
      if (failure.kind !== "CONNECTION_LOST") writes.failed();
      return after(discard(storePath, path), () => {
        throw failure;
      });
    },
  );
}

function keepWhole(
  clock: Clock,
  storePath: StorePath,
  path: string,
  content: Buffer,
  writes: CountedWrites,
  modifiedSeconds: number | undefined,
): Awaitable<ReceivedFile> {
  // Now, not after the write: the memory is lent, and warm.
  const checksum = crc32(0, content);
  const bytes = content.length;
  const writtenSinceMs = clock.now();
  const writing = storePath.disk.writeNew(path, content, modifiedSeconds);
  const lent = writing instanceof Promise ? undefined : content;
  return after(writing, () => {
    writes.written(bytes);
    storePath.noteWritten(bytes);
    return { path, bytes, crc32: checksum, content: lent, writtenSinceMs };
  });
}

async function keepPieces(
  clock: Clock,
  storePath: StorePath,
  path: string,
  content: ContentReader,
  writes: CountedWrites,
  modifiedSeconds: number | undefined,
): Promise<ReceivedFile> {
  let writtenSinceMs = clock.now();
  const file = await storePath.disk.open(path, "create");
  try {
    let checksum = 0;
    let bytes = 0;
    const keep = (piece: Buffer): Awaitable<void> => {
      checksum = crc32(checksum, piece);
      const at = bytes;
      bytes += piece.length;
      writtenSinceMs = clock.now();
      return after(file.write(piece, 0, piece.length, at), () => writes.written(bytes));
    };
    await content.consume(keep);
    if (modifiedSeconds !== undefined) await file.setTimes(modifiedSeconds);
    storePath.noteWritten(bytes);
    return { path, bytes, crc32: checksum, content: undefined, writtenSinceMs };
  } finally {
    await file.close();
  }
}
