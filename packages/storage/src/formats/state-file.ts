// State files are replaced, never edited: write beside, sync, rename, sync the directory. After a crash there is either
// the old file or the new one, never half of each (architecture.md §5).
import { dirname } from "node:path";

import { FdfsError } from "@fastdfs-ts/protocol";
import { type Disk, Mutex, systemErrorCode } from "@fastdfs-ts/runtime";

/** The error for a state file that is there but cannot be used. `remedy` says what to do. */
export function damagedFile(path: string, what: string, remedy: string): FdfsError {
  return new FdfsError("IO_FAILED", { path, reason: `${what}. ${remedy}` });
}

export class StateFile {
  readonly path: string;
  private readonly disk: Disk;
  private readonly mayComeBack: boolean;
  private readonly oneAtATime = new Mutex();
  /** Counts replacements, so that a slow one in the background never overwrites a newer one. */
  private replacements = 0;

  /**
   * `mayComeBack`: an older text may be there again after a power cut. Saves syncing the directory, which holds up the event
   * loop for a millisecond or more.
   */
  constructor(disk: Disk, path: string, { mayComeBack = false } = {}) {
    this.disk = disk;
    this.path = path;
    this.mayComeBack = mayComeBack;
  }

  /** The whole text, or undefined if there is no such file. Throws FdfsError if it cannot be read. */
  read(): string | undefined {
    try {
      return this.disk.readFile(this.path).toString("utf8");
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return undefined;
      throw FdfsError.fromUnknown(error, { path: this.path });
    }
  }

  /** Replaces the file; when this returns, the new text is on the disk. Throws FdfsError; the old file is then still there. */
  replace(text: string): void {
    this.replacements++;
    const beside = `${this.path}.tmp`;
    try {
      const file = this.disk.open(beside, "replace");
      try {
        writeText(file, text);
        file.sync();
      } finally {
        file.close();
      }
      this.install(beside);
    } catch (error) {
      throw this.failed(error, beside);
    }
  }

  /**
   * As `replace`, without blocking the event loop while the disk syncs. Calls are done one after the other. If `replace`
   * is called meanwhile, its text is the newer one and stays.
   */
  async replaceInBackground(text: string): Promise<void> {
    await this.oneAtATime.run(async () => {
      const mine = ++this.replacements;
      const beside = `${this.path}.tmp`;
      try {
        const file = this.disk.open(beside, "replace");
        try {
          writeText(file, text);
          await file.syncInBackground();
        } finally {
          file.close();
        }
        if (this.replacements === mine) this.install(beside);
      } catch (error) {
        // A newer replacement succeeded in between, so this one no longer matters.
        if (this.replacements === mine) throw this.failed(error, beside);
      }
    });
  }

  private install(beside: string): void {
    this.disk.rename(beside, this.path);
    if (!this.mayComeBack) this.disk.syncDirectory(dirname(this.path));
  }

  private failed(error: unknown, beside: string): FdfsError {
    try {
      this.disk.unlink(beside);
    } catch {
      // It was never created or is already renamed; the first failure is the one to report.
    }
    return FdfsError.fromUnknown(error, { path: this.path });
  }
}

function writeText(file: ReturnType<Disk["open"]>, text: string): void {
  const bytes = Buffer.from(text, "utf8");
  file.write(bytes, 0, bytes.length, 0);
}
