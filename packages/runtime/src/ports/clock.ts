// Time as an argument. Servers never read Node's clock or start its timers themselves: the real clock and the
// simulation's virtual clock both implement this port.

/** Something scheduled on a clock. Cancelling twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock in milliseconds since 1970. It may jump in either direction. */
  now(): number;
  /** Milliseconds since an arbitrary start, with a fraction. Never goes back: measure durations with it. */
  monotonic(): number;
  /** Calls `callback` once, `delayMs` milliseconds from now or a little later. Does not keep a process alive by itself. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls `callback` every `intervalMs` milliseconds until cancelled. Does not keep a process alive by itself. */
  every(intervalMs: number, callback: () => void): Timer;
}
