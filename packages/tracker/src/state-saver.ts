// When the state files are written: at once after a change of membership, within seconds after other changes, and at the
// end. Writes never overlap; what changes during one is in the next.
import { type Clock, Mutex, type Timer } from "@fastdfs-ts/runtime";

import { SAVE_DELAY_MS } from "./limits.ts";

export interface StateSaverOptions {
  readonly clock: Clock;
  /** Takes the picture and writes it. */
  readonly write: () => Promise<void>;
  /** A write failed; it is tried again after `SAVE_DELAY_MS`. */
  readonly onFailure: (error: unknown) => void;
}

export class StateSaver {
  private readonly options: StateSaverOptions;
  private readonly writing = new Mutex();
  private isDirty = false;
  private isHurried = false;
  private timer: Timer | undefined;

  constructor(options: StateSaverOptions) {
    this.options = options;
  }

  /** Notes a change; called in the middle of changes, so nothing is written before the caller has finished. */
  changed(what: "membership" | "statistics"): void {
    this.isDirty = true;
    if (what === "membership") this.hurry();
    else this.timer ??= this.options.clock.after(SAVE_DELAY_MS, () => this.hurry());
  }

  /** Resolves when every change up to now is on the disk. Throws what the disk threw; the change stays to be written. */
  async flush(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    await this.writing.run(() => this.writeIfDirty());
  }

  /** Writes what is left. No change may come later. */
  async stop(): Promise<void> {
    await this.flush();
    this.timer?.cancel();
  }

  private hurry(): void {
    if (this.isHurried) return;
    this.isHurried = true;
    void this.writeSoon();
  }

  private async writeSoon(): Promise<void> {
    // Lets the handler that made the change finish its other changes: they belong into the same picture.
    await Promise.resolve();
    this.isHurried = false;
    try {
      await this.flush();
    } catch (error) {
      this.options.onFailure(error);
    }
  }

  private async writeIfDirty(): Promise<void> {
    if (!this.isDirty) return;
    this.isDirty = false;
    try {
      await this.options.write();
    } catch (error) {
      this.changed("statistics");
      throw error;
    }
  }
}
