// An open file of the real disk. Its descriptor belongs to the whole process, so a worker may use it too; it is then lent,
// and is closed only when it has been given back: its number must not become another file's in the middle of a call.
import fs from "node:fs";
import type { DiskFile } from "../ports/disk.ts";
import { SystemError } from "../ports/system-error.ts";
import { fileStat } from "./file-stat.ts";

const closed = -1;

export class NodeDiskFile implements DiskFile {
  #fd: number;
  readonly #appends: boolean;
  #lentTimes = 0;
  #fdToCloseLater = closed;

  constructor(fd: number, appends: boolean) {
    this.#fd = fd;
    this.#appends = appends;
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    return fs.readSync(this.#openFd("read"), into, offset, length, position);
  }

  write(from: Uint8Array, offset: number, length: number, position: number): void {
    const fd = this.#openFd("write");
    let written = 0;
    while (written < length) {
      written += fs.writeSync(fd, from, offset + written, length - written, this.writePosition(position + written));
    }
  }

  truncate(sizeBytes: number): void {
    fs.ftruncateSync(this.#openFd("ftruncate"), sizeBytes);
  }

  sync(): void {
    fs.fdatasyncSync(this.#openFd("fdatasync"));
  }

  syncInBackground(): Promise<void> {
    return new Promise((resolve, reject) => {
      const fd = this.lend("fdatasync");
      fs.fdatasync(fd, (error) => {
        this.giveBack();
        if (error) reject(error);
        else resolve();
      });
    });
  }

  stat() {
    return fileStat(fs.fstatSync(this.#openFd("fstat")));
  }

  setTimes(seconds: number): void {
    fs.futimesSync(this.#openFd("futimes"), seconds, seconds);
  }

  close(): void {
    const fd = this.surrender();
    if (fd !== undefined) fs.closeSync(fd);
  }

  /** Where a write goes. A position on a file in append mode is ignored by Linux but not by macOS. */
  writePosition(position: number): number | null {
    return this.#appends ? null : position;
  }

  /** The descriptor for a call on another thread. Give it back when the call has ended. Throws EBADF after `close`. */
  lend(syscall: string): number {
    const fd = this.#openFd(syscall);
    this.#lentTimes++;
    return fd;
  }

  giveBack(): void {
    this.#lentTimes--;
    // The call that ended has reported its error if there was one: closing has nothing to add, and nobody waits for it.
    if (this.#lentTimes === 0 && this.#fdToCloseLater !== closed) fs.close(this.#fdToCloseLater, () => {});
  }

  /** Ends the use of the file. The caller closes the descriptor, unless it is still lent: then the last user does. */
  surrender(): number | undefined {
    const fd = this.#openFd("close");
    this.#fd = closed;
    if (this.#lentTimes === 0) return fd;
    this.#fdToCloseLater = fd;
    return undefined;
  }

  #openFd(syscall: string): number {
    if (this.#fd === closed) throw new SystemError("EBADF", syscall);
    return this.#fd;
  }
}
