// Files on their way in lie in a folder of their own beside the hash directories, so that nothing half-written ever has
// a name that a client could ask for, and a start can sweep what a killed process left behind. C servers ignore the
// folder; they would have left such a file under a valid-looking name for ever (cluster-behaviour.md §11.1, W29).
import type { Disk } from "@fastdfs-ts/runtime";

const FOLDER = ".incoming";

export class IncomingFolder {
  readonly path: string;
  private next = 0;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Creates the folder and removes what an earlier process left in it. `keep` names files with another purpose
   * (change intents). Returns how many were removed.
   */
  static open(
    disk: Disk,
    dataPath: string,
    keep: (name: string) => boolean,
  ): { folder: IncomingFolder; removed: number } {
    const folder = new IncomingFolder(`${dataPath}/${FOLDER}`);
    disk.makeDirectory(folder.path);
    let removed = 0;
    for (const name of disk.readDirectory(folder.path)) {
      if (keep(name)) continue;
      disk.unlink(`${folder.path}/${name}`);
      removed++;
    }
    return { folder, removed };
  }

  /** A path that no other incoming file of this process has. */
  nextPath(suffix = "tmp"): string {
    return `${this.path}/${this.next++}.${suffix}`;
  }
}
