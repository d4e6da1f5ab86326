// What lies on a simulated host's disk: inodes, names, space, and what of it survives a power cut. It outlives the
// processes of its host; sim-disk.ts is the port through which one process uses it.
import { type ErrnoCode, SystemError } from "@fastdfs-ts/runtime";
import type { Prng } from "./prng.ts";
import { type PageBudget, pageBytes, SimFileContent, writeBackMs } from "./sim-file-content.ts";

export interface DiskSize {
  readonly capacityBytes: number;
  readonly inodes: number;
}

interface InodeHead {
  readonly id: number;
  modifiedMs: number;
  changedMs: number;
}
export interface FileInode extends InodeHead {
  readonly kind: "file";
  readonly content: SimFileContent;
  opens: number;
  hasName: boolean;
}
export interface DirectoryInode extends InodeHead {
  readonly kind: "directory";
  entries: Map<string, Inode>;
  /** The names that are known to be on the disk. */
  readonly durable: Map<string, Inode>;
}
export interface SymlinkInode extends InodeHead {
  readonly kind: "symlink";
  readonly target: string;
}
export type Inode = FileInode | DirectoryInode | SymlinkInode;

/** One change of one name; `undefined` removes it. */
interface Edit {
  readonly directory: DirectoryInode;
  readonly name: string;
  readonly inode: Inode | undefined;
}

/** What belongs together: it survives a power cut as a whole or not at all. */
interface Change {
  /** Virtual time. */
  readonly atMs: number;
  readonly edits: readonly Edit[];
}

/** Where a path leads. `name` is empty if it is a directory that was reached without a name (`/`, `a/..`). */
export interface Place {
  readonly directory: DirectoryInode;
  readonly name: string;
  readonly inode: Inode | undefined;
  /** The directories on the way, from the root on. */
  readonly way: readonly DirectoryInode[];
}

/** Changes of names kept before those that are old are brought to the disk. */
const journalChangesMax = 10_000;
const nameBytesMax = 255;
const symlinksFollowedMax = 40;

export class SimDiskImage {
  readonly #root: DirectoryInode;
  readonly #size: DiskSize;
  readonly #nowMs: () => number;
  /** Changes of names that are not on the disk, oldest first. */
  #journal: Change[] = [];
  /** Bytes that somebody else has used up. */
  #takenBytes = 0;
  readonly #openFiles = new Set<FileInode>();
  #lastInode = 0;
  #inodeCount = 0;
  #pageCount = 0;
  readonly #budget: PageBudget = {
    take: () => {
      if (this.#availableBytes < pageBytes) throw new SystemError("ENOSPC", "write");
      this.#pageCount++;
    },
    give: () => {
      this.#pageCount--;
    },
  };

  /** `nowMs`: virtual time. */
  constructor(size: DiskSize, nowMs: () => number) {
    this.#size = size;
    this.#nowMs = nowMs;
    this.#root = this.newDirectory(0);
  }

  /** For those who look at the disk from outside: nothing is traced, delayed or refused. */
  get root(): DirectoryInode {
    return this.#root;
  }

  get #availableBytes(): number {
    return Math.max(0, this.#size.capacityBytes - this.#takenBytes - this.#pageCount * pageBytes);
  }

  /** Somebody else fills the disk up to the last `leftBytes`. The function that is returned gives the space back. */
  fillUp(leftBytes: number): () => void {
    const takenBytes = Math.max(0, this.#availableBytes - leftBytes);
    this.#takenBytes += takenBytes;
    return () => {
      this.#takenBytes -= takenBytes;
    };
  }

  get space() {
    const { capacityBytes, inodes } = this.#size;
    return {
      totalBytes: capacityBytes,
      availableBytes: this.#availableBytes,
      totalInodes: inodes,
      freeInodes: inodes - this.#inodeCount,
    };
  }

  newFile(modifiedMs: number): FileInode {
    const content = new SimFileContent(this.#budget, this.#nowMs);
    return { kind: "file", content, opens: 0, hasName: true, ...this.#newHead(modifiedMs) };
  }

  newDirectory(modifiedMs: number): DirectoryInode {
    return { kind: "directory", entries: new Map(), durable: new Map(), ...this.#newHead(modifiedMs) };
  }

  newSymlink(target: string, modifiedMs: number): SymlinkInode {
    return { kind: "symlink", target, ...this.#newHead(modifiedMs) };
  }

  #newHead(modifiedMs: number): InodeHead {
    if (this.#inodeCount >= this.#size.inodes) throw new SystemError("ENOSPC", "open");
    this.#inodeCount++;
    return { id: ++this.#lastInode, modifiedMs, changedMs: modifiedMs };
  }

  /** Follows a path as the kernel does. Throws ENOENT and ENOTDIR for what is missing on the way, ELOOP, ENAMETOOLONG. */
  walk(path: string, syscall: string, followLast: boolean): Place {
    const fail = (code: ErrnoCode) => new SystemError(code, syscall, path);
    let way = [this.#root];
    const todo = parts(path);
    let followed = 0;
    for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
      const directory = way.at(-1)!;
      if (name === "..") {
        if (way.length > 1) way.pop();
        continue;
      }
      if (Buffer.byteLength(name) > nameBytesMax) throw fail("ENAMETOOLONG");
      const inode = directory.entries.get(name);
      const isLast = todo.length === 0;
      if (inode?.kind === "symlink" && (followLast || !isLast)) {
        if (++followed > symlinksFollowedMax) throw fail("ELOOP");
        if (inode.target.startsWith("/")) way = [this.#root];
        todo.push(...parts(inode.target));
        continue;
      }
      if (isLast) return { directory, name, inode, way };
      if (!inode) throw fail("ENOENT");
      if (inode.kind !== "directory") throw fail("ENOTDIR");
      way.push(inode);
    }
    const directory = way.at(-1)!;
    return { directory, name: "", inode: directory, way };
  }

  /** Changes names, all or nothing as far as a crash is concerned. `wallMs`: Unix milliseconds. */
  edit(wallMs: number, ...edits: readonly Edit[]): void {
    for (const { directory, name, inode } of edits) {
      directory.modifiedMs = directory.changedMs = wallMs;
      if (inode !== undefined) inode.changedMs = wallMs;
      const old = directory.entries.get(name);
      if (inode) directory.entries.set(name, inode);
      else directory.entries.delete(name);
      const isMoved = edits.some((edit) => edit.inode === old && edit.inode !== undefined);
      if (old && old !== inode && !isMoved) this.#forget(old);
    }
    this.#journal.push({ atMs: this.#nowMs(), edits });
    if (this.#journal.length >= journalChangesMax) this.#writeBack();
  }

  /** The kernel has brought to the disk what is old. */
  #writeBack(): void {
    const durableMs = this.#nowMs() - writeBackMs;
    const young = this.#journal.findIndex(({ atMs }) => atMs >= durableMs);
    const old = this.#journal.splice(0, young < 0 ? this.#journal.length : young);
    for (const { edits } of old) makeDurable(edits);
  }

  /** The last name of an inode is gone, or the last process that had the nameless file open. */
  #forget(inode: Inode): void {
    if (inode.kind === "file") {
      inode.hasName = false;
      if (inode.opens > 0) return;
      this.#pageCount -= inode.content.pageCount;
    }
    this.#inodeCount--;
  }

  opened(file: FileInode): void {
    file.opens++;
    this.#openFiles.add(file);
  }

  closed(file: FileInode): void {
    file.opens--;
    if (file.opens > 0) return;
    this.#openFiles.delete(file);
    if (!file.hasName) this.#forget(file);
  }

  /** The process that had files open is gone. What it wrote is all there. */
  loseProcess(): void {
    for (const file of this.#openFiles) {
      file.opens = 0;
      if (!file.hasName) this.#forget(file);
    }
    this.#openFiles.clear();
  }

  /** Brings the names of a directory to the disk, and what belongs together with them: both sides of a rename. */
  syncDirectory(directory: DirectoryInode): void {
    this.#writeBack();
    const involved = new Set([directory]);
    const left: Change[] = [];
    const reached: Change[] = [];
    for (const change of this.#journal.toReversed()) {
      const { edits } = change;
      if (edits.some((edit) => involved.has(edit.directory))) {
        for (const edit of edits) involved.add(edit.directory);
        reached.push(change);
      } else {
        left.push(change);
      }
    }
    for (const { edits } of reached.reverse()) makeDurable(edits);
    this.#journal = left.reverse();
  }

  /**
   * The power fails. What is older than the kernel's write-back interval is there. Of the younger names that were not
   * synced, those changed first may survive up to some point (as with a journaling file system), none at all in half of
   * the cases; of contents see SimFileContent.
   */
  losePower(random: Prng): void {
    this.#writeBack();
    const survivors = random.chance(0.5) ? 0 : random.below(this.#journal.length + 1);
    for (const { edits } of this.#journal.slice(0, survivors)) makeDurable(edits);
    this.#journal = [];
    this.#openFiles.clear();
    this.#inodeCount = 0;
    this.#pageCount = 0;
    this.#restore(this.#root, random);
  }

  #restore(inode: Inode, random: Prng): void {
    this.#inodeCount++;
    if (inode.kind === "file") {
      inode.opens = 0;
      inode.hasName = true;
      inode.content.writeBack(this.#nowMs() - writeBackMs);
      inode.content.losePower(random);
      this.#pageCount += inode.content.pageCount;
    }
    if (inode.kind !== "directory") return;
    inode.entries = new Map(inode.durable);
    for (const child of inode.entries.values()) this.#restore(child, random);
  }
}

/** The names in a path, the last one first, so that they can be popped. */
function parts(path: string): string[] {
  return path
    .split("/")
    .filter((name) => name !== "" && name !== ".")
    .reverse();
}

function makeDurable(edits: readonly Edit[]): void {
  for (const { directory, name, inode } of edits) {
    if (inode) directory.durable.set(name, inode);
    else directory.durable.delete(name);
  }
}
