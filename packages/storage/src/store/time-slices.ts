// Long work on the event loop in slices, so that nobody else waits for long.
import { type Clock, sleep } from "@fastdfs-ts/runtime";

/** Longest time in milliseconds for which the work holds up everything else. */
const SLICE_MS = 10;

/** Gives way to the event loop when a slice of time is used up, or when told to. */
export class TimeSlices {
  private readonly clock: Clock;
  private readonly signal: AbortSignal | undefined;
  private sinceMs: number;

  /** Once `signal` aborts, giving way rejects with its reason. */
  constructor(clock: Clock, signal?: AbortSignal) {
    this.clock = clock;
    this.signal = signal;
    this.sinceMs = clock.monotonic();
  }

  /** Does not allocate a promise that waits unless it has to: it is called for each of very many steps. */
  letOthersRun(now = false): Promise<void> | undefined {
    if (!now && this.clock.monotonic() - this.sinceMs < SLICE_MS) return undefined;
    return sleep(this.clock, 0, this.signal).then(() => {
      this.sinceMs = this.clock.monotonic();
    });
  }
}
