// One disk: where its files lie, how much room it has, how it is.
import { FdfsError } from "@fastdfs-ts/protocol";
import type { DiskSpace } from "@fastdfs-ts/runtime";

import type { DiskHealth } from "./disk-health.ts";
import type { IncomingFolder } from "./incoming.ts";
import type { StoreDisk } from "./store-disk.ts";

/** A disk that knows how it is. */
export interface WatchedDisk extends StoreDisk {
  readonly health: DiskHealth;
}

export class StorePath {
  /** The xx of Mxx in file names. */
  readonly index: number;
  readonly path: string;
  /** `<path>/data`: what a path in the store is relative to. */
  readonly dataPath: string;
  readonly isReadOnly: boolean;
  readonly disk: WatchedDisk;
  readonly incoming: IncomingFolder;
  private measured: DiskSpace;
  /** Bytes written since the space was measured. */
  private writtenBytes = 0;

  constructor(
    index: number,
    path: string,
    isReadOnly: boolean,
    disk: WatchedDisk,
    incoming: IncomingFolder,
    space: DiskSpace,
  ) {
    this.index = index;
    this.path = path;
    this.dataPath = `${path}/data`;
    this.isReadOnly = isReadOnly;
    this.disk = disk;
    this.incoming = incoming;
    this.measured = space;
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

  /** quick: use it. slow: better another one for new files. hung: requests for its files fail. */
  get health(): DiskHealth {
    return this.disk.health;
  }

  /**
   * Asks the file system. Throws FdfsError IO_FAILED if a quick disk is gone. A slow one answers later, a hung one perhaps
   * never: what was measured before counts until then.
   */
  measure(): void {
    const writtenBefore = this.writtenBytes;
    const take = (space: DiskSpace) => {
      this.measured = space;
      this.writtenBytes -= writtenBefore;
    };
    try {
      const space = this.disk.space(this.path);
      if (space instanceof Promise) void space.then(take, () => undefined);
      else take(space);
    } catch (error) {
      throw FdfsError.fromUnknown(error, { path: this.path });
    }
  }

  /** Whether anything was written since the last measurement. */
  get needsMeasuring(): boolean {
    return this.writtenBytes > 0;
  }
}
