// A disk of this package's own tests: files in a map, no faults, no modes beyond what the tests use. The simulated
// disk with faults lives upstairs, in packages/simulation, which runtime must not import.
import { type Clock, type Disk, type DiskFile, type FileStat, SystemError } from "../src/index.ts";

export class MemoryDisk implements Disk {
  readonly files = new Map<string, { bytes: Buffer; modifiedMs: number }>();
  readonly directories = new Set<string>(["/"]);
  /** While set, every write fails with it. */
  writeError: SystemError | undefined;
  writes = 0;
  /** Files that are open now. */
  openFiles = 0;
  readonly #clock: Pick<Clock, "now">;

  constructor(clock: Pick<Clock, "now"> = { now: () => 0 }) {
    this.#clock = clock;
  }

  put(path: string, content: string | Buffer, modifiedMs = this.#clock.now()): this {
    this.files.set(path, { bytes: Buffer.from(content as string), modifiedMs });
    return this;
  }

  text(path: string): string {
    return this.readFile(path).toString("utf8");
  }

  stat(path: string): FileStat | undefined {
    const file = this.files.get(path);
    if (file !== undefined) {
      return {
        kind: "file",
        sizeBytes: file.bytes.length,
        modifiedMs: file.modifiedMs,
        changedMs: file.modifiedMs,
        inode: 1,
      };
    }
    if (!this.directories.has(path)) return undefined;
    return { kind: "directory", sizeBytes: 0, modifiedMs: 0, changedMs: 0, inode: 2 };
  }

  linkStat(path: string): FileStat | undefined {
    return this.stat(path);
  }

  readFile(path: string): Buffer {
    if (this.directories.has(path)) throw new SystemError("EISDIR", "read", path);
    const file = this.files.get(path);
    if (file === undefined) throw new SystemError("ENOENT", "open", path);
    return file.bytes;
  }

  open(path: string, mode: string): DiskFile {
    if (mode === "read" && !this.files.has(path)) throw new SystemError("ENOENT", "open", path);
    if (!["append", "read", "replace"].includes(mode)) throw new SystemError("EINVAL", "open", path);
    if (mode === "replace" || !this.files.has(path)) this.put(path, "");
    const file = this.files.get(path)!;
    this.openFiles++;
    const refuse = (): never => {
      throw new SystemError("EOPNOTSUPP", "memory-disk", path);
    };
    return {
      write: (from, offset, length) => {
        if (this.writeError !== undefined) throw this.writeError;
        this.writes++;
        file.bytes = Buffer.concat([file.bytes, from.subarray(offset, offset + length)]);
        file.modifiedMs = this.#clock.now();
      },
      stat: () => ({
        kind: "file",
        sizeBytes: file.bytes.length,
        modifiedMs: file.modifiedMs,
        changedMs: file.modifiedMs,
        inode: 1,
      }),
      close: () => {
        this.openFiles--;
      },
      read: (into, offset, length, position) => file.bytes.copy(into, offset, position, position + length),
      truncate: refuse,
      sync: refuse,
      syncInBackground: () => Promise.resolve(),
      setTimes: (seconds) => void (file.modifiedMs = seconds * 1000),
    };
  }

  rename(from: string, to: string): void {
    const file = this.files.get(from);
    if (file === undefined) throw new SystemError("ENOENT", "rename", from);
    this.files.delete(from);
    this.files.set(to, file);
  }

  unlink(path: string): void {
    if (!this.files.delete(path)) throw new SystemError("ENOENT", "unlink", path);
  }

  makeDirectory(path: string): void {
    this.directories.add(path);
  }

  readDirectory(path: string): string[] {
    const inside = [...this.files.keys()].filter((name) => name.slice(0, name.lastIndexOf("/")) === path);
    return inside.map((name) => name.slice(path.length + 1)).sort();
  }

  symlink(_target: string, path: string): never {
    throw new SystemError("EOPNOTSUPP", "symlink", path);
  }

  readLink(path: string): never {
    throw new SystemError("EOPNOTSUPP", "readlink", path);
  }

  removeDirectory(path: string): void {
    this.directories.delete(path);
  }

  syncDirectory(): void {}

  space(path: string): never {
    throw new SystemError("EOPNOTSUPP", "statfs", path);
  }

  background(name: string): never {
    throw new SystemError("EOPNOTSUPP", "background", name);
  }
}
