// Did the machine go down under the last process? While a storage runs, a small file says so, with the boot of the machine
// and a time that is renewed now and then; an orderly end removes it. A start that finds it from another boot knows that
// what was written shortly before that time may never have reached the disk (docs/decisions/0006-power-loss.md).
import type { Clock, Disk, Logger } from "@fastdfs-ts/runtime";

import { parseKeyValues, parseWhole, printKeyValues } from "../formats/key-values.ts";
import { StateFile } from "../formats/state-file.ts";

/** How often the time is renewed. */
export const ALIVE_MS = 30_000;

/**
 * ended   in order, or there was none
 * killed  the kernel went on and kept everything that was written
 * dark    the machine may have gone down: what was written after about `aliveSeconds` may be lost or torn
 */
export type LastLife = { readonly kind: "ended" | "killed" } | { readonly kind: "dark"; readonly aliveSeconds: number };

/** What the text of the file says of the last life. A damaged one is of a start that was cut short. */
export function lastLife(text: string | undefined, bootId: string | undefined): LastLife {
  if (text === undefined) return { kind: "ended" };
  const values = parseKeyValues(text);
  if (bootId !== undefined && values.get("boot_id") === bootId) return { kind: "killed" };
  const aliveSeconds = parseWhole(values.get("alive_seconds"));
  return aliveSeconds === undefined ? { kind: "killed" } : { kind: "dark", aliveSeconds };
}

export class RunningFile {
  readonly lastLife: LastLife;
  private readonly file: StateFile;
  private readonly disk: Disk;
  private readonly clock: Clock;
  private readonly bootId: string | undefined;

  private constructor(disk: Disk, clock: Clock, basePath: string, bootId: string | undefined) {
    this.disk = disk;
    this.clock = clock;
    this.bootId = bootId;
    this.file = new StateFile(disk, `${basePath}/data/.running`);
    this.lastLife = lastLife(this.file.read(), bootId);
  }

  /** Reads what the last process left; changes nothing. Throws FdfsError if that cannot be read. */
  static open(disk: Disk, clock: Clock, basePath: string, bootId: string | undefined): RunningFile {
    return new RunningFile(disk, clock, basePath, bootId);
  }

  /** From now on this process counts as running. Call it when what follows from the last life is written down. */
  begin(log: Logger): { end(): void } {
    this.file.replace(this.text());
    const timer = this.clock.every(ALIVE_MS, () => {
      // What cannot be renewed says less than it could, not something wrong.
      this.file.replaceInBackground(this.text()).catch((error: unknown) => log.warn("running-file.failed", { error }));
    });
    return {
      end: () => {
        timer.cancel();
        this.disk.unlink(this.file.path);
      },
    };
  }

  private text(): string {
    return printKeyValues([
      ["boot_id", this.bootId ?? "unknown"],
      ["alive_seconds", Math.floor(this.clock.now() / 1000)],
    ]);
  }
}
