// Background work in small steps. Where the C servers have a thread with a loop, we have a worker; only the pool loops.

/** "busy": there is more to do now. `idleMs`: nothing to do; look again after so many milliseconds. */
export type StepOutcome = "busy" | { readonly idleMs: number };

export interface Worker {
  /** Shown to the operator, such as "replicate to 10.0.0.2". Unique in its pool. */
  readonly name: string;
  /**
   * One bounded piece of work, at most some ten milliseconds of CPU. May throw: the pool tries again later. When `signal`
   * aborts, it should end soon; what it throws then is ignored.
   */
  step(signal: AbortSignal): Promise<StepOutcome>;
}

/** What a worker is doing. Times are those of Clock.monotonic(). */
export type WorkerActivity =
  | { readonly kind: "stepping" }
  | { readonly kind: "idle"; readonly untilMs: number }
  | { readonly kind: "backing-off"; readonly untilMs: number }
  | { readonly kind: "stopped" };

export interface WorkerStatus {
  readonly name: string;
  readonly activity: WorkerActivity;
  readonly stepsDone: number;
  /** Failures since the last step that succeeded. */
  readonly failuresInARow: number;
  /** What the last failure was, kept after it is over. */
  readonly lastError: unknown;
}
