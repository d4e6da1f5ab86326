// What goes wrong on a simulated disk, and when.
import { type DiskCalls, type DiskFile, type ErrnoCode, SystemError } from "@fastdfs-ts/runtime";

export type DiskOperation = keyof DiskCalls | keyof DiskFile;

export interface DiskFault {
  /** The error that is thrown, such as "EIO". */
  readonly code: ErrnoCode;
  /** The calls that fail; all if not given. */
  readonly operations?: readonly DiskOperation[];
  /** Only for paths that contain this text. */
  readonly path?: string;
  /** How often; for ever if not given. */
  readonly times?: number;
}

export class DiskFaults {
  readonly #faults = new Map<DiskFault, number>();
  #callsLeft = Infinity;
  #crash: (() => never) | undefined;
  #calls = 0;

  /** How many calls the disk has seen: the number of places at which `crashAtCall` can strike. */
  get calls(): number {
    return this.#calls;
  }

  /** Lets calls fail. Returns a function that ends it. */
  inject(fault: DiskFault): () => void {
    this.#faults.set(fault, fault.times ?? Infinity);
    return () => void this.#faults.delete(fault);
  }

  /** The call number `count` from now (1 is the next one) does not return: `crash` runs in its place. */
  crashAtCall(count: number, crash: () => never): void {
    this.#callsLeft = count;
    this.#crash = crash;
  }

  /** Whether the next call is the one at which the host crashes. */
  get isLastCall(): boolean {
    return this.#callsLeft === 1;
  }

  /** Called at the beginning of each call. Throws what was injected. */
  strike(operation: DiskOperation, path: string): void {
    this.#calls++;
    if (--this.#callsLeft === 0) this.#crash?.();
    for (const [fault, timesLeft] of this.#faults) {
      if (fault.operations && !fault.operations.includes(operation)) continue;
      if (fault.path !== undefined && !path.includes(fault.path)) continue;
      if (timesLeft === 1) this.#faults.delete(fault);
      else this.#faults.set(fault, timesLeft - 1);
      throw new SystemError(fault.code, operation, path);
    }
  }
}
