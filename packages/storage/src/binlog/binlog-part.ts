// One file of the operation log as bytes that can be read from a place on, plain or compressed.
import { type Disk, type DiskFile, systemErrorCode } from "@fastdfs-ts/runtime";

import { binlogPartPath } from "./binlog-position.ts";
import { Gunzip } from "./gunzip.ts";

export interface BinlogPart {
  /** Reads up to `into.length` bytes at `offset`. Returns how many there were, 0 at the end. */
  read(into: Uint8Array, offset: number): number;
  /** How many bytes there are. */
  end(): number;
  close(): void;
}

/** Path of a part that is compressed. */
function compressedPartPath(folder: string, part: number): string {
  return `${binlogPartPath(folder, part)}.gz`;
}

/** A part of the log in `folder`, or undefined if there is none of this number. Throws the disk's error. */
export function openBinlogPart(disk: Disk, folder: string, part: number): BinlogPart | undefined {
  const file = openExisting(disk, binlogPartPath(folder, part));
  if (file !== undefined) return new PlainPart(file);
  const compressed = openExisting(disk, compressedPartPath(folder, part));
  return compressed === undefined ? undefined : new CompressedPart(compressed);
}

class PlainPart implements BinlogPart {
  private readonly file: DiskFile;

  constructor(file: DiskFile) {
    this.file = file;
  }

  read(into: Uint8Array, offset: number): number {
    return this.file.read(into, 0, into.length, offset);
  }

  end(): number {
    return this.file.stat().sizeBytes;
  }

  close(): void {
    this.file.close();
  }
}

/** Reading on is cheap, reading from further back begins at the beginning. */
class CompressedPart implements BinlogPart {
  private readonly file: DiskFile;
  private content: Gunzip;
  /** Content that was expanded last, and where it begins. */
  private held: Buffer = Buffer.alloc(0);
  private heldAt = 0;

  constructor(file: DiskFile) {
    this.file = file;
    this.content = this.fromStart();
  }

  read(into: Uint8Array, offset: number): number {
    if (offset < this.heldAt) {
      this.content = this.fromStart();
      this.held = Buffer.alloc(0);
      this.heldAt = 0;
    }
    // Only what is asked for is kept.
    while (this.heldAt + this.held.length < offset + into.length) {
      const piece = this.content.next();
      if (piece === undefined) break;
      const dropped = Math.min(this.held.length, Math.max(0, offset - this.heldAt));
      this.held = Buffer.concat([this.held.subarray(dropped), piece]);
      this.heldAt += dropped;
    }
    return this.held.copy(into, 0, Math.min(offset - this.heldAt, this.held.length));
  }

  end(): number {
    const counted = new CompressedPart(this.file);
    let bytes = 0;
    for (let piece = counted.content.next(); piece !== undefined; piece = counted.content.next()) bytes += piece.length;
    return bytes;
  }

  close(): void {
    this.file.close();
  }

  private fromStart(): Gunzip {
    let at = 0;
    return new Gunzip((into) => {
      const bytes = this.file.read(into, 0, into.length, at);
      at += bytes;
      return bytes;
    });
  }
}

function openExisting(disk: Disk, path: string): DiskFile | undefined {
  try {
    return disk.open(path, "read");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Whether there is a part of this number. */
export function hasBinlogPart(disk: Disk, folder: string, part: number): boolean {
  return (
    disk.stat(binlogPartPath(folder, part)) !== undefined || disk.stat(compressedPartPath(folder, part)) !== undefined
  );
}

/** The numbers of all parts in `folder`, in order; none without a folder. */
export function binlogPartNumbers(disk: Disk, folder: string): number[] {
  const numbers = new Set<number>();
  if (disk.stat(folder) === undefined) return [];
  for (const name of disk.readDirectory(folder)) {
    const digits = /^binlog\.(\d{3,})(?:\.gz)?$/.exec(name)?.[1];
    if (digits !== undefined) numbers.add(Number(digits));
  }
  return [...numbers].sort((a, b) => a - b);
}
