// One disk: where its files lie, how much room it has.
import { FdfsError } from "@fastdfs-ts/protocol";
import type { Disk, DiskSpace } from "@fastdfs-ts/runtime";

import type { IncomingFolder } from "./incoming.ts";
import type { StoreDisk } from "./store-disk.ts";

export class StorePath {
  /** The xx of Mxx in file names. */
  readonly index: number;
  readonly path: string;
  /** `<path>/data`: what a path in the store is relative to. */
  readonly dataPath: string;
  readonly isReadOnly: boolean;
  readonly disk: StoreDisk;
  readonly incoming: IncomingFolder;
  private readonly rawDisk: Disk;
  private measured: DiskSpace;
  /** Bytes written since the space was measured. */
  private writtenBytes = 0;

  constructor(
    index: number,
    path: string,
    isReadOnly: boolean,
    rawDisk: Disk,
    disk: StoreDisk,
    incoming: IncomingFolder,
  ) {
    this.index = index;
    this.path = path;
    this.dataPath = `${path}/data`;
    this.isReadOnly = isReadOnly;
    this.rawDisk = rawDisk;
    this.disk = disk;
    this.incoming = incoming;
    this.measured = rawDisk.space(path);
  }

  /** The file of a path in the store such as "00/0C/CmIA…txt". */
  fileAt(pathInStore: string): string {
    return `${this.dataPath}/${pathInStore}`;
  }

  get totalBytes(): number {
    return this.measured.totalBytes;
  }

  /** Free bytes as measured last, less what was written since. */
  get freeBytes(): number {
    return this.measured.availableBytes - this.writtenBytes;
  }

  /** Counts bytes against the free space until it is measured again. */
  noteWritten(bytes: number): void {
    this.writtenBytes += bytes;
  }

  /** Asks the file system. Throws FdfsError IO_FAILED if the disk is gone. */
  measure(): void {
    try {
      this.measured = this.rawDisk.space(this.path);
      this.writtenBytes = 0;
    } catch (error) {
      throw FdfsError.fromUnknown(error, { path: this.path });
    }
  }

  /** Whether anything was written since the last measurement. */
  get needsMeasuring(): boolean {
    return this.writtenBytes > 0;
  }
}
